//! From text to tokens.

use crate::error::{Mistake, ParseError};

/// A piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, an instruction with its dots, a directive or a number.
    Word(&'a str),
    /// What stands between quotation marks.
    Quoted(&'a str),
    /// Any other character.
    Mark(char),
}

/// All tokens, each with its line.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, u32)>, ParseError> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = if let Some(comment) = comment(rest) {
            comment
        } else if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let length = quoted.find('"').ok_or_else(|| unexpected(line, "a quotation without an end"))?;
            tokens.push((Token::Quoted(&quoted[..length]), line));
            length + 2
        } else if is_of_word(first) {
            let length = word(rest);
            tokens.push((Token::Word(&rest[..length]), line));
            length
        } else {
            tokens.push((Token::Mark(first), line));
            first.len_utf8()
        };
        if length > rest.len() {
            return Err(unexpected(line, "a comment without an end"));
        }
        line += rest[..length].matches('\n').count() as u32;
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn unexpected(line: u32, found: &str) -> ParseError {
    ParseError { line, mistake: Mistake::Unexpected { found: found.to_owned(), expected: "PTX" } }
}

/// The length of the comment at the beginning; more than there is of one without an end.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.strip_prefix("/*").map(|rest| rest.find("*/").map_or(usize::MAX, |length| length + 4))
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$' | '%' | '.')
}

/// The length of the word at the beginning. Two colons belong to it, as in `.L2::128B`; one ends a label.
fn word(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        if rest.starts_with(is_of_word) {
            length += 1;
        } else if rest.starts_with("::") {
            length += 2;
        } else {
            return length;
        }
    }
}
