//! From statements to instructions: names are looked up, types checked against the classes of registers.

mod arithmetic;
mod compare;
mod control;
mod convert;
mod memory;
mod operands;

pub(crate) use operands::Names;

use self::operands::Operands;

use super::error::{Mistake, ParseError};
use super::instruction::{Guard, Instruction, Operation};
use super::text::Statement;
use super::types::Type;

type Result<T> = std::result::Result<T, Mistake>;

/// The instruction that a statement is.
pub(crate) fn instruction(
    statement: &Statement<'_>,
    names: &Names<'_>,
) -> std::result::Result<Instruction, ParseError> {
    let line = statement.line;
    let decoded = || {
        let guard = match statement.guard {
            Some(guard) => {
                Some(Guard { slot: names.register(guard.register, Type::Predicate)?, negated: guard.negated })
            }
            None => None,
        };
        let mut operands = Operands::new(statement, names);
        let operation = operation(statement.name, &mut operands)?;
        operands.end()?;
        Ok(Instruction { line, guard, operation })
    };
    decoded().map_err(|mistake| ParseError { line, mistake })
}

fn operation(name: &str, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let mut words = Words::new(name);
    let words = &mut words;
    let operation = match words.first() {
        "add" | "sub" | "mul" | "mad" | "fma" | "div" | "rem" | "min" | "max" | "neg" | "abs" | "copysign" | "sqrt"
        | "rsqrt" | "rcp" | "ex2" | "lg2" | "sin" | "cos" | "tanh" => arithmetic::numbers(words, operands),
        "and" | "or" | "xor" | "not" | "shl" | "shr" | "popc" | "clz" => arithmetic::bits(words, operands),
        "setp" => compare::setp(words, operands),
        "selp" => compare::selp(words, operands),
        "mov" => convert::mov(words, operands),
        "cvt" => convert::cvt(words, operands),
        "cvta" => convert::cvta(words, operands),
        "ld" => memory::load(words, operands),
        "st" => memory::store(words, operands),
        "atom" => memory::atom(words, operands),
        "red" => memory::red(words, operands),
        "cp" => memory::copy(words, operands),
        "shfl" => control::shuffle(words, operands),
        "vote" => control::vote(words, operands),
        "activemask" => control::active(words, operands),
        "redux" => control::reduce(words, operands),
        "bar" | "barrier" => control::barrier(words, operands),
        "membar" | "fence" => control::fence(words),
        "bra" => control::branch(words, operands),
        "ret" | "exit" => Ok(Operation::Exit),
        "trap" => Ok(Operation::Trap),
        _ => Err(words.unknown()),
    }?;
    words.end()?;
    Ok(operation)
}

/// The words of an instruction's name, between dots.
struct Words<'a> {
    name: &'a str,
    rest: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, rest: name.split_once('.').map(|(_, rest)| rest) }
    }

    /// The word before the first dot.
    fn first(&self) -> &'a str {
        self.name.split('.').next().unwrap_or_default()
    }

    fn unknown(&self) -> Mistake {
        Mistake::UnknownInstruction { name: self.name.to_owned() }
    }

    fn peek(&self) -> &'a str {
        self.rest.map_or("", |rest| rest.split('.').next().unwrap_or_default())
    }

    fn next(&mut self) -> &'a str {
        let (word, rest) = match self.rest {
            Some(rest) => rest.split_once('.').map_or((rest, None), |(word, rest)| (word, Some(rest))),
            None => ("", None),
        };
        self.rest = rest;
        word
    }

    /// Whether the next word is this one, which is then taken.
    fn takes(&mut self, word: &str) -> bool {
        let found = self.rest.is_some() && self.peek() == word;
        if found {
            self.next();
        }
        found
    }

    /// Takes one of these words if it is the next.
    fn any_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        words.iter().find(|(word, _)| self.takes(word)).map(|(_, meaning)| *meaning)
    }

    fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Result<T> {
        self.any_of(words).ok_or_else(|| self.unknown())
    }

    fn ty(&mut self) -> Result<Type> {
        let ty = Type::named(self.peek()).ok_or_else(|| self.unknown())?;
        self.next();
        Ok(ty)
    }

    /// A type that is one of these.
    fn ty_of(&mut self, types: &[Type]) -> Result<Type> {
        let ty = self.ty()?;
        if types.contains(&ty) { Ok(ty) } else { Err(self.unknown()) }
    }

    fn end(&self) -> Result<()> {
        if self.rest.is_none() { Ok(()) } else { Err(self.unknown()) }
    }
}
