//! The parser: values, and the whole.

use super::lex::{Located, Token, lex};
use super::print::side_name;
use crate::ir::{
    Arena, BinaryOp, DimId, Element, Node, Op, PlaneId, ReduceOp, Score, Shape, Side, Term, Type, UnaryOp, Value,
};
use crate::verify::verify;

/// Where and why a text is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What was expected, or which rule of the verifier is broken.
    pub message: String,
}

/// Parses a score and verifies it.
///
/// # Errors
/// When the text is not textual IR, or the score breaks a rule of [`crate::verify`].
pub fn parse(text: &str) -> Result<Score, ParseError> {
    let mut parser = Parser { tokens: lex(text)?, at: 0, score: empty() };
    parser.whole()?;
    let violations = verify(&parser.score).err().unwrap_or_default();
    match violations.first() {
        None => Ok(parser.score),
        Some(violation) => parser.fail(violation.to_string()),
    }
}

fn empty() -> Score {
    Score {
        name: String::new(),
        doc: String::new(),
        dims: Arena::default(),
        parameters: Arena::default(),
        choices: Vec::new(),
        slots: Arena::default(),
        planes: Arena::default(),
        semirings: Arena::default(),
        nodes: Arena::default(),
        names: Vec::new(),
        root: Value::new(0),
    }
}

pub(super) struct Parser {
    tokens: Vec<Located>,
    at: usize,
    pub(super) score: Score,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl Parser {
    /// An error at the current token.
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let Located { line, column, .. } = self.tokens[self.at];
        Err(ParseError { line, column, message: message.into() })
    }

    /// An error at the token before the current one.
    pub(super) fn blame<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let Located { line, column, .. } = self.tokens[self.at.saturating_sub(1)];
        Err(ParseError { line, column, message: message.into() })
    }

    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    /// Steps over the current token; the end is never stepped over.
    pub(super) fn step(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Steps over a mark if it stands here.
    pub(super) fn eat(&mut self, mark: char) -> bool {
        let here = *self.peek() == Token::Mark(mark);
        if here {
            self.step();
        }
        here
    }

    pub(super) fn mark(&mut self, mark: char) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { self.fail(format!("expected `{mark}`")) }
    }

    /// Steps over a word if it stands here.
    pub(super) fn eat_word(&mut self, wanted: &str) -> bool {
        let here = matches!(self.peek(), Token::Word(word) if word == wanted);
        if here {
            self.step();
        }
        here
    }

    pub(super) fn expect_word(&mut self, wanted: &str) -> Parsed<()> {
        if self.eat_word(wanted) { Ok(()) } else { self.fail(format!("expected `{wanted}`")) }
    }

    pub(super) fn word(&mut self, what: &str) -> Parsed<String> {
        let Token::Word(word) = self.peek().clone() else { return self.fail(format!("expected {what}")) };
        self.step();
        Ok(word)
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        let (Token::Word(name) | Token::Text(name)) = self.peek().clone() else { return self.fail("expected a name") };
        self.step();
        Ok(name)
    }

    pub(super) fn number(&mut self) -> Parsed<f64> {
        let Token::Word(word) = self.peek() else { return self.fail("expected a number") };
        let nan = word.strip_prefix("nan_").and_then(|bits| u64::from_str_radix(bits, 16).ok()).map(f64::from_bits);
        match nan.filter(|number| number.is_nan()).or_else(|| word.parse().ok()) {
            Some(number) => {
                self.step();
                Ok(number)
            }
            None => self.fail("expected a number"),
        }
    }

    /// What `item` parses, separated by commas, up to the closing mark.
    pub(super) fn list<T>(&mut self, close: char, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                self.mark(',')?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn whole(&mut self) -> Parsed<()> {
        self.expect_word("score")?;
        self.score.name = self.name()?;
        self.mark('{')?;
        while !self.eat_word("return") {
            self.entry()?;
        }
        self.score.root = self.value()?;
        self.mark('}')?;
        if *self.peek() == Token::End { Ok(()) } else { self.fail("expected the end") }
    }

    fn entry(&mut self) -> Parsed<()> {
        if self.eat('%') {
            return self.node();
        }
        if !self.eat_word("name") {
            return self.declaration();
        }
        let value = self.value()?;
        self.mark('=')?;
        let name = self.name()?;
        self.score.names.push((value, name));
        Ok(())
    }

    fn node(&mut self) -> Parsed<()> {
        let expected = self.score.nodes.len().to_string();
        self.expect_word(&expected)?;
        self.mark('=')?;
        let op = self.op()?;
        self.mark(':')?;
        let ty = self.ty()?;
        self.score.nodes.push(Node { op, ty });
        Ok(())
    }

    fn value(&mut self) -> Parsed<Value> {
        self.mark('%')?;
        let Token::Word(word) = self.peek() else { return self.fail("expected the number of a value") };
        match word.parse::<usize>() {
            Ok(index) if index < self.score.nodes.len() => {
                self.step();
                Ok(Value::new(index))
            }
            _ => self.fail("expected the number of an earlier value"),
        }
    }

    pub(super) fn ty(&mut self) -> Parsed<Type> {
        let element = if self.eat_word("complex") {
            Element::Complex
        } else {
            self.expect_word("real")?;
            Element::Real
        };
        Ok(Type { element, shape: self.shape()? })
    }

    pub(super) fn shape(&mut self) -> Parsed<Shape> {
        if !self.eat('[') {
            return Ok(Shape::Scalar);
        }
        match self.list(']', Self::dim)?.as_slice() {
            [dim] => Ok(Shape::Vector(*dim)),
            [rows, columns] => Ok(Shape::Matrix(*rows, *columns)),
            _ => self.blame("expected one dimension or two"),
        }
    }

    pub(super) fn dim(&mut self) -> Parsed<DimId> {
        let name = self.name()?;
        let dim = self.score.dims.find(|dim| dim.name == name);
        dim.map_or_else(|| self.blame(format!("no dimension `{name}` is declared")), Ok)
    }

    fn op(&mut self) -> Parsed<Op> {
        let name = self.word("an operation")?;
        match name.as_str() {
            "gather" => self.gather(),
            "const" => Ok(Op::Const(self.number()?)),
            "parameter" => self.parameter(),
            "upstream" => Ok(Op::Upstream),
            "matvec" | "matvec_transposed" => {
                let (matrix, vector) = self.pair()?;
                Ok(Op::MatVec { matrix, vector, transposed: name == "matvec_transposed" })
            }
            "outer" => self.pair().map(|(a, b)| Op::Outer(a, b)),
            "fold" => self.fold(),
            "complex" => self.pair().map(|(a, b)| Op::Complex(a, b)),
            "cis" => self.value().map(Op::Cis),
            "re" => self.value().map(Op::Re),
            "im" => self.value().map(Op::Im),
            "conj" => self.value().map(Op::Conj),
            "modulus" => self.value().map(Op::Modulus),
            name => self.arithmetic(name),
        }
    }

    fn arithmetic(&mut self, name: &str) -> Parsed<Op> {
        if let Some(op) = UnaryOp::ALL.into_iter().find(|op| op.name() == name) {
            return self.value().map(|a| Op::Unary(op, a));
        }
        if let Some(op) = BinaryOp::ALL.into_iter().find(|op| op.name() == name) {
            return self.pair().map(|(a, b)| Op::Binary(op, a, b));
        }
        match ReduceOp::ALL.into_iter().find(|op| op.name() == name) {
            Some(op) => self.value().map(|a| Op::Reduce(op, a)),
            None => self.blame(format!("no operation is called `{name}`")),
        }
    }

    fn pair(&mut self) -> Parsed<(Value, Value)> {
        let first = self.value()?;
        self.mark(',')?;
        Ok((first, self.value()?))
    }

    fn gather(&mut self) -> Parsed<Op> {
        let word = self.word("a side")?;
        let Some(side) = Side::ALL.into_iter().find(|side| side_name(*side) == word) else {
            return self.blame("expected `head`, `relation` or `tail`");
        };
        Ok(Op::Gather { side, plane: self.plane_of(side)? })
    }

    fn plane_of(&mut self, side: Side) -> Parsed<PlaneId> {
        let (slot, part) = self.plane_name()?;
        let score = &self.score;
        let plane = score.planes.find(|plane| {
            let declared = &score.slots[plane.slot];
            (declared.owner, &declared.name, &plane.part) == (side.owner(), &slot, &part)
        });
        plane
            .map_or_else(|| self.blame(format!("no plane `{slot}@{part}` is declared for the {}", side_name(side))), Ok)
    }

    /// The names of a slot and of a part of it.
    pub(super) fn plane_name(&mut self) -> Parsed<(String, String)> {
        let slot = self.name()?;
        let part = if self.eat('@') { self.name()? } else { String::new() };
        Ok((slot, part))
    }

    fn parameter(&mut self) -> Parsed<Op> {
        let name = self.name()?;
        let parameter = self.score.parameters.find(|parameter| parameter.name == name);
        parameter.map_or_else(|| self.blame(format!("no parameter `{name}` is declared")), |id| Ok(Op::Parameter(id)))
    }

    fn fold(&mut self) -> Parsed<Op> {
        let name = self.name()?;
        let Some(semiring) = self.score.semirings.find(|semiring| semiring.name == name) else {
            return self.blame(format!("no semiring `{name}` is declared"));
        };
        self.mark('[')?;
        let terms = self.list(']', Self::term)?;
        Ok(Op::Fold { semiring, terms })
    }

    fn term(&mut self) -> Parsed<Term> {
        let coefficient = self.number()?;
        self.mark('*')?;
        let conjugate = self.eat_word("conj");
        Ok(Term { coefficient, conjugate, value: self.value()? })
    }
}
