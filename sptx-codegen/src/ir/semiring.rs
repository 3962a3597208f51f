//! Semirings: the two operations under which an incidence row is folded.

use super::{BinaryOp, UnaryOp};

/// A semiring: ⊕ joins the terms of an incidence row, ⊗ joins a coefficient to its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Semiring {
    /// Its name after `in`: `plus_times`, `hadamard`, `max_plus`, `min_plus`, or the user's.
    pub name: String,
    /// The neutral element of ⊕.
    pub zero: f64,
    /// The neutral element of ⊗: a coefficient equal to it is not applied.
    pub one: f64,
    /// `a ⊕ b`.
    pub add: SemiringExpr,
    /// `a ⊗ b`, where `a` is the coefficient and `b` the gathered element.
    pub mul: SemiringExpr,
}

/// The body of a semiring's operation.
#[derive(Clone, Debug, PartialEq)]
pub enum SemiringExpr {
    /// The first argument.
    Left,
    /// The second argument.
    Right,
    /// A number.
    Const(f64),
    /// An operation on one operand.
    Unary(UnaryOp, Box<SemiringExpr>),
    /// An operation on two operands.
    Binary(BinaryOp, Box<SemiringExpr>, Box<SemiringExpr>),
}

impl SemiringExpr {
    fn of(op: BinaryOp) -> Self {
        Self::Binary(op, Box::new(Self::Left), Box::new(Self::Right))
    }

    /// The value for real arguments.
    pub fn apply(&self, left: f64, right: f64) -> f64 {
        match self {
            Self::Left => left,
            Self::Right => right,
            Self::Const(value) => *value,
            Self::Unary(op, a) => op.apply(a.apply(left, right)),
            Self::Binary(op, a, b) => op.apply(a.apply(left, right), b.apply(left, right)),
        }
    }
}

impl Semiring {
    /// The usual arithmetic: `Σ cᵢ·xᵢ`. Takes complex rows too.
    pub fn plus_times() -> Self {
        Self::built_in("plus_times", 0.0, 1.0, BinaryOp::Add, BinaryOp::Mul)
    }

    /// Element-wise products: `Π xᵢ`; every coefficient is 1. Takes complex rows too.
    pub fn hadamard() -> Self {
        Self::built_in("hadamard", 1.0, 1.0, BinaryOp::Mul, BinaryOp::Mul)
    }

    /// `max (cᵢ + xᵢ)`.
    pub fn max_plus() -> Self {
        Self::built_in("max_plus", f64::NEG_INFINITY, 0.0, BinaryOp::Max, BinaryOp::Add)
    }

    /// `min (cᵢ + xᵢ)`.
    pub fn min_plus() -> Self {
        Self::built_in("min_plus", f64::INFINITY, 0.0, BinaryOp::Min, BinaryOp::Add)
    }

    /// The built-in semirings.
    pub fn all_built_in() -> [Self; 4] {
        [Self::plus_times(), Self::hadamard(), Self::max_plus(), Self::min_plus()]
    }

    fn built_in(name: &str, zero: f64, one: f64, add: BinaryOp, mul: BinaryOp) -> Self {
        Self { name: name.to_owned(), zero, one, add: SemiringExpr::of(add), mul: SemiringExpr::of(mul) }
    }
}
