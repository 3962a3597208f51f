//! Declarations of tables: types, constraints, initialisers.

use syn::Token;
use syn::parse::ParseStream;

use super::ast::{Argument, Dim, Rule, Slot, SlotType};
use super::expr;
use super::item::doc;
use super::stream::{Parsed, expected, name, new_name, token};
use crate::diagnostics::{Diagnostic, Span};

/// The largest dimension: bytes of a matrix of such dimensions can still be counted in 64 bits.
const MOST: u32 = 1 << 20;

/// Reads declarations to the end; those that do not parse are reported and skipped.
pub(super) fn slots(input: ParseStream<'_>, errors: &mut Vec<Diagnostic>) -> Vec<Slot> {
    let mut slots = Vec::new();
    while !input.is_empty() {
        match slot(input).and_then(|slot| comma(input).map(|()| slot)) {
            Ok(slot) => slots.push(slot),
            Err(error) => {
                errors.push(*error);
                skip_slot(input);
            }
        }
    }
    slots
}

fn slot(input: ParseStream<'_>) -> Parsed<Slot> {
    doc(input)?;
    let name = new_name(input, "a table's name, as in `v: real[d]`")?;
    token::<Token![:]>(input, "`:` and the table's type", "as in `v: real[d]`")?;
    let ty = slot_type(input)?;
    let constraints = if input.peek(Token![where]) { constraints(input)? } else { Vec::new() };
    let initializer = if input.peek(Token![=]) {
        token::<Token![=]>(input, "`=`", "")?;
        Some(rule(input, "an initialiser, as in `= uniform(-0.1, 0.1)`")?)
    } else {
        None
    };
    Ok(Slot { name, ty, constraints, initializer })
}

fn comma(input: ParseStream<'_>) -> Parsed<()> {
    if input.is_empty() {
        return Ok(());
    }
    token::<Token![,]>(input, "`,`, `where`, or `=`", "tables are separated by commas: `v: real[d], b: scalar`")
        .map(drop)
}

fn slot_type(input: ParseStream<'_>) -> Parsed<SlotType> {
    let name = name(input, "a type: `real[d]`, `complex[d]`, `phase[d]`, `unit[d]`, `real[k, d]` or `scalar`")?;
    let mut dims = Vec::new();
    let mut span = name.span;
    if input.peek(syn::token::Bracket) {
        let error = expected(input, "`[`");
        let parsed = (|| {
            let inside;
            let brackets = syn::bracketed!(inside in input);
            Ok((inside, brackets))
        })();
        let (inside, brackets) = parsed.map_err(|_: syn::Error| error)?;
        span = span.to(Span::of(brackets.span.close()));
        while !inside.is_empty() {
            dims.push(dim(&inside)?);
            if !inside.is_empty() {
                token::<Token![,]>(&inside, "`,` or `]`", "a dimension is a name or a number: `real[k, d]`")?;
            }
        }
    }
    Ok(SlotType { name, dims, span })
}

fn dim(input: ParseStream<'_>) -> Parsed<Dim> {
    if !input.peek(syn::LitInt) {
        return Ok(Dim::Symbol(name(input, "a dimension: a name, or a number above zero")?));
    }
    let error = expected(input, "a dimension: a name, or a number above zero");
    let literal: syn::LitInt = input.parse().map_err(|_| error.clone())?;
    match literal.base10_parse::<u32>() {
        Ok(size @ 1..=MOST) if literal.suffix().is_empty() => Ok(Dim::Literal(size, Span::of(literal.span()))),
        Ok(size) if size > MOST => {
            let error = Diagnostic::new(Span::of(literal.span()), format!("a dimension of {size} is too large"));
            Err(Box::new(error.help(format!("the largest is {MOST}"))))
        }
        Ok(_) | Err(_) => Err(error),
    }
}

fn constraints(input: ParseStream<'_>) -> Parsed<Vec<Rule>> {
    token::<Token![where]>(input, "`where`", "")?;
    let mut rules = vec![rule(input, "a constraint, as in `where max_norm(1)`")?];
    // After a comma, a name with a colon is the next table.
    while input.peek(Token![,]) && input.peek2(syn::Ident) && !input.peek3(Token![:]) {
        token::<Token![,]>(input, "`,`", "")?;
        rules.push(rule(input, "a constraint")?);
    }
    Ok(rules)
}

fn rule(input: ParseStream<'_>, what: &str) -> Parsed<Rule> {
    let name = name(input, what)?;
    let mut arguments = Vec::new();
    if input.peek(syn::token::Paren) {
        let (inside, _) = expr::parenthesized(input)?;
        while !inside.is_empty() {
            arguments.push(argument(&inside)?);
            if !inside.is_empty() {
                token::<Token![,]>(&inside, "`,` or `)`", "arguments are separated by commas")?;
            }
        }
    }
    Ok(Rule { name, arguments })
}

fn argument(input: ParseStream<'_>) -> Parsed<Argument> {
    if input.peek(syn::LitStr) {
        let error = expected(input, "a string");
        let text: syn::LitStr = input.parse().map_err(|_| error)?;
        return Ok(Argument::Text(text.value(), Span::of(text.span())));
    }
    expr::expression(input).map(Argument::Number)
}

fn skip_slot(input: ParseStream<'_>) {
    while !input.is_empty() {
        let ends = input.peek(Token![,]);
        // A non-empty stream always has a next token tree.
        let _ = input.parse::<proc_macro2::TokenTree>();
        if ends {
            return;
        }
    }
}
