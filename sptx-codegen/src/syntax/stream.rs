//! Reading single tokens, with errors that say what was expected.

use syn::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};

use super::ast::Name;
use crate::diagnostics::{Diagnostic, Span};

/// What a parsing function gives: boxed, because errors are rare and large.
pub(super) type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Words that begin statements or stand for values, and so name nothing else.
pub(super) const RESERVED: [&str; 11] =
    ["h", "r", "t", "inf", "pi", "score", "semiring", "entity", "relation", "incidence", "parameter"];

/// An error at the next token.
pub(super) fn expected(input: ParseStream<'_>, what: &str) -> Box<Diagnostic> {
    let found = match input.cursor().token_tree() {
        Some((token, _)) => describe(&token),
        None => "the end".to_owned(),
    };
    Box::new(Diagnostic::new(Span::of(input.span()), format!("expected {what}, found {found}")))
}

fn describe(token: &proc_macro2::TokenTree) -> String {
    match token {
        proc_macro2::TokenTree::Group(group) => match group.delimiter() {
            proc_macro2::Delimiter::Parenthesis => "`(`".to_owned(),
            proc_macro2::Delimiter::Brace => "`{`".to_owned(),
            proc_macro2::Delimiter::Bracket => "`[`".to_owned(),
            proc_macro2::Delimiter::None => "an interpolated expression".to_owned(),
        },
        other => format!("`{other}`"),
    }
}

/// A punctuation mark or keyword of Rust.
pub(super) fn token<T: Parse>(input: ParseStream<'_>, what: &str, help: &str) -> Parsed<T> {
    let error = expected(input, what);
    input.parse().map_err(|_| Box::new(error.help(help)))
}

/// The next token, if it is a word.
pub(super) fn peek_word(input: ParseStream<'_>) -> Option<String> {
    input.cursor().ident().map(|(ident, _)| ident.to_string())
}

/// Reads the next token if it is this word.
pub(super) fn take_word(input: ParseStream<'_>, word: &str) -> Option<Span> {
    let (ident, _) = input.cursor().ident().filter(|(ident, _)| ident == word)?;
    input.call(Ident::parse_any).ok()?;
    Some(Span::of(ident.span()))
}

/// A name that is being used: any word.
pub(super) fn name(input: ParseStream<'_>, what: &str) -> Parsed<Name> {
    let error = expected(input, what);
    let ident: Ident = input.parse().map_err(|_| error)?;
    let name = Name { text: ident.to_string(), span: Span::of(ident.span()) };
    if name.text.is_ascii() && !name.text.starts_with("r#") && name.text != "_" {
        return Ok(name);
    }
    let help = "names are ASCII letters, digits and underscores, and begin with a letter: kernels carry them";
    Err(Box::new(Diagnostic::new(name.span, format!("`{}` cannot be a name", name.text)).help(help)))
}

/// A name that is being given: not a reserved word.
pub(super) fn new_name(input: ParseStream<'_>, what: &str) -> Parsed<Name> {
    let name = name(input, what)?;
    if !RESERVED.contains(&name.text.as_str()) {
        return Ok(name);
    }
    let meaning = match name.text.as_str() {
        "h" | "r" | "t" => "it stands for a row of the triple",
        "inf" | "pi" => "it is a number",
        _ => "it begins a statement",
    };
    let error = Diagnostic::new(name.span, format!("`{}` is reserved: {meaning}", name.text));
    Err(Box::new(error.help("choose another name")))
}

/// Skips to the end of a broken statement: past the next `;`, or before the next statement's first word.
pub(super) fn skip_statement(input: ParseStream<'_>) {
    let mut first = true;
    while !input.is_empty() {
        let begins = matches!(peek_word(input).as_deref(), Some("let" | "score" | "entity" | "relation" | "incidence"));
        if begins && !first {
            return;
        }
        first = false;
        let ends = input.peek(syn::Token![;]);
        // A non-empty stream always has a next token tree.
        let _ = input.parse::<proc_macro2::TokenTree>();
        if ends {
            return;
        }
    }
}
