//! The statements of a score.

use syn::Token;
use syn::parse::ParseStream;

use super::ast::{Incidence, Let, Parameter, Root, Statement, Tables};
use super::item::{braced, doc};
use super::stream::{Parsed, expected, name, new_name, peek_word, skip_statement, take_word, token};
use super::{expr, slot};
use crate::diagnostics::{Diagnostic, did_you_mean};
use crate::ir::Owner;

const FIRST_WORDS: [&str; 6] = ["parameter", "entity", "relation", "incidence", "let", "score"];

/// Reads statements to the end; those that do not parse are reported and skipped.
pub(super) fn statements(input: ParseStream<'_>, errors: &mut Vec<Diagnostic>) -> Vec<Statement> {
    let mut statements = Vec::new();
    while !input.is_empty() {
        match statement(input, errors) {
            Ok(Some(statement)) => statements.push(statement),
            Ok(None) => {}
            Err(error) => {
                errors.push(*error);
                skip_statement(input);
            }
        }
    }
    statements
}

/// One statement, or `None` for a stray doc comment at the end.
fn statement(input: ParseStream<'_>, errors: &mut Vec<Diagnostic>) -> Parsed<Option<Statement>> {
    doc(input)?;
    if input.is_empty() {
        return Ok(None);
    }
    let statement = match peek_word(input).as_deref() {
        Some("parameter") => Statement::Parameter(parameter(input)?),
        Some("entity") => Statement::Tables(tables(input, Owner::Entity, errors)?),
        Some("relation") => Statement::Tables(tables(input, Owner::Relation, errors)?),
        Some("incidence") => Statement::Incidence(incidence(input)?),
        Some("let") => Statement::Let(binding(input)?),
        Some("score") => Statement::Score(root(input)?),
        Some(word) => return Err(Box::new(expected(input, "a statement").help(did_you_mean(word, FIRST_WORDS)))),
        None => return Err(Box::new(expected(input, "a statement").help(did_you_mean("", FIRST_WORDS)))),
    };
    Ok(Some(statement))
}

fn parameter(input: ParseStream<'_>) -> Parsed<Parameter> {
    take_word(input, "parameter");
    let name = new_name(input, "the parameter's name")?;
    equals(input, "`parameter norm = 1 | 2;` or `parameter scale = 0.5;`")?;
    let mut values = vec![expr::expression(input)?];
    while input.peek(Token![|]) {
        token::<Token![|]>(input, "`|`", "")?;
        values.push(expr::expression(input)?);
    }
    semicolon(input)?;
    Ok(Parameter { name, values })
}

fn tables(input: ParseStream<'_>, owner: Owner, errors: &mut Vec<Diagnostic>) -> Parsed<Tables> {
    take_word(input, "entity").or_else(|| take_word(input, "relation"));
    let body = braced(input, "`{`, the beginning of the tables: `entity { v: real[d] }`")?;
    let slots = slot::slots(&body, errors);
    if input.peek(Token![;]) {
        token::<Token![;]>(input, "`;`", "")?;
    }
    Ok(Tables { owner, slots })
}

fn incidence(input: ParseStream<'_>) -> Parsed<Incidence> {
    take_word(input, "incidence");
    let name = new_name(input, "the row's name")?;
    equals(input, "`incidence x = h.v + r.v - t.v;`")?;
    let value = expr::expression(input)?;
    let semiring = if input.peek(Token![in]) {
        token::<Token![in]>(input, "`in`", "")?;
        Some(self::name(input, "the name of a semiring")?)
    } else {
        None
    };
    semicolon(input)?;
    Ok(Incidence { name, value, semiring })
}

fn binding(input: ParseStream<'_>) -> Parsed<Let> {
    take_word(input, "let");
    let name = new_name(input, "a name")?;
    equals(input, "`let y = x * x;`")?;
    let value = expr::expression(input)?;
    semicolon(input)?;
    Ok(Let { name, value })
}

fn root(input: ParseStream<'_>) -> Parsed<Root> {
    let error = expected(input, "`score`");
    let keyword = take_word(input, "score").ok_or(error)?;
    equals(input, "`score = -norm1(x);`")?;
    let value = expr::expression(input)?;
    semicolon(input)?;
    Ok(Root { keyword, value })
}

fn equals(input: ParseStream<'_>, example: &str) -> Parsed<()> {
    token::<Token![=]>(input, "`=`", &format!("as in {example}")).map(drop)
}

fn semicolon(input: ParseStream<'_>) -> Parsed<()> {
    let help = if input.peek(Token![in]) {
        "only an `incidence` statement names a semiring"
    } else if input.peek(syn::token::Bracket) {
        "only a table has rows: `h.v[0]`"
    } else {
        "a statement ends with `;`, and two values are joined by an operator: `2 * x`"
    };
    token::<Token![;]>(input, "an operator or `;`", help).map(drop)
}
