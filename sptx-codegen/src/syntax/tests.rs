//! What parses, as what, and what the errors say.

use super::ast::{Expr, ExprKind, Visibility};
use super::{ast::Statement, parse_str};

/// Checks how an expression groups: every operation in parentheses.
#[track_caller]
fn groups(expr: &str, expected: &str) {
    let file = parse_str("", &format!("M {{ score = {expr}; }}")).unwrap_or_else(|errors| panic!("{errors}"));
    let [Statement::Score(root)] = file.scores[0].statements.as_slice() else { panic!("one statement") };
    assert_eq!(show(&root.value), expected);
}

fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Slot(side, slot) => format!("{}.{}", side.letter(), slot.text),
        ExprKind::Row(table, index) => format!("{}[{index}]", show(table)),
        ExprKind::Neg(a) => format!("(-{})", show(a)),
        ExprKind::Binary(operator, a, b) => format!("({} {} {})", show(a), operator.sign(), show(b)),
        ExprKind::Call(name, arguments) => {
            format!("{}({})", name.text, arguments.iter().map(show).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Checks the messages of a text, each with its line and column.
#[track_caller]
fn errors(text: &str, expected: &[&str]) {
    let found = parse_str("", text).expect_err("the text has errors");
    let place = |error: &crate::diagnostics::Diagnostic| {
        format!("{}:{}: {}", error.span.start.line, error.span.start.column, error.message)
    };
    assert_eq!(found.errors.iter().map(place).collect::<Vec<_>>(), expected);
}

#[test]
fn precedence() {
    groups("a + b * c - d / e", "((a + (b * c)) - (d / e))");
    groups("-a * b + -c", "((-(a * b)) + (-c))");
    groups("-a^2^-b", "(-(a ^ (2 ^ (-b))))");
    groups("a - b - c < d", "(((a - b) - c) < d)");
    groups("2 * -x", "(2 * (-x))");
    groups("-1 * x", "((-1) * x)");
    groups("norm(h.v[0] + r.v, p)", "norm((h.v[0] + r.v), p)");
    groups("(a + b)^2", "((a + b) ^ 2)");
}

#[test]
fn items_are_wrapped_or_bare() {
    let semiring = "S { zero: -inf, one: 0.0, add(a, b): max(a, b), mul(a, b): a + b, }";
    let score = "/// Two\n/// lines.\npub(crate) M { score = 1; }";
    for text in [
        format!("semiring! {{ pub {semiring} }} score! {{ {score} }}"),
        format!("//! About the file.\npub semiring {semiring} {score}"),
        format!("score! {{ semiring {semiring} {score} }}"),
        format!("{semiring}\n{score}"),
    ] {
        let file = parse_str("", &text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(file.semirings[0].name.text, "S");
        assert_eq!(file.scores[0].name.text, "M");
        assert_eq!(file.scores[0].doc, "Two\nlines.");
        assert_eq!(file.scores[0].visibility, Visibility::Crate);
    }
}

#[test]
fn constraints_end_where_the_next_table_begins() {
    let text = "M { entity { v: real[d] where max_norm(1), nonneg = uniform(-0.1, 0.1), b: scalar where frozen, c: unit[4] } }";
    let file = parse_str("", text).unwrap_or_else(|errors| panic!("{errors}"));
    let [Statement::Tables(tables)] = file.scores[0].statements.as_slice() else { panic!("one statement") };
    let shape = |slot: &super::ast::Slot| (slot.name.text.clone(), slot.constraints.len(), slot.initializer.is_some());
    let shapes: Vec<_> = tables.slots.iter().map(shape).collect();
    assert_eq!(shapes, [("v".to_owned(), 2, true), ("b".to_owned(), 1, false), ("c".to_owned(), 0, false)]);
}

#[test]
fn each_broken_statement_is_reported_once() {
    errors(
        "M {\n  let x 1;\n  incidence = h.v;\n  entity { v real[d], w: }\n  let y = 1 let z = 2;\n  score = ;\n}",
        &[
            "2:9: expected `=`, found `1`",
            "3:13: expected the row's name, found `=`",
            "4:14: expected `:` and the table's type, found `real`",
            "4:26: expected a type: `real[d]`, `complex[d]`, `phase[d]`, `unit[d]`, `real[k, d]` or `scalar`, found the end",
            "5:13: expected an operator or `;`, found `let`",
            "6:11: expected an expression, found `;`",
        ],
    );
}

#[test]
fn errors_outside_statements() {
    errors("M", &["1:2: expected `{`, the beginning of the declaration's body, found the end"]);
    errors("model! { }", &["1:1: expected `score!` or `semiring!`, found `model`"]);
    errors("M { score = 1; ", &["1:3: this `{` is not closed"]);
    errors("M { score = (1]; }", &["1:15: this `]` closes nothing"]);
    errors("M { score = \"1; }", &["1:13: the text is not made of valid tokens"]);
    errors("M { score = 1u8 + 0x1; }", &["1:13: expected a number, found `1u8`"]);
    errors("é { score = 1; }", &["1:1: `é` cannot be a name"]);
    errors("S { zero: 0, zero: 1 }", &["1:14: `zero` is given twice"]);
    errors("S { zero: 0, add(a, a): a }", &["1:21: two arguments are called `a`"]);
    errors("semiring S { score = 1; }", &["1:14: a semiring has no field `score`"]);
}
