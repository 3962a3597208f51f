//! From the places in diagnostics back to the tokens of a macro's input, so that rustc underlines them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use crate::ast::Name;
use crate::diagnostics::{self, Diagnostic, Diagnostics};

/// A `compile_error!` for each error.
pub(super) fn compile_errors(errors: &Diagnostics, input: &TokenStream) -> TokenStream {
    let mut tokens = Vec::new();
    flatten(input.clone(), &mut tokens);
    errors.errors.iter().map(|error| compile_error(error, &tokens)).collect()
}

/// A name of the input as the input writes it, so that what rustc says of it points there.
pub(super) fn ident(name: &Name, input: &TokenStream) -> Ident {
    let mut tokens = Vec::new();
    flatten(input.clone(), &mut tokens);
    Ident::new(&name.text, tokens_at(name.span, &tokens).0)
}

fn compile_error(error: &Diagnostic, tokens: &[Span]) -> TokenStream {
    let mut message = error.message.clone();
    for (prefix, line) in [("", &error.label), ("help: ", &error.help)] {
        if !line.is_empty() {
            message = format!("{message}\n{prefix}{line}");
        }
    }
    let (first, last) = tokens_at(error.span, tokens);
    // rustc underlines from the first token of an expansion to its last.
    let path = quote_spanned!(first=> ::core::compile_error!);
    let body = quote_spanned!(last=> { #message });
    quote::quote!(#path #body)
}

/// The first and the last token of a place; the macro's call where there is none.
fn tokens_at(place: diagnostics::Span, tokens: &[Span]) -> (Span, Span) {
    let inside = |token: &&Span| {
        let token = diagnostics::Span::of(**token);
        token.start >= place.start && token.end <= place.end
    };
    match (tokens.iter().find(inside), tokens.iter().rfind(inside)) {
        (Some(first), Some(last)) => (*first, *last),
        _ => (Span::call_site(), Span::call_site()),
    }
}

/// The tokens in the order of the text, brackets included. Without recursion: the input may be nested too deep.
fn flatten(stream: TokenStream, tokens: &mut Vec<Span>) {
    let mut open = vec![(stream.into_iter(), None)];
    while let Some((stream, close)) = open.last_mut() {
        match stream.next() {
            Some(TokenTree::Group(group)) => {
                tokens.push(group.span_open());
                open.push((group.stream().into_iter(), Some(group.span_close())));
            }
            Some(token) => tokens.push(token.span()),
            None => {
                tokens.extend(*close);
                open.pop();
            }
        }
    }
}
