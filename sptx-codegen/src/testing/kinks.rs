//! Whether rows lie near a kink or a jump of a score, where differences mean nothing.

use crate::interp::{self, Bindings, RowSource, Tensor};
use crate::ir::{Arena, BinaryOp, Op, ReduceOp, Score, UnaryOp, Value};

/// Whether some operation of the score is evaluated within `margin` of a kink or a jump.
pub fn has_kink(score: &Score, bindings: &Bindings, rows: &impl RowSource, margin: f64) -> bool {
    let values = interp::values(score, bindings, rows, 1.0);
    score.nodes.iter().any(|(_, node)| near_kink(&node.op, &values, margin))
}

fn near_kink(op: &Op, values: &Arena<Value, Tensor>, margin: f64) -> bool {
    let any = |value: Value, near: fn(f64, f64) -> bool| values[value].re.iter().any(|x| near(*x, margin));
    match *op {
        Op::Unary(op, a) => match op {
            UnaryOp::Abs | UnaryOp::Sign | UnaryOp::Sqrt | UnaryOp::ReciprocalOrZero | UnaryOp::Log => {
                any(a, |x, margin| x.abs() < margin)
            }
            UnaryOp::Floor | UnaryOp::Frac => any(a, |x, margin| (x - x.round()).abs() < margin),
            UnaryOp::Neg
            | UnaryOp::Exp
            | UnaryOp::Sin
            | UnaryOp::Cos
            | UnaryOp::Tanh
            | UnaryOp::Sigmoid
            | UnaryOp::Softplus => false,
        },
        // `equal(x, x)` is how ones are written.
        Op::Binary(BinaryOp::Equal, a, b) if a == b => false,
        Op::Binary(op, a, b) => match op {
            BinaryOp::Min | BinaryOp::Max | BinaryOp::Greater | BinaryOp::Equal => {
                Tensor::binary(BinaryOp::Sub, &values[a], &values[b]).re.iter().any(|x| x.abs() < margin)
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => false,
        },
        Op::Reduce(op, a) => match op {
            ReduceOp::Min | ReduceOp::Max => tied(&values[a].re, op, margin),
            ReduceOp::Sum => false,
        },
        // Rows under max-plus and min-plus are looked at once they are written out.
        Op::Fold { .. } => false,
        Op::Modulus(a) => values[a].re.iter().zip(&values[a].im).any(|(re, im)| re.hypot(*im) < margin),
        Op::Gather { .. }
        | Op::Const(_)
        | Op::Parameter(_)
        | Op::Upstream
        | Op::MatVec { .. }
        | Op::Outer(..)
        | Op::Complex(..)
        | Op::Cis(_)
        | Op::Re(_)
        | Op::Im(_)
        | Op::Conj(_) => false,
    }
}

/// Whether two elements come near the extremum.
fn tied(elements: &[f64], op: ReduceOp, margin: f64) -> bool {
    let extremum = elements.iter().fold(op.identity(), |sum, x| op.combine().apply(sum, *x));
    elements.iter().filter(|x| (*x - extremum).abs() < margin).count() > 1
}
