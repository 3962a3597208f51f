//! Every pass keeps the value of every score.

use proptest::prelude::*;

use super::*;
use crate::interp::{self, Bindings, Rows};
use crate::ir::{Element, Op, Score};
use crate::testing::{Random, Sketch, has_kink, random_rows, random_score};

/// The value of a score and the value after `pass`, at random rows.
fn check(score: &Score, pass: fn(&Score) -> Score, rows_after: fn(&Rows, &Score) -> Rows, seed: u64) {
    let bindings = Bindings::new(score, score.bind_all_dims(4).unwrap());
    let rows = random_rows(score, &bindings.dims, &mut Random::new(seed));
    if has_kink(score, &bindings, &rows, 1e-9) {
        return;
    }
    let after = pass(score);
    let (expected, found) =
        (interp::score(score, &bindings, &rows), interp::score(&after, &bindings, &rows_after(&rows, score)));
    assert!((expected - found).abs() <= 1e-9 * (1.0 + expected.abs()), "{expected}, then {found}");
}

fn same_rows(rows: &Rows, _: &Score) -> Rows {
    rows.clone()
}

fn realify_expanded(score: &Score) -> Score {
    realify(&expand_folds(score))
}

fn check_all(score: &Score, seed: u64) {
    check(score, simplify, same_rows, seed);
    check(score, factor, same_rows, seed);
    check(score, expand_folds, same_rows, seed);
    check(score, realify_expanded, Rows::realified, seed);
}

#[test]
fn models_keep_their_values() {
    for model in Sketch::models() {
        check_all(&model, 5);
    }
}

#[test]
fn what_the_passes_establish_holds() {
    for seed in 0..200 {
        let real = realify_expanded(&random_score(seed));
        let holds = |op: &Op| !matches!(op, Op::Fold { .. } | Op::Complex(..) | Op::Conj(_) | Op::Modulus(_));
        assert!(real.nodes.iter().all(|(_, node)| node.ty.element == Element::Real && holds(&node.op)));
        assert!(real.planes.iter().all(|(_, plane)| plane.element == Element::Real));
        let simple = simplify(&real);
        assert_eq!(simplify(&simple), simple);
    }
}

proptest! {
    #[test]
    fn random_scores_keep_their_values(seed: u64) {
        check_all(&random_score(seed), seed);
    }
}
