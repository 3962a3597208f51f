//! Incidence rows written out in ordinary operations.
//!
//! Needs nothing; afterwards no `Fold` remains.

use super::rebuild::rebuild;
use crate::ir::{Builder, Op, Score, Semiring, SemiringExpr, SemiringId, Term, Value};

/// Replaces every incidence row by the operations of its semiring.
///
/// A value is conjugated first, then joined to its coefficient by ⊗ (unless the coefficient is the semiring's one),
/// then the terms are joined by ⊕ from left to right. Under plus-times a coefficient −1 becomes a subtraction.
pub fn expand_folds(score: &Score) -> Score {
    rebuild(score, |builder, op| match op {
        Op::Fold { semiring, terms } => expand(builder, semiring, &terms),
        Op::Gather { .. }
        | Op::Const(_)
        | Op::Parameter(_)
        | Op::Upstream
        | Op::Unary(..)
        | Op::Binary(..)
        | Op::Reduce(..)
        | Op::MatVec { .. }
        | Op::Outer(..)
        | Op::Complex(..)
        | Op::Cis(_)
        | Op::Re(_)
        | Op::Im(_)
        | Op::Conj(_)
        | Op::Modulus(_) => builder.push(op),
    })
}

fn expand(builder: &mut Builder, semiring: SemiringId, terms: &[Term]) -> Value {
    let semiring = builder.score().semirings[semiring].clone();
    let mut sum = None;
    for term in terms {
        let value = if term.conjugate { builder.push(Op::Conj(term.value)) } else { term.value };
        sum = Some(match sum {
            None => scaled(builder, &semiring, term.coefficient, value),
            Some(sum) if term.coefficient == -1.0 && is_plus_times(&semiring) => builder.sub(sum, value),
            Some(sum) => {
                let next = scaled(builder, &semiring, term.coefficient, value);
                instantiate(builder, &semiring.add, sum, next)
            }
        });
    }
    let sum = sum.expect("`infer` has ruled out a fold of no term");
    // A user's operation may ignore its operands: a scalar that stands for a row is spread over the row again.
    terms.iter().fold(sum, |sum, term| builder.spread_beside(sum, term.value))
}

fn scaled(builder: &mut Builder, semiring: &Semiring, coefficient: f64, value: Value) -> Value {
    if coefficient == semiring.one {
        value
    } else if coefficient == -1.0 && is_plus_times(semiring) {
        builder.neg(value)
    } else {
        let coefficient = builder.constant(coefficient);
        instantiate(builder, &semiring.mul, coefficient, value)
    }
}

/// Whether the operations are those of plus-times, whatever the name.
pub(crate) fn is_plus_times(semiring: &Semiring) -> bool {
    let usual = Semiring::plus_times();
    (&semiring.add, &semiring.mul) == (&usual.add, &usual.mul) && semiring.one == usual.one
}

fn instantiate(builder: &mut Builder, body: &SemiringExpr, left: Value, right: Value) -> Value {
    match body {
        SemiringExpr::Left => left,
        SemiringExpr::Right => right,
        SemiringExpr::Const(number) => builder.constant(*number),
        SemiringExpr::Unary(op, a) => {
            let a = instantiate(builder, a, left, right);
            builder.unary(*op, a)
        }
        SemiringExpr::Binary(op, a, b) => {
            let a = instantiate(builder, a, left, right);
            let b = instantiate(builder, b, left, right);
            builder.binary(*op, a, b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Owner, Type};
    use crate::notation::print;
    use crate::testing::Sketch;

    fn check(semiring: &str, coefficients: [f64; 2], expected: &str) {
        let mut s = Sketch::new("Row");
        let plane = s.reals(Owner::Entity, "v");
        let (h, t) = s.ends(plane);
        let row = s.fold(semiring, &[(coefficients[0], h), (coefficients[1], t)]);
        let root = s.sum(row);
        let expanded = expand_folds(&s.finish(root));
        assert_eq!(print(&expanded, expanded.root), format!("Σ({expected})"));
        assert_eq!(expanded.nodes[expanded.root].ty, Type::SCALAR);
    }

    #[test]
    fn each_semiring_has_its_operations() {
        check("plus_times", [1.0, -1.0], "h.v − t.v");
        check("plus_times", [-1.0, 2.0], "−h.v + 2·t.v");
        check("hadamard", [1.0, 1.0], "h.v·t.v");
        check("max_plus", [0.0, 1.0], "max(h.v, 1 + t.v)");
        check("min_plus", [0.5, 0.0], "min(0.5 + h.v, t.v)");
    }
}
