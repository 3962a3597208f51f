//! No text makes the front end panic: it gives a score or errors, and renders them.

use proptest::prelude::*;
use sptx_codegen::diagnostics::Diagnostics;
use sptx_codegen::{expand, sema, syntax, verify};

/// What a text gives; the errors are rendered, since that must not panic either. What is accepted satisfies the
/// verifier and goes through the middle of the compiler, which panics on what the front end should have refused.
fn compile(text: &str) -> Result<(), String> {
    let rendered = |errors: Diagnostics| errors.to_string();
    let file = syntax::parse_str("soup.sptx", text).map_err(rendered)?;
    for score in sema::analyze_every_choice(&file).map_err(rendered)?.into_iter().flatten() {
        assert_eq!(verify::verify(&score), Ok(()), "{text}");
        sptx_codegen::compile(score);
    }
    Ok(())
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

const SEMIRINGS: [&str; 4] = ["plus_times", "hadamard", "max_plus", "min_plus"];

/// Pieces of incidence rows.
const PIECES: [&str; 18] = [
    "h.v",
    "r.v",
    "t.v",
    "h.v",
    "r.v",
    "t.v",
    "h.c",
    "r.p",
    "conj(t.c)",
    "x",
    "+",
    "-",
    "*",
    "+",
    "*",
    "2 *",
    "-1 *",
    "/ 2",
];

/// A term, then joints and terms.
fn row_soup(most: usize) -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(PIECES.as_slice());
    proptest::collection::vec(piece, 1..most).prop_map(|pieces| pieces.join(" "))
}

fn soup(most: usize) -> impl Strategy<Value = String> {
    let token = proptest::sample::select(TOKENS.as_slice());
    proptest::collection::vec(token, 0..most).prop_map(|tokens| tokens.join(" "))
}

/// Writes expressions, led by bytes: of the type asked for, but for one in 64, which is of another.
struct Writer<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

/// What an expression is to be.
#[derive(Clone, Copy)]
enum Kind {
    Scalar,
    Vector,
    Complex,
}

impl Writer<'_> {
    /// The next byte; 0 at the end, which chooses leaves.
    fn next(&mut self) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte))
    }

    fn write(&mut self, kind: Kind) -> String {
        let kinds = [Kind::Scalar, Kind::Vector, Kind::Complex];
        let slips = self.next() == 255;
        let kind = if slips { kinds[self.next() % 3] } else { kind };
        let forms: &[&str] = match kind {
            Kind::Scalar => &[
                "h.s",
                "t.s",
                "2",
                "p",
                "q",
                "sum(V)",
                "dot(V, V)",
                "norm1(V)",
                "norm2(C)",
                "sq_norm2(V)",
                "norm(C, p)",
                "norm_inf(V)",
                "quadratic(r.m, V)",
                "bilinear(V, transpose(r.m), V)",
                "re(sum(C))",
                "max(V)",
                "S * S",
                "S - S",
                "-S",
                "S / S",
                "exp(S)",
                "choose(p, S, S)",
                "S > S",
                "S^2",
                "relu(S)",
                "clamp(S, 0, 1)",
            ],
            Kind::Vector => &[
                "h.v",
                "t.v",
                "r.v",
                "angle(r.p)",
                "x",
                "V + V",
                "V - V",
                "V * V",
                "S * V",
                "V / S",
                "-V",
                "abs(V)",
                "abs(C)",
                "re(C)",
                "im(C)",
                "r.m * V",
                "transpose(r.m) * V",
                "2 * r.m * V",
                "max(V, V)",
                "min(V, S)",
                "frac(V)",
                "sin(V)",
                "softplus(V)",
                "sqrt(V)",
                "V^3",
                "pow(V, q)",
                "normalize(V)",
                "floor(V)",
                "V < V",
            ],
            Kind::Complex => &[
                "h.c",
                "t.c",
                "r.p",
                "C + C",
                "C - C",
                "C * C",
                "C / C",
                "conj(C)",
                "V * C",
                "S * C",
                "complex(V, V)",
                "cis(V)",
                "-C",
                "C^2",
                "normalize(C)",
            ],
        };
        let chosen = forms[self.next() % forms.len()];
        let written: String = chosen.chars().map(|letter| self.letter(letter)).collect();
        format!("({written})")
    }

    fn letter(&mut self, letter: char) -> String {
        match letter {
            'S' => self.write(Kind::Scalar),
            'V' => self.write(Kind::Vector),
            'C' => self.write(Kind::Complex),
            other => other.to_string(),
        }
    }
}

/// A score made of scalars, which reads every table.
fn well_typed(bytes: &[u8]) -> String {
    let mut writer = Writer { bytes: bytes.iter() };
    let value = writer.write(Kind::Scalar);
    format!(
        "M {{ parameter p = 1 | 2; parameter q = 0.5;
              entity {{ v: real[d], c: complex[d], s: scalar }} relation {{ v: real[d], p: phase[d], m: real[d, d] }}
              incidence x = h.v + r.v - t.v;
              score = {value} + sum(x) + re(sum(h.c * r.p)) + h.s + bilinear(h.v, r.m, t.v); }}"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn random_expressions(bytes in proptest::collection::vec(any::<u8>(), 2..40)) {
        let _ = compile(&well_typed(&bytes));
    }

    #[test]
    fn random_rows(text in row_soup(12), semiring in proptest::sample::select(SEMIRINGS.as_slice())) {
        let _ = compile(&format!(
            "M {{ entity {{ v: real[d], c: complex[d] }} relation {{ v: real[d], p: phase[d] }} incidence x = h.v;
                  incidence y = {text} in {semiring}; score = norm1(y) + sum(h.v + r.v) + re(sum(h.c * r.p)); }}"
        ));
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
        ("M { entity { v: real[1000000, d] } score = sum(h.v[0]); }".to_owned(), "too many"),
        ("M { entity { v: real[4000000000] } score = sum(h.v); }".to_owned(), "too large"),
        (format!("M {{ {} }}", "parameter p = 1|2|3|4|5|6|7|8|9;".repeat(50)), "combinations"),
    ] {
        match compile(&text) {
            Ok(()) => assert_eq!(expected, ""),
            Err(errors) => assert!(!expected.is_empty() && errors.contains(expected), "{errors}"),
        }
    }
}

/// The random expressions are worth their name only if many are accepted.
#[test]
fn most_well_typed_expressions_are_accepted() {
    let bytes = |seed: u32| {
        (0..24).map(|i| (seed.wrapping_mul(2_654_435_761).rotate_left(i * 5) >> 7) as u8).collect::<Vec<_>>()
    };
    let accepted = (0..200).filter(|seed| compile(&well_typed(&bytes(*seed))).is_ok()).count();
    assert!(accepted > 100, "{accepted} of 200 are accepted");
}
