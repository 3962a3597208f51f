//! How a score depends on a candidate: `score = comparator(query, candidate)`.
//!
//! A light classification, by the form of the lowered score; what it does not recognise is [`ComparatorKind::Other`].

use serde::Serialize;

use crate::ir::{BinaryOp, Op, ReduceOp, Score, Side, UnaryOp, Value};

/// What compares a query to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ComparatorKind {
    /// The score is affine in the candidate's rows: a dot product with a query, and a bias.
    Dot,
    /// A function of `Σ x²`, where x is affine in the candidate: squared L2.
    SquaredL2,
    /// A function of `√Σ x²`: L2.
    L2,
    /// A function of `Σ |x|`: L1.
    L1,
    /// A function of `Σ √(x² + y²)`: the L1 norm of complex moduli.
    Modulus,
    /// Something else.
    Other,
}

/// How a score depends on the candidates of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Comparator {
    /// Whether heads or tails are the candidates: `h` or `t`.
    pub candidate: char,
    /// What compares them.
    pub kind: ComparatorKind,
    /// Whether the candidate's row is compared as it is stored, up to its sign; otherwise it is transformed by the
    /// query first (TransR's `M·t`), and one candidate is another vector for each query. Always true for a dot
    /// product, whose transformation moves into the query.
    pub stored: bool,
}

pub(super) fn of(score: &Score, side: Side) -> Comparator {
    let view = View { score, side, depends: depends(score, side) };
    let root = view.stripped(score.root);
    let (kind, stored) = if view.is_affine(root) { (ComparatorKind::Dot, true) } else { view.norm(root) };
    Comparator { candidate: side.letter(), kind, stored }
}

/// For each value, whether it depends on the side's rows.
fn depends(score: &Score, wanted: Side) -> Vec<bool> {
    let mut depends: Vec<bool> = Vec::with_capacity(score.nodes.len());
    for (_, node) in score.nodes.iter() {
        let gathered = matches!(node.op, Op::Gather { side, .. } if side == wanted);
        let inherited = node.op.operands().iter().any(|operand| depends[operand.index()]);
        depends.push(gathered || inherited);
    }
    depends
}

struct View<'a> {
    score: &'a Score,
    side: Side,
    depends: Vec<bool>,
}

impl View<'_> {
    fn op(&self, value: Value) -> &Op {
        &self.score.nodes[value].op
    }

    fn depends(&self, value: Value) -> bool {
        self.depends[value.index()]
    }

    /// The value without the signs, the terms and the factors that do not depend on the candidate.
    fn stripped(&self, value: Value) -> Value {
        match *self.op(value) {
            Op::Unary(UnaryOp::Neg, a) => self.stripped(a),
            Op::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, a, b) if self.depends(a) != self.depends(b) => {
                self.stripped(if self.depends(a) { a } else { b })
            }
            _ => value,
        }
    }

    /// Whether a value is affine in the candidate's rows.
    fn is_affine(&self, value: Value) -> bool {
        if !self.depends(value) {
            return true;
        }
        match *self.op(value) {
            Op::Gather { .. } => true,
            Op::Unary(UnaryOp::Neg, a) | Op::Reduce(ReduceOp::Sum, a) => self.is_affine(a),
            Op::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => self.is_affine(a) && self.is_affine(b),
            Op::Binary(BinaryOp::Mul, a, b) | Op::MatVec { matrix: a, vector: b, .. } => {
                self.depends(a) != self.depends(b) && self.is_affine(a) && self.is_affine(b)
            }
            Op::Binary(BinaryOp::Div, a, b) => !self.depends(b) && self.is_affine(a),
            _ => false,
        }
    }

    /// Whether a value is ± a stored row of the candidate, plus what does not depend on it.
    fn is_stored(&self, value: Value) -> bool {
        match *self.op(value) {
            Op::Gather { side, .. } => side == self.side,
            Op::Unary(UnaryOp::Neg, a) => self.is_stored(a),
            Op::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
                self.depends(a) != self.depends(b) && self.is_stored(if self.depends(a) { a } else { b })
            }
            _ => false,
        }
    }

    fn norm(&self, value: Value) -> (ComparatorKind, bool) {
        let other = (ComparatorKind::Other, false);
        match *self.op(value) {
            Op::Reduce(ReduceOp::Sum, a) => self.sum(a),
            Op::Unary(UnaryOp::Sqrt, a) => match *self.op(a) {
                Op::Reduce(ReduceOp::Sum, a) if self.square(a).is_some() => {
                    (ComparatorKind::L2, self.square(a).is_some_and(|x| self.is_stored(x)))
                }
                _ => other,
            },
            _ => other,
        }
    }

    fn sum(&self, value: Value) -> (ComparatorKind, bool) {
        if let Some(x) = self.square(value) {
            return (ComparatorKind::SquaredL2, self.is_stored(x));
        }
        let other = (ComparatorKind::Other, false);
        match *self.op(value) {
            Op::Unary(UnaryOp::Abs, x) if self.is_affine(x) => (ComparatorKind::L1, self.is_stored(x)),
            Op::Unary(UnaryOp::Sqrt, squared) => match *self.op(squared) {
                Op::Binary(BinaryOp::Add, re, im) => match (self.square(re), self.square(im)) {
                    (Some(re), Some(im)) => (ComparatorKind::Modulus, self.is_stored(re) && self.is_stored(im)),
                    _ => other,
                },
                _ => other,
            },
            _ => other,
        }
    }

    /// The x of x², where x is affine in the candidate.
    fn square(&self, value: Value) -> Option<Value> {
        match *self.op(value) {
            Op::Binary(BinaryOp::Mul, a, b) if a == b && self.is_affine(a) => Some(a),
            _ => None,
        }
    }
}
