//! PTX as text: declarations and statements, names and types not yet looked up.

mod lexer;
mod parser;

pub(crate) use parser::functions;

use super::types::Type;

/// An entry point.
#[derive(Debug)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) parameters: Vec<Parameter<'a>>,
    pub(crate) threads: Threads,
    pub(crate) registers: Vec<Registers<'a>>,
    pub(crate) shared: Vec<Array<'a>>,
    /// Each with the number of the statement that follows it.
    pub(crate) labels: Vec<(&'a str, u32, usize)>,
    pub(crate) statements: Vec<Statement<'a>>,
}

#[derive(Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) ty: Type,
}

/// How many threads a workgroup may have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Threads {
    pub(crate) required: Option<u32>,
    pub(crate) most: Option<u32>,
}

/// `%r<count>`, or one register without a number.
#[derive(Debug)]
pub(crate) struct Registers<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) count: Option<u32>,
    pub(crate) ty: Type,
}

/// A shared array.
#[derive(Debug)]
pub(crate) struct Array<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) align: u32,
    pub(crate) bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) line: u32,
    pub(crate) guard: Option<Guard<'a>>,
    pub(crate) name: &'a str,
    pub(crate) arguments: Vec<Argument<'a>>,
}

/// `@%p` or `@!%p`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard<'a> {
    pub(crate) register: &'a str,
    pub(crate) negated: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument<'a> {
    Name(&'a str),
    Number(&'a str),
    /// `-` and a number.
    Negative(&'a str),
    /// `!%p`.
    Not(&'a str),
    /// `[base + offset]`.
    Address(&'a str, i64),
    /// `{a, b}`.
    Vector(Vec<Argument<'a>>),
    /// `a|b`.
    Pair(&'a str, &'a str),
}

/// The value of a whole number: decimal, or hexadecimal after `0x`.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let text = text.strip_suffix('U').unwrap_or(text);
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.starts_with(|first: char| first.is_ascii_digit()) && (text == "0" || !text.starts_with('0')) => {
            text.parse().ok()
        }
        None => None,
    }
}
