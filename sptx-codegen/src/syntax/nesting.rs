//! A bound on nesting: syn, and every walk over the syntax tree, recurse.

use proc_macro2::{TokenStream, TokenTree};

use crate::diagnostics::{Diagnostic, Span};

/// Brackets within brackets.
const MOST_BRACKETS: usize = 48;

/// Operators within operators: the depth of one expression's tree.
pub(super) const MOST_OPERATORS: u32 = 128;

/// Fails on brackets nested too deep, without recursion.
pub(super) fn check(tokens: &TokenStream) -> Result<(), Diagnostic> {
    let mut open = vec![tokens.clone().into_iter()];
    while let Some(tokens) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Group(group)) if open.len() > MOST_BRACKETS => {
                return Err(too_deep(Span::of(group.span_open())));
            }
            Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
            Some(TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) => {}
            None => {
                open.pop();
            }
        }
    }
    Ok(())
}

/// The error for an expression nested too deep.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(span, "this expression is nested too deep")
        .help("give its parts names: `let part = …;`, then use `part`")
}
