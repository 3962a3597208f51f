//! The Rust items that a declaration becomes: the seam to the back end.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::ast::{self, Visibility};
use crate::emit::cpu::{self, Specification};
use crate::{compile, ir};

/// The items of a score, given its analysis for every combination of its choices: its type, with its text, and the
/// kernels of every combination.
pub(super) fn score(
    declared: &ast::Score,
    ident: &Ident,
    variants: &[ir::Score],
    source: &TokenStream,
    specification: &Specification<'_>,
) -> TokenStream {
    let programs: Vec<_> = variants.iter().map(|variant| compile(variant.clone()).program()).collect();
    let item = item(&declared.doc, declared.visibility, ident, source);
    let kernels = cpu::model(ident, &programs, specification);
    quote!(#item #kernels)
}

/// The items of a semiring.
pub(super) fn semiring(declared: &ast::Semiring, ident: &Ident, source: &TokenStream) -> TokenStream {
    item(&declared.doc, declared.visibility, ident, source)
}

fn item(doc: &str, visibility: Visibility, ident: &Ident, source: &TokenStream) -> TokenStream {
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
        }
    }
}
