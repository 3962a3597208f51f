//! Algebraic simplification, common sub-expressions and dead code.
//!
//! Needs nothing. Afterwards: every node is live; no two nodes are equal; operands of commutative operations stand in
//! a fixed order (see `rank`); every matrix that is multiplied by a
//! vector is a gather; no rule of [`RULES`] applies.
//!
//! The rules are exact on the real numbers; rounding may differ. They keep infinities and NaNs where those matter:
//! `x·0` and `x − x` stay, since x may be infinite or NaN, and constants are folded only when the result is finite.

mod rules;

pub use rules::{RULES, Rule};

use super::rebuild::{live, rebuild};
use crate::ir::{BinaryOp, Builder, Gradient, Op, Score, Shape, Value, infer};

/// Rules shrink expressions, so few rounds are ever needed; the bound guards against a pair of rules undoing each
/// other.
const MAX_ROUNDS: usize = 64;

/// Simplifies a score.
pub fn simplify(score: &Score) -> Score {
    let mut score = score.clone();
    for _ in 0..MAX_ROUNDS {
        let next = rebuild(&score, push);
        if next == score {
            break;
        }
        score = next;
    }
    score
}

/// Simplifies the nodes that a gradient appended. The forward nodes stay as they are, dead or not.
pub fn simplify_gradient(gradient: &Gradient) -> Gradient {
    let mut gradient = gradient.clone();
    for _ in 0..MAX_ROUNDS {
        let next = gradient_round(&gradient);
        if next == gradient {
            break;
        }
        gradient = next;
    }
    gradient
}

fn gradient_round(gradient: &Gradient) -> Gradient {
    let live = live(&gradient.score.nodes, gradient.contributions.iter().map(|(_, _, value)| *value));
    let mut forward = gradient.score.clone();
    forward.nodes.truncate(gradient.forward_nodes);
    let mut replaced: Vec<Value> = forward.nodes.handles().collect();
    let mut builder = Builder::new(forward);
    for (value, node) in gradient.score.nodes.iter().skip(gradient.forward_nodes) {
        // A dead node keeps its place in the map only.
        let next = if live[value.index()] {
            push(&mut builder, node.op.map_operands(|operand| replaced[operand.index()]))
        } else {
            value
        };
        replaced.push(next);
    }
    let contributions =
        gradient.contributions.iter().map(|&(side, plane, value)| (side, plane, replaced[value.index()])).collect();
    let score = builder.finish(gradient.score.root);
    Gradient { score, forward_nodes: gradient.forward_nodes, contributions }
}

/// Appends an operation in its simplest form.
pub(crate) fn push(builder: &mut Builder, op: Op) -> Value {
    let op = in_order(builder, op);
    let Ok(ty) = infer(builder.score(), &op) else { return builder.push(op) };
    let simpler = RULES.iter().find_map(|rule| {
        // A rule that drops a vector operand would turn a vector into a scalar: it does not apply then.
        (rule.apply)(builder, &op).filter(|value| builder.ty(*value) == ty)
    });
    simpler.unwrap_or_else(|| builder.push(op))
}

/// Sorts the operands of a commutative operation.
fn in_order(builder: &Builder, op: Op) -> Op {
    match op {
        Op::Binary(op, a, b) if op.commutes() && rank(builder, op, b) < rank(builder, op, a) => Op::Binary(op, b, a),
        other => other,
    }
}

/// The place of a value among the operands of a commutative operation: constants, then scalars, then the others; among
/// these a chain of the same operation stands first, so that sums and products hang to the left.
fn rank(builder: &Builder, op: BinaryOp, value: Value) -> (u8, bool, Value) {
    let class = match (builder.op(value), builder.ty(value).shape) {
        (Op::Const(_), _) => 0,
        (_, Shape::Scalar) => 1,
        (_, Shape::Vector(_) | Shape::Matrix(..)) => 2,
    };
    let chain = match builder.op(value) {
        Op::Fold { .. } => true,
        Op::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => op == BinaryOp::Add,
        Op::Binary(BinaryOp::Mul, ..) => op == BinaryOp::Mul,
        _ => false,
    };
    (class, !chain, value)
}

/// [`push`] of an operation on two operands.
pub(crate) fn binary(builder: &mut Builder, op: BinaryOp, a: Value, b: Value) -> Value {
    push(builder, Op::Binary(op, a, b))
}
