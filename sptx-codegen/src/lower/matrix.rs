//! Gradients of matrices, as lists of outer products.

use crate::ir::{BinaryOp, Op, Score, Shape, UnaryOp, Value};

/// One outer product of a matrix's gradient: `sign · scales… · (left ⊗ right)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OuterTerm {
    pub(super) negative: bool,
    pub(super) scales: Vec<Value>,
    pub(super) left: Value,
    pub(super) right: Value,
}

/// The outer products that a matrix value is the sum of.
pub(super) fn outer_terms(score: &Score, value: Value) -> Vec<OuterTerm> {
    match &score.nodes[value].op {
        Op::Outer(left, right) => {
            vec![OuterTerm { negative: false, scales: Vec::new(), left: *left, right: *right }]
        }
        Op::Binary(BinaryOp::Add, a, b) => [outer_terms(score, *a), outer_terms(score, *b)].concat(),
        Op::Binary(BinaryOp::Sub, a, b) => [outer_terms(score, *a), negated(outer_terms(score, *b))].concat(),
        Op::Unary(UnaryOp::Neg, a) => negated(outer_terms(score, *a)),
        Op::Binary(BinaryOp::Mul, a, b) => {
            let (scale, matrix) = if score.nodes[*a].ty.shape == Shape::Scalar { (*a, *b) } else { (*b, *a) };
            let mut terms = outer_terms(score, matrix);
            terms.iter_mut().for_each(|term| term.scales.push(scale));
            terms
        }
        other => unreachable!("the gradient of a matrix is a sum of scaled outer products, not {other:?}"),
    }
}

fn negated(mut terms: Vec<OuterTerm>) -> Vec<OuterTerm> {
    terms.iter_mut().for_each(|term| term.negative ^= true);
    terms
}
