//! The `score!` and `semiring!` macros of sptx: a shim over [`sptx_codegen::expand`].
#![doc = include_str!("language.md")]

use proc_macro::TokenStream;

/// Declares a score function and compiles it. The language is described in the crate's documentation.
#[proc_macro]
pub fn score(input: TokenStream) -> TokenStream {
    sptx_codegen::expand::score(input.into()).into()
}

/// Checks a semiring and emits its type. A score uses a semiring that its own `score!` call declares.
#[proc_macro]
pub fn semiring(input: TokenStream) -> TokenStream {
    sptx_codegen::expand::semiring(input.into()).into()
}
