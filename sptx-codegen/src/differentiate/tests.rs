use proptest::prelude::*;

use super::*;
use crate::interp::{self, Bindings, Rows};
use crate::ir::{BinaryOp, Owner, ReduceOp, SlotType, UnaryOp};
use crate::notation::print;
use crate::passes::{expand_folds, realify, simplify};
use crate::testing::{Random, Sketch, has_kink, random_rows, random_score, rows_of};

/// The gradient of `declared`, held against central differences. Returns the number of elements compared.
fn check_differences(declared: &Score, seed: u64) -> usize {
    let score = simplify(&realify(&expand_folds(declared)));
    let bindings = Bindings::new(&score, score.bind_all_dims(4).unwrap());
    let rows = random_rows(&score, &bindings.dims, &mut Random::new(seed));
    if has_kink(&score, &bindings, &rows, 1e-3) {
        return 0;
    }
    let gradient = differentiate(&score);
    let mut compared = 0;
    for (side, plane, row) in interp::gradient(&gradient, &bindings, &rows, 1.5) {
        for (element, exact) in row.iter().enumerate() {
            let estimate = central_difference(&score, &bindings, &rows, (side, plane, element));
            let error = (exact - 1.5 * estimate).abs();
            assert!(
                error <= 1e-5 * (1.0 + exact.abs()),
                "{side:?} {plane:?}[{element}]: {exact}, not {}",
                1.5 * estimate
            );
            compared += 1;
        }
    }
    compared
}

fn central_difference(
    score: &Score,
    bindings: &Bindings,
    rows: &Rows,
    (side, plane, element): (Side, PlaneId, usize),
) -> f64 {
    let step = 1e-5;
    let at = |step: f64| {
        let mut rows = rows.clone();
        rows.row_mut(side, plane).expect("the row was drawn")[element] += step;
        interp::score(score, bindings, &rows)
    };
    (at(step) - at(-step)) / (2.0 * step)
}

/// `Σ f(…)` of two vectors a, b away from 0, and of a scalar.
fn check_rule(write: impl Fn(&mut Sketch, Value, Value, Value) -> Value) {
    let mut s = Sketch::new("Rule");
    let (v, c) = (s.reals(Owner::Entity, "v"), s.table(Owner::Relation, "c", SlotType::Scalar));
    let ((a, b), c) = (s.ends(v), s.relation(c));
    let one = s.constant(1.25);
    let (a, b) = (s.add(a, one), s.add(b, one));
    let value = write(&mut s, a, b, c);
    let is_scalar = s.ty(value).shape == Shape::Scalar;
    let root = if is_scalar { value } else { s.dot(value, a) };
    assert!(check_differences(&s.finish(root), 7) > 0);
}

#[test]
fn every_unary_rule() {
    for op in UnaryOp::ALL {
        check_rule(|s, a, _, _| s.unary(op, a));
    }
}

#[test]
fn every_binary_rule() {
    for op in BinaryOp::ALL {
        check_rule(|s, a, b, _| s.binary(op, a, b));
        check_rule(|s, a, _, c| s.binary(op, c, a));
        check_rule(|s, a, _, c| s.binary(op, a, c));
    }
}

#[test]
fn every_reduce_rule() {
    for op in ReduceOp::ALL {
        check_rule(|s, a, _, _| s.reduce(op, a));
    }
}

#[test]
fn a_broadcast_scalar_gets_the_sum() {
    check_rule(|s, _, b, c| {
        let sum = s.add(c, b);
        s.sum(sum)
    });
}

#[test]
fn products_with_a_matrix() {
    for transposed in [false, true] {
        let mut s = Sketch::new("Rescal");
        let (d, e) = (s.dim("d"), s.reals(Owner::Entity, "v"));
        let m = s.table(Owner::Relation, "m", SlotType::Matrix(d, d));
        let ((h, t), matrix) = (s.ends(e), s.relation(m));
        let product = s.push(Op::MatVec { matrix, vector: t, transposed });
        let root = s.dot(h, product);
        assert_eq!(check_differences(&s.finish(root), 3), 4 + 4 + 16);
    }
}

#[test]
fn models() {
    for model in Sketch::models() {
        assert!(check_differences(&model, 11) > 0, "{}", model.name);
    }
}

fn check_gradient(score: &Score, expected: &[&str]) {
    let gradient = differentiate(&simplify(&realify(score)));
    let printed: Vec<_> = gradient.contributions.iter().map(|(_, _, value)| print(&gradient.score, *value)).collect();
    assert_eq!(printed, expected);
    assert_eq!(gradient.score.nodes.len() - gradient.forward_nodes > 0, !expected.is_empty());
}

#[test]
fn gradients_are_those_of_the_books() {
    check_gradient(&Sketch::distmult(), &["g·t.v·r.v", "g·t.v·h.v", "g·h.v·r.v"]);
}

#[test]
fn an_unused_row_gets_nothing() {
    let mut s = Sketch::new("Floor");
    let e = s.reals(Owner::Entity, "v");
    let (h, t) = s.ends(e);
    let floor = s.unary(UnaryOp::Floor, t);
    let sum = s.add(h, floor);
    let root = s.sum(sum);
    check_gradient(&s.finish(root), &["g·[h.v = h.v]"]);
}

#[test]
fn the_gradient_of_a_norm_at_zero_is_zero() {
    let score = simplify(&Sketch::transe());
    let bindings = Bindings::new(&score, score.bind_all_dims(2).unwrap());
    let zeros =
        rows_of(&[(Side::Head, 0, &[0.0, 0.0]), (Side::Relation, 1, &[0.0, 0.0]), (Side::Tail, 0, &[0.0, 0.0])]);
    for (_, _, row) in interp::gradient(&differentiate(&score), &bindings, &zeros, 1.0) {
        assert!(row.iter().all(|element| *element == 0.0), "{row:?}");
    }
}

#[test]
fn ties_have_gradient_zero() {
    let mut s = Sketch::new("Tie");
    let e = s.reals(Owner::Entity, "v");
    let (h, t) = s.ends(e);
    let largest = s.binary(BinaryOp::Max, h, t);
    let largest = s.reduce(ReduceOp::Max, largest);
    let score = simplify(&s.finish(largest));
    let bindings = Bindings::new(&score, score.bind_all_dims(2).unwrap());
    let ties = rows_of(&[(Side::Head, 0, &[1.0, 1.0]), (Side::Tail, 0, &[0.0, 0.0])]);
    let rows = interp::gradient(&differentiate(&score), &bindings, &ties, 1.0);
    assert!(rows.iter().all(|(_, _, row)| row == &[0.0, 0.0]), "{rows:?}");
}

#[test]
fn few_random_scores_lie_near_a_kink() {
    let compared = (0..100).filter(|seed| check_differences(&random_score(*seed), *seed) > 0).count();
    assert!(compared > 60, "only {compared} of 100 scores were compared");
}

proptest! {
    #[test]
    fn random_scores(seed: u64) {
        check_differences(&random_score(seed), seed);
    }
}
