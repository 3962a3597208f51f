//! No text makes the front end panic: it gives a score or errors, and renders them.

use proptest::prelude::*;
use sptx_codegen::diagnostics::Diagnostics;
use sptx_codegen::{expand, sema, syntax};

/// What a text gives; the errors are rendered, since that must not panic either.
fn compile(text: &str) -> Result<(), String> {
    let rendered = |errors: Diagnostics| errors.to_string();
    let file = syntax::parse_str("soup.sptx", text).map_err(rendered)?;
    sema::analyze_every_choice(&file).map(drop).map_err(rendered)
}

/// The words and marks of the language, and some that are none.
const TOKENS: [&str; 96] = [
    "score",
    "semiring",
    "entity",
    "relation",
    "incidence",
    "parameter",
    "let",
    "in",
    "where",
    "pub",
    "!",
    "=",
    ";",
    ",",
    ":",
    "|",
    "+",
    "-",
    "*",
    "/",
    "^",
    "<",
    ">",
    ".",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "h",
    "r",
    "t",
    "h.v",
    "r.v",
    "t.v",
    "h.w",
    "r.m",
    "t.b",
    "v",
    "w",
    "m",
    "b",
    "x",
    "y",
    "d",
    "k",
    "0",
    "1",
    "2",
    "4",
    "0.5",
    "1e-3",
    "1e308",
    "3u8",
    "inf",
    "pi",
    "real",
    "complex",
    "phase",
    "unit",
    "scalar",
    "real[d]",
    "complex[d]",
    "phase[d]",
    "real[k, d]",
    "real[4, d]",
    "max_norm(1)",
    "nonneg",
    "symmetric",
    "frozen",
    "uniform(0, 1)",
    "identity",
    "one_if_named(\"a\")",
    "\"text\"",
    "'c'",
    "norm",
    "norm1",
    "norm2",
    "sum",
    "dot",
    "min",
    "max",
    "lower",
    "upper",
    "angle",
    "choose",
    "hadamard",
    "max_plus",
    "zero",
    "one",
    "add(a, b)",
    "mul(a, b)",
    "/// doc\n",
    "é",
    "#[attribute]",
];

fn soup(most: usize) -> impl Strategy<Value = String> {
    let token = proptest::sample::select(TOKENS.as_slice());
    proptest::collection::vec(token, 0..most).prop_map(|tokens| tokens.join(" "))
}

/// An expression that is nested and well-formed, over tables of every type.
fn expression() -> impl Strategy<Value = String> {
    const LEAVES: [&str; 14] =
        ["h.v", "t.v", "r.v", "h.c", "t.c", "r.p", "r.m", "h.s", "2", "0.5", "p", "q", "x", "angle(r.p)"];
    let leaf = proptest::sample::select(LEAVES.as_slice()).prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        const BINARY: [&str; 6] = ["+", "-", "*", "/", "^", "<"];
        const UNARY: [&str; 12] =
            ["-", "abs", "sum", "norm1", "norm2", "re", "conj", "max", "transpose", "normalize", "relu", "sqrt"];
        const CALLS: [&str; 6] = ["dot", "min", "norm", "pow", "complex", "quadratic"];
        let group = |function: &str, arguments: &str| format!("{function}({arguments})");
        prop_oneof![
            (inner.clone(), proptest::sample::select(BINARY.as_slice()), inner.clone())
                .prop_map(|(a, operator, b)| format!("({a}) {operator} {b}")),
            (proptest::sample::select(UNARY.as_slice()), inner.clone()).prop_map(move |(f, a)| group(f, &a)),
            (proptest::sample::select(CALLS.as_slice()), inner.clone(), inner)
                .prop_map(move |(f, a, b)| group(f, &format!("{a}, {b}"))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn random_characters(text in "\\PC{0,60}") {
        let _ = compile(&text);
    }

    #[test]
    fn random_tokens(text in soup(40)) {
        let _ = compile(&text);
    }

    #[test]
    fn random_statements(text in soup(30)) {
        let _ = compile(&format!("M {{ entity {{ v: real[d] }} relation {{ v: real[d], m: real[d, d] }} {text} }}"));
        let _ = compile(&format!("M {{ entity {{ v: real[d], {text} }} score = sum(h.v); }}"));
    }

    #[test]
    fn random_expressions(value in expression(), row in expression()) {
        let tables = "parameter p = 1 | 2; parameter q = 0.5; entity { v: real[d], c: complex[d], s: scalar }
                      relation { v: real[d], p: phase[d], m: real[d, d] }";
        let _ = compile(&format!("M {{ {tables} let x = h.v; score = {value}; }}"));
        for semiring in ["plus_times", "hadamard", "max_plus"] {
            let _ = compile(&format!("M {{ {tables} incidence x = h.v; incidence y = {row} in {semiring}; score = sum(y); }}"));
        }
    }

    #[test]
    fn random_semirings(text in soup(12)) {
        let _ = compile(&format!("semiring S {{ zero: 0, one: 1, add(a, b): {text}, mul(a, b): a * b }}"));
        if let Ok(tokens) = text.parse() {
            let _ = expand::score(tokens);
        }
    }
}

/// Each of these would overflow the stack, or take all memory, if it were let through.
#[test]
fn deep_and_large_texts_are_errors() {
    let score = |value: &str| format!("M {{ entity {{ v: real[d] }} score = {value}; }}");
    let deep = 100_000;
    for (text, expected) in [
        (score(&format!("{}h.v{}", "(".repeat(deep), ")".repeat(deep))), "nested too deep"),
        (format!("{}{}", "{".repeat(deep), "}".repeat(deep)), "nested too deep"),
        (score(&format!("{}h.v", "-".repeat(deep))), "nested too deep"),
        (score(&format!("h.v{}", "^2".repeat(deep))), "nested too deep"),
        (score(&format!("h.v{}", "+h.v".repeat(deep))), "nested too deep"),
        (score(&format!("h.v{}", "[0]".repeat(deep))), "nested too deep"),
        (score("sum(h.v^1000000000)"), ""),
        ("M { entity { v: real[4000000000, d] } score = sum(h.v[0]); }".to_owned(), "too many"),
        (format!("M {{ {} }}", "parameter p = 1|2|3|4|5|6|7|8|9;".repeat(50)), "combinations"),
    ] {
        match compile(&text) {
            Ok(()) => assert_eq!(expected, ""),
            Err(errors) => assert!(!expected.is_empty() && errors.contains(expected), "{errors}"),
        }
    }
}
