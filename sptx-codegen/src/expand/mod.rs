//! The macros: from the tokens of `score!` and `semiring!` to Rust.
//!
//! Macros do not see each other's input. A semiring that a score uses is therefore declared in the same `score!` call,
//! before the model:
//!
//! ```text
//! score! {
//!     semiring Hardest { zero: -inf, one: 1.0, add(a, b): max(a, b), mul(a, b): a * b }
//!     pub Model { …; incidence x = h.v + r.v in Hardest; … }
//! }
//! ```
//!
//! `semiring!` alone checks a semiring and emits its type and its text, for a `.sptx` file or a later `score!` to repeat.

mod emit;
mod locate;

use proc_macro2::TokenStream;
use quote::quote;

use crate::ast::{File, Semiring};
use crate::diagnostics::{Diagnostic, Diagnostics, Span};
use crate::emit::cpu::Specification;
use crate::{sema, syntax};

/// Expands `score!`. Errors become `compile_error!` at the tokens they are about.
pub fn score(input: TokenStream) -> TokenStream {
    try_score(&input).unwrap_or_else(|errors| locate::compile_errors(&errors, &input))
}

/// Expands `semiring!`. Errors become `compile_error!` at the tokens they are about.
pub fn semiring(input: TokenStream) -> TokenStream {
    try_semiring(&input).unwrap_or_else(|errors| locate::compile_errors(&errors, &input))
}

fn try_score(input: &TokenStream) -> Result<TokenStream, Diagnostics> {
    let file = syntax::parse_tokens(input.clone())?;
    let text = input.to_string();
    items(&file, &quote!(#text), &Specification::Inline, |name| locate::ident(name, input))
}

/// The Rust items of a `.sptx` file: for each score what `score!` makes of it. `file_name` stands in messages; `source`
/// is an expression for the file's text; `specification` says where the programs are kept.
///
/// # Errors
/// Everything that is wrong with the declarations.
pub fn file(
    file_name: &str,
    text: &str,
    source: &TokenStream,
    specification: &Specification<'_>,
) -> Result<TokenStream, Diagnostics> {
    let file = syntax::parse_str(file_name, text)?;
    items(&file, source, specification, |name| proc_macro2::Ident::new(&name.text, proc_macro2::Span::call_site()))
}

fn items(
    file: &File,
    source: &TokenStream,
    specification: &Specification<'_>,
    ident: impl Fn(&crate::ast::Name) -> proc_macro2::Ident,
) -> Result<TokenStream, Diagnostics> {
    if file.scores.is_empty() {
        let help = "write `score! { pub Name { entity { … } relation { … } score = …; } }`";
        return Err(refused(file, Diagnostic::new(Span::default(), "`score!` declares no score").help(help)));
    }
    let variants = sema::analyze_every_choice(file)?;
    let declared = file.scores.iter().zip(&variants);
    Ok(declared
        .map(|(declared, variants)| emit::score(declared, &ident(&declared.name), variants, source, specification))
        .collect())
}

fn try_semiring(input: &TokenStream) -> Result<TokenStream, Diagnostics> {
    let file = syntax::parse_tokens(input.clone())?;
    if let Some(score) = file.scores.first() {
        let error = Diagnostic::new(score.name.span, format!("`{}` is not a semiring", score.name.text));
        let help = "scores are declared in `score!`; a semiring has `zero`, `one`, `add(a, b)` and `mul(a, b)`";
        return Err(refused(&file, error.help(help)));
    }
    if file.semirings.is_empty() {
        let help = "write `semiring! { pub Name { zero: 0.0, one: 1.0, add(a, b): a + b, mul(a, b): a * b } }`";
        return Err(refused(&file, Diagnostic::new(Span::default(), "`semiring!` declares no semiring").help(help)));
    }
    sema::semirings(&file)?;
    let text = input.to_string();
    let source = quote!(#text);
    let emit = |declared: &Semiring| emit::semiring(declared, &locate::ident(&declared.name, input), &source);
    Ok(file.semirings.iter().map(emit).collect())
}

fn refused(file: &File, error: Diagnostic) -> Diagnostics {
    Diagnostics::new(&file.name, &file.source, vec![error])
}

/// Items as formatted Rust.
///
/// # Panics
/// When they are not Rust, which would be a defect of an emitter.
pub fn pretty(items: &TokenStream) -> String {
    match syn::parse2(items.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("emitted code does not parse: {error}"),
    }
}
