//! A text that has been parsed and checked.

use super::decode::{self, Names};
use super::error::{Mistake, ParseError};
use super::graph;
use super::instruction::{Instruction, Operation};
use super::text::{self, Function};
use super::types::Type;

/// The entry points of a text.
///
/// ```
/// # use sptx_ptx_machine::{Mistake, Module};
/// let text = ".version 7.0 .target sm_80 .address_size 64 .entry nothing() { bfind.u32 %r0, %r1; }";
/// let error = Module::parse(text).unwrap_err();
/// assert_eq!(error.to_string(), "line 1: the machine does not know the instruction `bfind.u32`");
/// ```
#[derive(Clone, Debug)]
pub struct Module {
    entries: Vec<Entry>,
}

/// An entry point.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) name: String,
    /// Of each line that has an instruction, its number and its text.
    pub(crate) lines: Vec<(u32, String)>,
    pub(crate) code: Vec<Instruction>,
    pub(crate) registers: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) shared: Vec<Array>,
    pub(crate) required: Option<u32>,
    pub(crate) most: u32,
}

/// A parameter: a u64 is the address of a buffer, others are words.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) is_buffer: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Array {
    pub(crate) name: String,
    pub(crate) base: u32,
    pub(crate) bytes: u32,
}

impl Module {
    /// Parses a text and checks all that can be checked without running it: that every instruction is known, every name
    /// declared, and every register of a class that fits the instruction's type.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let lines: Vec<_> = text.lines().collect();
        let mut entries: Vec<Entry> = Vec::new();
        for function in text::functions(text)? {
            if entries.iter().any(|entry| entry.name == function.name) {
                let mistake = Mistake::Duplicate { name: function.name.to_owned() };
                return Err(ParseError { line: function.line, mistake });
            }
            entries.push(Entry::new(&function, &lines)?);
        }
        Ok(Self { entries })
    }

    /// The entry points, in the order of the text.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry point of that name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl Entry {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its buffers, its parameters of type `.u64`, in order.
    pub fn buffers(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(|parameter| parameter.is_buffer).map(|parameter| parameter.name.as_str())
    }

    /// The names of its parameters of one word, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(|parameter| !parameter.is_buffer).map(|parameter| parameter.name.as_str())
    }

    /// How many threads a workgroup must have, if it says.
    #[must_use]
    pub fn threads(&self) -> Option<u32> {
        self.required
    }

    /// Bytes of shared memory.
    #[must_use]
    pub fn shared_bytes(&self) -> u32 {
        self.shared.iter().map(|array| array.bytes).sum()
    }

    fn new(function: &Function<'_>, lines: &[&str]) -> Result<Self, ParseError> {
        let mut names = Names::default();
        let shared = declare(function, &mut names)?;
        let mut code = Vec::new();
        for statement in &function.statements {
            code.push(decode::instruction(statement, &names)?);
        }
        let ends = code.last().is_some_and(|last| {
            last.guard.is_none() && matches!(last.operation, Operation::Exit | Operation::Trap | Operation::Branch(_))
        });
        let dangling = function.labels.iter().any(|(_, _, index)| *index == code.len());
        if !ends || dangling {
            let line = code.last().map_or(function.line, |last| last.line);
            return Err(ParseError { line, mistake: Mistake::NoEnd { name: function.name.to_owned() } });
        }
        graph::join(&mut code);
        let parameters = function
            .parameters
            .iter()
            .map(|parameter| Parameter { name: parameter.name.to_owned(), is_buffer: parameter.ty.bits() == 64 });
        let mut texts: Vec<(u32, String)> = Vec::new();
        for line in code.iter().map(|instruction| instruction.line) {
            if texts.last().is_none_or(|(last, _)| *last < line) {
                texts.push((line, lines[line as usize - 1].trim().to_owned()));
            }
        }
        Ok(Self {
            name: function.name.to_owned(),
            lines: texts,
            code,
            registers: names.spelled(),
            parameters: parameters.collect(),
            shared,
            required: function.threads.required,
            most: function.threads.most.unwrap_or(MOST_THREADS).min(MOST_THREADS),
        })
    }

    /// What stands on a line.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.lines.iter().find(|(number, _)| *number == line).map_or("", |(_, text)| text)
    }
}

/// Threads of a workgroup, at most.
const MOST_THREADS: u32 = 1024;

/// Shared arrays lie this far apart, each in the middle of its stretch.
pub(crate) const STRETCH: u32 = 1 << 24;

/// Gives everything its number or its address.
fn declare<'a>(function: &Function<'a>, names: &mut Names<'a>) -> Result<Vec<Array>, ParseError> {
    let duplicate = |line, name: &str| ParseError { line, mistake: Mistake::Duplicate { name: name.to_owned() } };
    for (index, parameter) in function.parameters.iter().enumerate() {
        if !matches!(parameter.ty, Type::U64 | Type::B64 | Type::U32 | Type::S32 | Type::B32 | Type::F32) {
            let mistake = Mistake::Unexpected {
                found: format!("a parameter of {}", parameter.ty),
                expected: "a buffer's address or a word",
            };
            return Err(ParseError { line: parameter.line, mistake });
        }
        if names.parameters.insert(parameter.name, (index, parameter.ty)).is_some() {
            return Err(duplicate(parameter.line, parameter.name));
        }
    }
    for registers in &function.registers {
        names.declare(registers).map_err(|mistake| ParseError { line: registers.line, mistake })?;
    }
    for (label, line, index) in &function.labels {
        if names.labels.insert(label, *index).is_some() {
            return Err(duplicate(*line, label));
        }
    }
    let mut arrays = Vec::new();
    for (number, array) in (1..).zip(&function.shared) {
        let too_much = number >= u32::MAX / STRETCH || array.bytes > u64::from(STRETCH / 4);
        if too_much || !array.align.is_power_of_two() || array.align > 1024 {
            let mistake = Mistake::TooMuch { what: "shared arrays, their size or their alignment" };
            return Err(ParseError { line: array.line, mistake });
        }
        // No further aligned than it is declared, so that an access that needs more is found.
        let base = number * STRETCH + STRETCH / 2 + array.align;
        if names.shared.insert(array.name, base).is_some() {
            return Err(duplicate(array.line, array.name));
        }
        arrays.push(Array { name: array.name.to_owned(), base, bytes: array.bytes as u32 });
    }
    Ok(arrays)
}
