//! The Rust items that a declaration becomes: the seam to the back end.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::ast::{self, Visibility};
use crate::ir;

/// The items of a score, given its analysis for every combination of its choices.
pub(super) fn score(declared: &ast::Score, ident: &Ident, variants: &[ir::Score], source: &str) -> TokenStream {
    let variants = variants.len();
    item(
        &declared.doc,
        declared.visibility,
        ident,
        source,
        &quote! {
            /// Number of combinations of the values of its choice parameters.
            pub const VARIANTS: usize = #variants;
        },
    )
}

/// The items of a semiring.
pub(super) fn semiring(declared: &ast::Semiring, ident: &Ident, source: &str) -> TokenStream {
    item(&declared.doc, declared.visibility, ident, source, &TokenStream::new())
}

fn item(doc: &str, visibility: Visibility, ident: &Ident, source: &str, constants: &TokenStream) -> TokenStream {
    let visibility = match visibility {
        Visibility::Private => quote!(),
        Visibility::Public => quote!(pub),
        Visibility::Crate => quote!(pub(crate)),
        Visibility::Super => quote!(pub(super)),
    };
    let doc = if doc.is_empty() { format!("`{ident}`, declared in sptx's language.") } else { doc.to_owned() };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #visibility struct #ident;

        impl #ident {
            /// The text of the declaration.
            pub const SOURCE: &'static str = #source;
            #constants
        }
    }
}
