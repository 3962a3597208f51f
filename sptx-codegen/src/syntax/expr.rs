//! Expressions, by precedence: comparison, sum, term, factor, primary.

use syn::Token;
use syn::parse::{ParseBuffer, ParseStream};

use super::ast::{Expr, ExprKind, Name, Operator};
use super::nesting::{MOST_OPERATORS, too_deep};
use super::stream::{Parsed, expected, name, token};
use crate::diagnostics::{Diagnostic, Span};
use crate::ir::Side;

/// An expression.
pub(super) fn expression(input: ParseStream<'_>) -> Parsed<Expr> {
    comparison(input, 0)
}

/// What stands between parentheses, and where they are.
pub(super) fn parenthesized<'a>(input: ParseStream<'a>) -> Parsed<(ParseBuffer<'a>, Span)> {
    let error = expected(input, "`(`");
    let parsed = (|| {
        let inside;
        let parentheses = syn::parenthesized!(inside in input);
        Ok((inside, Span::of(parentheses.span.open()).to(Span::of(parentheses.span.close()))))
    })();
    parsed.map_err(|_: syn::Error| error)
}

fn comparison(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    let left = sum(input, depth)?;
    match operator(input) {
        Some(operator @ (Operator::Greater | Operator::Less)) => {
            skip(input);
            binary(operator, left, sum(input, depth + 1)?)
        }
        Some(Operator::Add | Operator::Sub | Operator::Mul | Operator::Div | Operator::Pow) | None => Ok(left),
    }
}

fn sum(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    let mut left = term(input, depth)?;
    while let Some(operator @ (Operator::Add | Operator::Sub)) = operator(input) {
        skip(input);
        left = binary(operator, left, term(input, depth + 1)?)?;
    }
    Ok(left)
}

fn term(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    // The sign of a number belongs to the number: `-1 * x` is the product of −1 and x.
    if input.peek(Token![-]) && !input.peek2(syn::Lit) {
        return negated(input, depth, term);
    }
    let mut left = factor(input, depth)?;
    while let Some(operator @ (Operator::Mul | Operator::Div)) = operator(input) {
        skip(input);
        left = binary(operator, left, factor(input, depth + 1)?)?;
    }
    Ok(left)
}

fn factor(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    if input.peek(Token![-]) {
        return negated(input, depth, factor);
    }
    let base = primary(input, depth)?;
    if input.peek(Token![^]) {
        skip(input);
        return binary(Operator::Pow, base, factor(input, depth + 1)?);
    }
    Ok(base)
}

fn negated(input: ParseStream<'_>, depth: u32, inner: fn(ParseStream<'_>, u32) -> Parsed<Expr>) -> Parsed<Expr> {
    let start = Span::of(input.span());
    if depth >= MOST_OPERATORS {
        return Err(Box::new(too_deep(start)));
    }
    skip(input);
    let value = inner(input, depth + 1)?;
    let span = start.to(value.span);
    bounded(Expr::new(ExprKind::Neg(Box::new(value)), span))
}

fn primary(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    if depth >= MOST_OPERATORS {
        return Err(Box::new(too_deep(Span::of(input.span()))));
    }
    let mut value = if input.peek(syn::Lit) {
        number(input)?
    } else if input.peek(syn::token::Paren) {
        grouped(input, depth)?
    } else if input.peek(syn::Ident) {
        named(input, depth)?
    } else {
        return Err(Box::new(no_expression(input)));
    };
    while input.peek(syn::token::Bracket) {
        value = row(input, value)?;
    }
    Ok(value)
}

fn no_expression(input: ParseStream<'_>) -> Diagnostic {
    let error = expected(input, "an expression");
    if input.peek(Token![*]) { error.help("a power is written `x^2`") } else { *error }
}

fn number(input: ParseStream<'_>) -> Parsed<Expr> {
    let error = Box::new(expected(input, "a number").help("numbers are written `2`, `0.5` or `1e-3`"));
    let literal: syn::Lit = input.parse().map_err(|_| error.clone())?;
    let digits = match &literal {
        syn::Lit::Int(literal) if literal.suffix().is_empty() => literal.base10_digits().to_owned(),
        syn::Lit::Float(literal) if literal.suffix().is_empty() => literal.base10_digits().to_owned(),
        _ => return Err(error),
    };
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Expr::new(ExprKind::Number(value), Span::of(literal.span()))),
        Ok(_) | Err(_) => Err(error),
    }
}

fn grouped(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    let (inside, span) = parenthesized(input)?;
    let value = comparison(&inside, depth + 1)?;
    if !inside.is_empty() {
        return Err(expected(&inside, "an operator or `)`"));
    }
    // The parentheses belong to the place, so that an operator's place covers them.
    Ok(Expr { span, ..value })
}

/// A name, a call, or a slot of a side.
fn named(input: ParseStream<'_>, depth: u32) -> Parsed<Expr> {
    let name = name(input, "an expression")?;
    if input.peek(Token![.]) {
        return slot(input, name);
    }
    if input.peek(syn::token::Paren) {
        return call(input, name, depth);
    }
    let span = name.span;
    Ok(Expr::new(ExprKind::Name(name.text), span))
}

fn slot(input: ParseStream<'_>, side: Name) -> Parsed<Expr> {
    let Some(known) = Side::ALL.into_iter().find(|known| side.text == known.letter().to_string()) else {
        let message = format!("`{}` has no tables", side.text);
        let help = "tables are read through `h` (head), `r` (relation) and `t` (tail): `h.v`";
        return Err(Box::new(Diagnostic::new(side.span, message).help(help)));
    };
    token::<Token![.]>(input, "`.`", "")?;
    let slot = name(input, "a table's name, as in `h.v`")?;
    let span = side.span.to(slot.span);
    Ok(Expr::new(ExprKind::Slot(known, slot), span))
}

fn call(input: ParseStream<'_>, function: Name, depth: u32) -> Parsed<Expr> {
    let (inside, parentheses) = parenthesized(input)?;
    let mut arguments = Vec::new();
    while !inside.is_empty() {
        arguments.push(comparison(&inside, depth + 1)?);
        if !inside.is_empty() {
            token::<Token![,]>(&inside, "an operator, `,` or `)`", "arguments are separated by commas")?;
        }
    }
    let span = function.span.to(parentheses);
    bounded(Expr::new(ExprKind::Call(function, arguments), span))
}

/// `value[0]`.
fn row(input: ParseStream<'_>, value: Expr) -> Parsed<Expr> {
    let error = Box::new(expected(input, "a row's number in brackets").help("rows are counted from 0: `h.v[0]`"));
    let parsed: syn::Result<_> = (|| {
        let inside;
        let brackets = syn::bracketed!(inside in input);
        let index: syn::LitInt = inside.parse()?;
        Ok((index.base10_parse::<u32>()?, inside.is_empty(), Span::of(brackets.span.close())))
    })();
    match parsed {
        Ok((index, true, close)) => {
            let span = value.span.to(close);
            bounded(Expr::new(ExprKind::Row(Box::new(value), index), span))
        }
        Ok((_, false, _)) | Err(_) => Err(error),
    }
}

fn binary(operator: Operator, left: Expr, right: Expr) -> Parsed<Expr> {
    let span = left.span.to(right.span);
    bounded(Expr::new(ExprKind::Binary(operator, Box::new(left), Box::new(right)), span))
}

/// Refuses a tree too deep to walk.
fn bounded(value: Expr) -> Parsed<Expr> {
    if value.depth > MOST_OPERATORS { Err(Box::new(too_deep(value.span))) } else { Ok(value) }
}

/// The next token, if it is an operator.
fn operator(input: ParseStream<'_>) -> Option<Operator> {
    let (punct, _) = input.cursor().punct()?;
    match punct.as_char() {
        '+' => Some(Operator::Add),
        '-' => Some(Operator::Sub),
        '*' => Some(Operator::Mul),
        '/' => Some(Operator::Div),
        '^' => Some(Operator::Pow),
        '>' => Some(Operator::Greater),
        '<' => Some(Operator::Less),
        _ => None,
    }
}

/// Reads a punctuation mark that has been seen.
fn skip(input: ParseStream<'_>) {
    let _ = input.parse::<proc_macro2::Punct>();
}
