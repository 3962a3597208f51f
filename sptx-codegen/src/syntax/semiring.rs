//! Declarations of semirings.

use syn::Token;
use syn::parse::ParseStream;

use super::ast::{Expr, Name, Operation, Semiring, Visibility};
use super::expr;
use super::item::doc;
use super::stream::{Parsed, expected, name, peek_word, token};
use crate::diagnostics::{Diagnostic, did_you_mean, listed};

const FIELDS: [&str; 4] = ["zero", "one", "add", "mul"];

/// Whether a body that nothing announced is that of a semiring: it begins with one of its fields.
pub(super) fn looks_like_one(body: ParseStream<'_>) -> bool {
    let field = peek_word(body).is_some_and(|word| FIELDS.contains(&word.as_str()));
    field && (body.peek2(Token![:]) || body.peek2(syn::token::Paren))
}

/// The fields read so far.
#[derive(Default)]
struct Fields {
    zero: Option<Expr>,
    one: Option<Expr>,
    add: Option<Operation>,
    mul: Option<Operation>,
}

/// The body of a semiring.
pub(super) fn semiring(body: ParseStream<'_>, doc: String, visibility: Visibility, name: Name) -> Parsed<Semiring> {
    let mut fields = Fields::default();
    while !body.is_empty() {
        field(body, &mut fields)?;
        if !body.is_empty() {
            let help = "the fields of a semiring are separated by commas";
            token::<Token![,]>(body, "an operator or `,`", help)?;
        }
    }
    fields.complete(doc, visibility, name)
}

fn field(body: ParseStream<'_>, fields: &mut Fields) -> Parsed<()> {
    doc(body)?;
    let field = name(body, "a field of a semiring: `zero`, `one`, `add(a, b)` or `mul(a, b)`")?;
    let known = match field.text.as_str() {
        "zero" => put(&mut fields.zero, number(body)?),
        "one" => put(&mut fields.one, number(body)?),
        "add" => put(&mut fields.add, operation(body)?),
        "mul" => put(&mut fields.mul, operation(body)?),
        unknown => {
            let error = Diagnostic::new(field.span, format!("a semiring has no field `{unknown}`"));
            return Err(Box::new(error.help(did_you_mean(unknown, FIELDS))));
        }
    };
    if known {
        return Ok(());
    }
    let error = Diagnostic::new(field.span, format!("`{}` is given twice", field.text));
    Err(Box::new(error.help("keep one of the two")))
}

/// Whether the place was free.
fn put<T>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_none()
}

fn number(body: ParseStream<'_>) -> Parsed<Expr> {
    token::<Token![:]>(body, "`:`", "as in `zero: 0.0`")?;
    expr::expression(body)
}

fn operation(body: ParseStream<'_>) -> Parsed<Operation> {
    let help = "an operation names its two arguments: `add(a, b): max(a, b)`";
    if !body.peek(syn::token::Paren) {
        return Err(Box::new(expected(body, "`(`").help(help)));
    }
    let (inside, _) = expr::parenthesized(body)?;
    let left = name(&inside, "the first argument's name")?;
    token::<Token![,]>(&inside, "`,`", help)?;
    let right = name(&inside, "the second argument's name")?;
    if !inside.is_empty() {
        return Err(Box::new(expected(&inside, "`)`").help(help)));
    }
    if left.text == right.text {
        let error = Diagnostic::new(right.span, format!("two arguments are called `{}`", right.text));
        return Err(Box::new(error.help(help)));
    }
    token::<Token![:]>(body, "`:`", help)?;
    Ok(Operation { left, right, body: expr::expression(body)? })
}

impl Fields {
    fn complete(self, doc: String, visibility: Visibility, name: Name) -> Parsed<Semiring> {
        match self {
            Self { zero: Some(zero), one: Some(one), add: Some(add), mul: Some(mul) } => {
                Ok(Semiring { doc, visibility, name, zero, one, add, mul })
            }
            Self { zero, one, add, mul } => {
                let given = [zero.is_some(), one.is_some(), add.is_some(), mul.is_some()];
                let missing: Vec<&str> =
                    FIELDS.iter().zip(given).filter(|(_, given)| !given).map(|(field, _)| *field).collect();
                let message = format!("the semiring `{}` lacks {}", name.text, listed(&missing));
                let help = "a semiring is `{ zero: 0.0, one: 1.0, add(a, b): a + b, mul(a, b): a * b }`";
                Err(Box::new(Diagnostic::new(name.span, message).help(help)))
            }
        }
    }
}
