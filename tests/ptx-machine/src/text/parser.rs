//! From tokens to entry points.

use super::lexer::{Token, tokens};
use super::{Argument, Array, Function, Guard, Parameter, Registers, Statement, Threads, whole};

use crate::error::{Mistake, ParseError};
use crate::types::Type;

/// The entry points of a text.
pub(crate) fn functions(text: &str) -> Result<Vec<Function<'_>>, ParseError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, position: 0 };
    parser.header()?;
    let mut functions = Vec::new();
    while parser.peek().is_some() {
        functions.push(parser.function()?);
    }
    Ok(functions)
}

struct Parser<'t, 'a> {
    tokens: &'t [(Token<'a>, u32)],
    position: usize,
}

impl<'a> Parser<'_, 'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.position).map(|(token, _)| *token)
    }

    /// The line of the next token, or of the last.
    fn line(&self) -> u32 {
        self.tokens.get(self.position).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn error<T>(&self, mistake: Mistake) -> Result<T, ParseError> {
        Err(ParseError { line: self.line(), mistake })
    }

    fn unexpected<T>(&self, expected: &'static str) -> Result<T, ParseError> {
        let found = match self.peek() {
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Quoted(text)) => format!("\"{text}\""),
            Some(Token::Mark(mark)) => format!("`{mark}`"),
            None => "the end".to_owned(),
        };
        self.error(Mistake::Unexpected { found, expected })
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.position += 1;
                Ok(word)
            }
            _ => self.unexpected(expected),
        }
    }

    fn takes(&mut self, token: Token<'_>) -> bool {
        let found = self.peek() == Some(token);
        self.position += usize::from(found);
        found
    }

    fn takes_mark(&mut self, mark: char) -> bool {
        self.takes(Token::Mark(mark))
    }

    fn mark(&mut self, mark: char, expected: &'static str) -> Result<(), ParseError> {
        if self.takes_mark(mark) { Ok(()) } else { self.unexpected(expected) }
    }

    fn semicolon(&mut self) -> Result<(), ParseError> {
        self.mark(';', "`;`")
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) if whole(word).is_some() => {
                self.position += 1;
                Ok(whole(word).unwrap_or_default())
            }
            _ => self.unexpected("a whole number"),
        }
    }

    fn small(&mut self) -> Result<u32, ParseError> {
        let number = self.number()?;
        u32::try_from(number).or_else(|_| self.error(Mistake::TooMuch { what: "a number in a directive" }))
    }

    fn ty(&mut self) -> Result<Type, ParseError> {
        let found = match self.peek() {
            Some(Token::Word(word)) => word.strip_prefix('.').and_then(Type::named),
            _ => None,
        };
        match found {
            Some(ty) => {
                self.position += 1;
                Ok(ty)
            }
            None => self.unexpected("a type"),
        }
    }

    fn header(&mut self) -> Result<(), ParseError> {
        if !self.takes(Token::Word(".version")) {
            return self.unexpected("`.version`");
        }
        self.word("a version")?;
        if !self.takes(Token::Word(".target")) {
            return self.unexpected("`.target`");
        }
        self.word("a target")?;
        while self.takes_mark(',') {
            self.word("a target")?;
        }
        if !self.takes(Token::Word(".address_size")) {
            return self.unexpected("`.address_size`");
        }
        if self.number()? == 64 {
            Ok(())
        } else {
            self.error(Mistake::TooMuch { what: "addresses of other than 64 bits" })
        }
    }

    fn function(&mut self) -> Result<Function<'a>, ParseError> {
        let line = self.line();
        self.takes(Token::Word(".visible"));
        if !self.takes(Token::Word(".entry")) {
            return match self.peek() {
                Some(Token::Word(word)) if word.starts_with('.') => {
                    self.error(Mistake::UnknownDirective { name: word.to_owned() })
                }
                _ => self.unexpected("`.entry`"),
            };
        }
        let name = self.word("a name")?;
        let mut function = Function {
            name,
            line,
            parameters: Vec::new(),
            threads: Threads::default(),
            registers: Vec::new(),
            shared: Vec::new(),
            labels: Vec::new(),
            statements: Vec::new(),
        };
        if self.takes_mark('(') && !self.takes_mark(')') {
            function.parameters.push(self.parameter()?);
            while self.takes_mark(',') {
                function.parameters.push(self.parameter()?);
            }
            self.mark(')', "`,` or `)`")?;
        }
        while !self.takes_mark('{') {
            self.performance(&mut function.threads)?;
        }
        while !self.takes_mark('}') {
            self.item(&mut function)?;
        }
        Ok(function)
    }

    fn parameter(&mut self) -> Result<Parameter<'a>, ParseError> {
        if !self.takes(Token::Word(".param")) {
            return self.unexpected("`.param`");
        }
        let (line, ty) = (self.line(), self.ty()?);
        if self.takes(Token::Word(".ptr")) {
            self.takes(Token::Word(".global"));
            if self.takes(Token::Word(".align")) {
                self.number()?;
            }
        }
        Ok(Parameter { name: self.word("a name")?, line, ty })
    }

    /// What stands between an entry point's parameters and its body.
    fn performance(&mut self, threads: &mut Threads) -> Result<(), ParseError> {
        let at = self.position;
        match self.word("`{`")? {
            ".reqntid" => threads.required = Some(self.product()?),
            ".maxntid" => threads.most = Some(self.product()?),
            ".minnctapersm" | ".maxnreg" => {
                self.number()?;
            }
            other => {
                self.position = at;
                return self.error(Mistake::UnknownDirective { name: other.to_owned() });
            }
        }
        Ok(())
    }

    fn product(&mut self) -> Result<u32, ParseError> {
        let mut product = self.small()?;
        while self.takes_mark(',') {
            product = product.saturating_mul(self.small()?);
        }
        Ok(product)
    }

    /// A declaration, a label or a statement.
    fn item(&mut self, function: &mut Function<'a>) -> Result<(), ParseError> {
        let line = self.line();
        let guard = self.guard()?;
        let name = self.word("an instruction")?;
        match name {
            _ if guard.is_none() && self.takes_mark(':') => {
                function.labels.push((name, line, function.statements.len()));
                return Ok(());
            }
            ".reg" if guard.is_none() => self.registers(&mut function.registers)?,
            ".shared" if guard.is_none() => function.shared.push(self.array()?),
            ".pragma" if guard.is_none() => {
                if !matches!(self.peek(), Some(Token::Quoted(_))) {
                    return self.unexpected("a text in quotation marks");
                }
                self.position += 1;
            }
            _ if name.starts_with('.') => {
                return Err(ParseError { line, mistake: Mistake::UnknownDirective { name: name.to_owned() } });
            }
            _ => {
                let arguments = self.arguments()?;
                function.statements.push(Statement { line, guard, name, arguments });
            }
        }
        self.semicolon()
    }

    fn guard(&mut self) -> Result<Option<Guard<'a>>, ParseError> {
        if !self.takes_mark('@') {
            return Ok(None);
        }
        let negated = self.takes_mark('!');
        Ok(Some(Guard { register: self.word("a predicate")?, negated }))
    }

    fn registers(&mut self, registers: &mut Vec<Registers<'a>>) -> Result<(), ParseError> {
        let ty = self.ty()?;
        loop {
            let (line, name) = (self.line(), self.word("a register")?);
            let mut count = None;
            if self.takes_mark('<') {
                count = Some(self.small()?);
                self.mark('>', "`>`")?;
            }
            registers.push(Registers { name, line, count, ty });
            if !self.takes_mark(',') {
                return Ok(());
            }
        }
    }

    fn array(&mut self) -> Result<Array<'a>, ParseError> {
        let align = if self.takes(Token::Word(".align")) { Some(self.small()?) } else { None };
        let bytes = if self.takes(Token::Word(".b8")) { 1 } else { self.ty()?.bytes() };
        let (line, name) = (self.line(), self.word("a name")?);
        let mut count = 1_u64;
        while self.takes_mark('[') {
            count = count.saturating_mul(self.number()?);
            self.mark(']', "`]`")?;
        }
        Ok(Array { name, line, align: align.unwrap_or(bytes), bytes: count.saturating_mul(bytes.into()) })
    }

    fn arguments(&mut self) -> Result<Vec<Argument<'a>>, ParseError> {
        let mut arguments = Vec::new();
        if self.peek() == Some(Token::Mark(';')) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.argument()?);
            if !self.takes_mark(',') {
                return Ok(arguments);
            }
        }
    }

    fn argument(&mut self) -> Result<Argument<'a>, ParseError> {
        if self.takes_mark('{') {
            let mut parts = vec![self.scalar()?];
            while self.takes_mark(',') {
                parts.push(self.scalar()?);
            }
            self.mark('}', "`,` or `}`")?;
            return Ok(Argument::Vector(parts));
        }
        if self.takes_mark('[') {
            let base = self.word("an address")?;
            let offset = self.offset()?;
            self.mark(']', "`]`")?;
            return Ok(Argument::Address(base, offset));
        }
        if self.takes_mark('!') {
            return Ok(Argument::Not(self.word("a predicate")?));
        }
        self.scalar()
    }

    fn scalar(&mut self) -> Result<Argument<'a>, ParseError> {
        if self.takes_mark('-') {
            return Ok(Argument::Negative(self.word("a number")?));
        }
        let word = self.word("an operand")?;
        if self.takes_mark('|') {
            return Ok(Argument::Pair(word, self.word("a predicate")?));
        }
        Ok(if word.starts_with(|first: char| first.is_ascii_digit()) {
            Argument::Number(word)
        } else {
            Argument::Name(word)
        })
    }

    /// What follows the base of an address: `+4`, or `+-4`.
    fn offset(&mut self) -> Result<i64, ParseError> {
        if !self.takes_mark('+') {
            return Ok(0);
        }
        let minus = self.takes_mark('-');
        let number = i64::try_from(self.number()?).or_else(|_| self.error(Mistake::TooMuch { what: "an offset" }))?;
        Ok(if minus { -number } else { number })
    }
}
