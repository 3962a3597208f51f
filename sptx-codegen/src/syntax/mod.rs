//! The grammar, from a string or from tokens.
//!
//! ```text
//! file       = item*
//! item       = "score" "!" "{" item* "}" | "semiring" "!" "{" item* "}" | semiring | score
//! score      = [pub] Name "{" statement* "}"
//! statement  = "parameter" name "=" expr ("|" expr)* ";"
//!            | ("entity" | "relation") "{" slot,* "}"
//!            | "incidence" name "=" expr ["in" name] ";"
//!            | "let" name "=" expr ";"
//!            | "score" "=" expr ";"
//! slot       = name ":" name ["[" dim,+ "]"] ["where" rule,+] ["=" rule]
//! rule       = name ["(" (expr | string),* ")"]
//! semiring   = [pub] ["semiring"] Name "{" "zero" ":" expr "," "one" ":" expr ","
//!                                          "add" "(" name "," name ")" ":" expr "," "mul" … "}"
//! expr       = sum [("<" | ">") sum]
//! sum        = term (("+" | "-") term)*
//! term       = "-" term | factor (("*" | "/") factor)*
//! factor     = "-" factor | primary ["^" factor]
//! primary    = number | name | side "." name | name "(" expr,* ")" | "(" expr ")", each with ["[" number "]"]
//! ```
//! Comments are those of Rust; a doc comment before an item belongs to it. A statement that does not parse is reported
//! and skipped, so that one call reports every statement's error.

pub mod ast;
mod expr;
mod item;
mod nesting;
mod semiring;
mod slot;
mod statement;
mod stream;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};

use crate::diagnostics::{Diagnostic, Diagnostics, Position, Span};
use ast::File;

/// Parses the text of a `.sptx` file. The file's name is used in messages only.
///
/// # Errors
/// Every syntax error of the text.
pub fn parse_str(file_name: &str, text: &str) -> Result<File, Diagnostics> {
    let report = |errors| Diagnostics::new(file_name, text, errors);
    let tokens = text.parse::<TokenStream>().map_err(|error| report(vec![not_tokens(text, Span::of(error.span()))]))?;
    let file = File { name: file_name.to_owned(), source: text.to_owned(), semirings: Vec::new(), scores: Vec::new() };
    parse(file, tokens, end_of(text)).map_err(report)
}

/// Parses the input of a macro.
///
/// # Errors
/// Every syntax error of the tokens.
pub fn parse_tokens(tokens: TokenStream) -> Result<File, Diagnostics> {
    let file = File { name: String::new(), source: String::new(), semirings: Vec::new(), scores: Vec::new() };
    parse(file, tokens, Span::default()).map_err(|errors| Diagnostics::new("", "", errors))
}

fn parse(mut file: File, tokens: TokenStream, end: Span) -> Result<File, Vec<Diagnostic>> {
    nesting::check(&tokens).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    // The outcome leaves through `file` and `errors`: syn would discard it for tokens that a failed statement left over.
    let all_read = (|input: ParseStream<'_>| {
        item::items(input, &mut file, &mut errors);
        Ok(())
    })
    .parse2(tokens);
    if let (Err(error), true) = (all_read, errors.is_empty()) {
        errors.push(Diagnostic::new(Span::of(error.span()), error.to_string()));
    }
    // At the end of all tokens syn points at the whole call; a text has a better place.
    let call = Span::of(proc_macro2::Span::call_site());
    for error in &mut errors {
        if error.span == call {
            error.span = end;
        }
    }
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

/// The error for a text that cannot be cut into tokens.
fn not_tokens(text: &str, span: Span) -> Diagnostic {
    let line = span.start.line.checked_sub(1).and_then(|index| text.lines().nth(index));
    let found = line.zip(span.start.column.checked_sub(1)).and_then(|(line, index)| line.chars().nth(index));
    match found {
        Some(open @ ('(' | '[' | '{')) => {
            Diagnostic::new(span, format!("this `{open}` is not closed")).help("close it, or remove it")
        }
        Some(close @ (')' | ']' | '}')) => Diagnostic::new(span, format!("this `{close}` closes nothing"))
            .help("check that each bracket is closed by its like"),
        Some(_) | None => Diagnostic::new(span, "the text is not made of valid tokens")
            .help("check for an unclosed quote or comment, and for signs that the language does not have"),
    }
}

/// The end of a text, where an error about something missing points.
fn end_of(text: &str) -> Span {
    let last = text.trim_end().lines().enumerate().last();
    let position = last.map_or(Position { line: 1, column: 1 }, |(index, line)| Position {
        line: index + 1,
        column: line.chars().count() + 1,
    });
    Span { start: position, end: position }
}
