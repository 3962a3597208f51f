//! Items: scores and semirings, wrapped in their macros or bare.

use syn::Token;
use syn::parse::{ParseBuffer, ParseStream};

use super::ast::{File, Score, Visibility};
use super::stream::{Parsed, expected, new_name, peek_word, skip_statement, take_word, token};
use super::{semiring, statement};
use crate::diagnostics::Diagnostic;

/// Reads items to the end, into the file.
pub(super) fn items(input: ParseStream<'_>, file: &mut File, errors: &mut Vec<Diagnostic>) {
    while !input.is_empty() {
        if let Err(error) = item(input, file, errors) {
            errors.push(*error);
            skip_item(input);
        }
    }
}

fn item(input: ParseStream<'_>, file: &mut File, errors: &mut Vec<Diagnostic>) -> Parsed<()> {
    let doc = doc(input)?;
    if input.is_empty() {
        return Ok(());
    }
    if input.peek2(Token![!]) {
        return wrapped(input, file, errors);
    }
    let visibility = visibility(input)?;
    let said_semiring = take_word(input, "semiring").is_some();
    let name = new_name(input, "the name of a model or of a semiring")?;
    let body = braced(input, "`{`, the beginning of the declaration's body")?;
    if said_semiring || semiring::looks_like_one(&body) {
        file.semirings.push(semiring::semiring(&body, doc, visibility, name)?);
    } else {
        let statements = statement::statements(&body, errors);
        file.scores.push(Score { doc, visibility, name, statements });
    }
    Ok(())
}

/// `score! { … }` or `semiring! { … }`.
fn wrapped(input: ParseStream<'_>, file: &mut File, errors: &mut Vec<Diagnostic>) -> Parsed<()> {
    if !matches!(peek_word(input).as_deref(), Some("score" | "semiring")) {
        return Err(expected(input, "`score!` or `semiring!`"));
    }
    take_word(input, "score").or_else(|| take_word(input, "semiring"));
    token::<Token![!]>(input, "`!`", "")?;
    let body = braced(input, "`{` after the macro's name")?;
    items(&body, file, errors);
    Ok(())
}

/// What stands between braces.
pub(super) fn braced<'a>(input: ParseStream<'a>, what: &str) -> Parsed<ParseBuffer<'a>> {
    let error = expected(input, what);
    let body = (|| {
        let body;
        syn::braced!(body in input);
        Ok(body)
    })();
    body.map_err(|_: syn::Error| error)
}

/// Doc comments, lines joined by newlines.
pub(super) fn doc(input: ParseStream<'_>) -> Parsed<String> {
    let mut lines = Vec::new();
    while input.peek(Token![#]) {
        let span = input.span();
        let unknown = || {
            let error = Diagnostic::new(crate::diagnostics::Span::of(span), "only doc comments may stand here");
            Box::new(error.help("remove the attribute"))
        };
        let inner = input.peek2(Token![!]);
        let attributes =
            if inner { input.call(syn::Attribute::parse_inner) } else { input.call(syn::Attribute::parse_outer) };
        for attribute in attributes.map_err(|_| unknown())? {
            let line = doc_line(&attribute).ok_or_else(unknown)?;
            if !inner {
                lines.push(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
            }
        }
    }
    Ok(lines.join("\n"))
}

fn doc_line(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(meta) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &meta.value else { return None };
    meta.path.is_ident("doc").then(|| text.value())
}

fn visibility(input: ParseStream<'_>) -> Parsed<Visibility> {
    let error = expected(input, "`pub`, `pub(crate)` or `pub(super)`");
    match input.parse() {
        Ok(syn::Visibility::Inherited) => Ok(Visibility::Private),
        Ok(syn::Visibility::Public(_)) => Ok(Visibility::Public),
        Ok(syn::Visibility::Restricted(inside)) if inside.path.is_ident("crate") => Ok(Visibility::Crate),
        Ok(syn::Visibility::Restricted(inside)) if inside.path.is_ident("super") => Ok(Visibility::Super),
        Ok(syn::Visibility::Restricted(_)) | Err(_) => Err(error),
    }
}

/// Skips to the end of a broken item: past its body, if one follows.
fn skip_item(input: ParseStream<'_>) {
    if input.peek(syn::token::Brace) {
        let _ = input.parse::<proc_macro2::TokenTree>();
        return;
    }
    skip_statement(input);
}
