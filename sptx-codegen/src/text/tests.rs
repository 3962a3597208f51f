use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::compile;
use crate::ir::{Choice, Constraint, Initializer, Parameter, Score, SemiringExpr, SlotId, UnaryOp};
use crate::testing::{Sketch, random_score};

fn check_round_trip(score: &Score) {
    let text = print(score);
    let parsed = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(print(&parsed), text);
    assert_eq!(parsed, *score);
}

#[test]
fn transr_compiles_to_this() {
    let compiled = compile(Sketch::transr());
    expect![[r#"
        score TransR {
          dim d = symbol
          dim k = symbol
          semiring plus_times { zero 0.0, one 1.0, add = add(left, right), mul = mul(left, right) }
          semiring hadamard { zero 1.0, one 1.0, add = mul(left, right), mul = mul(left, right) }
          semiring max_plus { zero -inf, one 0.0, add = max(left, right), mul = add(left, right) }
          semiring min_plus { zero inf, one 0.0, add = min(left, right), mul = add(left, right) }
          slot entity v: real[d] = default
          slot relation v: real[k] = default
          slot relation m: real[k, d] = default
          plane entity v: real[d]
          plane relation v: real[k]
          plane relation m: real[k, d]
          %0 = gather relation m : real[k, d]
          %1 = gather head v : real[d]
          %2 = gather tail v : real[d]
          %3 = fold plus_times [1.0 * %1, -1.0 * %2] : real[d]
          %4 = matvec %0, %3 : real[k]
          %5 = gather relation v : real[k]
          %6 = add %4, %5 : real[k]
          %7 = mul %6, %6 : real[k]
          %8 = sum %7 : real
          %9 = neg %8 : real
          return %9
        }
    "#]]
    .assert_eq(&print(&compiled.factored));
}

#[test]
fn models_round_trip() {
    for model in Sketch::models() {
        let compiled = compile(model);
        for score in [&compiled.declared, &compiled.factored, &compiled.lowered] {
            check_round_trip(score);
        }
    }
}

#[test]
fn every_declaration_round_trips() {
    let mut score = Sketch::transe();
    score.name = "odd \"name\"".to_owned();
    score.doc = "Two\nlines, a tab\t, a quote \" and √2.".to_owned();
    score.parameters.push(Parameter { name: "scale".to_owned(), default: 0.1 + 0.2 });
    score.choices.push(Choice { name: "norm".to_owned(), options: vec![1.0, 2.0], chosen: 2.0 });
    let nested = SemiringExpr::Unary(UnaryOp::Tanh, Box::new(SemiringExpr::Const(-1e-300)));
    score.semirings[crate::ir::SemiringId::new(2)].add = nested;
    let all = [
        Constraint::MaxNorm(1.0),
        Constraint::UnitNorm,
        Constraint::NonNegative,
        Constraint::Symmetric,
        Constraint::Frozen,
    ];
    score.slots[SlotId::new(0)].constraints = all.to_vec();
    for initializer in [
        Initializer::Default,
        Initializer::Uniform(-0.5, 0.5),
        Initializer::Normal(0.0, f64::MIN_POSITIVE),
        Initializer::Xavier,
        Initializer::Constant(-0.0),
        Initializer::Identity,
        Initializer::OneIfNamed(vec!["a b".to_owned(), "c".to_owned()]),
    ] {
        score.slots[SlotId::new(0)].initializer = initializer;
        check_round_trip(&score);
    }
}

fn check_error(text: &str, expected: &str) {
    assert_eq!(parse(text).map_err(|error| error.to_string()), Err(expected.to_owned()));
}

#[test]
fn errors_say_where() {
    check_error("", "1:1: expected `score`");
    check_error("score X {\n  %1 = const 1.0 : real", "2:4: expected `0`");
    check_error("score X {\n  %0 = const 1.0 : real[d]", "2:25: no dimension `d` is declared");
    check_error("score X {\n  %0 = const \"a", "2:16: a string is not closed");
    check_error(
        "score X { %0 = const 1.0 : complex return %0 }",
        "1:47: %v0 is declared Type { element: Complex, shape: Scalar }, but is Type { element: Real, shape: Scalar }",
    );
}

proptest! {
    #[test]
    fn random_scores_round_trip(seed: u64) {
        check_round_trip(&random_score(seed));
    }

    #[test]
    fn numbers_round_trip(bits: u64) {
        let mut sketch = Sketch::new("Number");
        let number = sketch.constant(f64::from_bits(bits));
        let text = print(&sketch.finish(number));
        prop_assert_eq!(print(&parse(&text).unwrap()), text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text: String) {
        let _ = parse(&text);
        let _ = parse(&format!("score X {{ {text}"));
    }

    #[test]
    fn mutated_text_is_parsed_or_refused(seed: u64, cuts: Vec<(usize, usize, char)>) {
        let mut text: Vec<char> = print(&random_score(seed)).chars().collect();
        for (from, to, character) in cuts {
            let (from, to) = (from % text.len(), to % text.len());
            let moved = text[to];
            text[from] = if character.is_ascii() { moved } else { character };
        }
        if let Ok(score) = parse(&text.into_iter().collect::<String>()) {
            let printed = print(&score);
            prop_assert_eq!(print(&parse(&printed).unwrap()), printed);
        }
    }
}
