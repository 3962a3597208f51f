//! Reverse-mode differentiation.
//!
//! Needs a score without complex values and without `Fold` whose matrices are gathers, as `passes::realify` and
//! `passes::simplify` leave it. The gradient keeps the forward nodes as they are and appends its own, simplified.
//!
//! The structural rule: the adjoint of a gathered row is scattered to that row. One contribution is given for each
//! side and plane, so an entity table that is read for the head and for the tail gets two.
//!
//! An adjoint has the type of its value, or is a scalar that stands for every element of it: the adjoint of `x` in
//! `Σ x` is a scalar. It is spread over the shape where an operation needs that, and in every contribution.

mod rules;

use crate::ir::{Builder, Gradient, Op, PlaneId, Score, Shape, Side, Value};
use crate::passes::{live, simplify_gradient};

/// The gradient of a score.
pub fn differentiate(score: &Score) -> Gradient {
    let forward_nodes = score.nodes.len();
    let mut reverse = Reverse { builder: Builder::new(score.clone()), adjoints: vec![None; forward_nodes] };
    let upstream = reverse.builder.push(Op::Upstream);
    reverse.adjoints[score.root.index()] = Some(upstream);
    let mut contributions = Vec::new();
    let live = live(&score.nodes, [score.root]);
    for value in score.nodes.handles().rev().filter(|value| live[value.index()]) {
        let Some(adjoint) = reverse.adjoints[value.index()] else { continue };
        if let Op::Gather { side, plane } = score.nodes[value].op {
            let row = reverse.builder.spread_beside(adjoint, value);
            scatter(&mut reverse.builder, &mut contributions, side, plane, row);
        }
        for (operand, adjoint) in rules::pull_back(&mut reverse.builder, value, adjoint) {
            reverse.accumulate(operand, value, adjoint);
        }
    }
    contributions.sort_by_key(|(side, plane, _)| (*side, *plane));
    let score = reverse.builder.finish(score.root);
    simplify_gradient(&Gradient { score, forward_nodes, contributions })
}

fn scatter(
    builder: &mut Builder,
    contributions: &mut Vec<(Side, PlaneId, Value)>,
    side: Side,
    plane: PlaneId,
    row: Value,
) {
    match contributions.iter_mut().find(|(s, p, _)| (*s, *p) == (side, plane)) {
        Some((_, _, sum)) => *sum = builder.add(*sum, row),
        None => contributions.push((side, plane, row)),
    }
}

struct Reverse {
    builder: Builder,
    adjoints: Vec<Option<Value>>,
}

impl Reverse {
    /// Adds to the adjoint of an operand of `user`. A scalar operand that was broadcast over a vector gets the sum.
    fn accumulate(&mut self, operand: Value, user: Value, adjoint: Value) {
        let shape = |value| self.builder.ty(value).shape;
        let broadcast = shape(operand) == Shape::Scalar && shape(user) != Shape::Scalar;
        let adjoint = if broadcast {
            let spread = self.builder.spread_beside(adjoint, user);
            self.builder.sum(spread)
        } else {
            adjoint
        };
        self.adjoints[operand.index()] = Some(match self.adjoints[operand.index()] {
            Some(sum) => self.builder.add(sum, adjoint),
            None => adjoint,
        });
    }
}

#[cfg(test)]
mod tests;
