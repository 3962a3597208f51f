//! The local rules: what the adjoint of a value gives to its operands.
//!
//! `y` is the value, `g` its adjoint. Kinks have sub-gradient 0: |x| at 0, min and max at a tie.

use crate::ir::{BinaryOp, Builder, Op, ReduceOp, Shape, UnaryOp, Value};

/// The adjoints of the operands of `y`, as `(operand, adjoint)`.
pub(super) fn pull_back(b: &mut Builder, y: Value, g: Value) -> Vec<(Value, Value)> {
    match b.op(y).clone() {
        Op::Gather { .. } | Op::Const(_) | Op::Parameter(_) | Op::Upstream => Vec::new(),
        Op::Unary(op, x) => unary(b, op, x, y, g).into_iter().map(|adjoint| (x, adjoint)).collect(),
        Op::Binary(op, left, right) => binary(b, op, left, right, y, g),
        Op::Reduce(op, x) => vec![(x, reduce(b, op, x, y, g))],
        Op::MatVec { matrix, vector, transposed } => matvec(b, matrix, vector, transposed, y, g),
        Op::Outer(..) => panic!("`simplify` has ruled out outer products in a score"),
        Op::Fold { .. } => panic!("`expand_folds` has ruled out incidence rows"),
        Op::Complex(..) | Op::Cis(_) | Op::Re(_) | Op::Im(_) | Op::Conj(_) | Op::Modulus(_) => {
            panic!("`realify` has ruled out complex values")
        }
    }
}

fn unary(b: &mut Builder, op: UnaryOp, x: Value, y: Value, g: Value) -> Option<Value> {
    let derivative = match op {
        // d(−x) = −g
        UnaryOp::Neg => return Some(b.neg(g)),
        // d frac(x) = g: the floor is constant between its jumps
        UnaryOp::Frac => return Some(g),
        // d sign(x) = d floor(x) = 0
        UnaryOp::Sign | UnaryOp::Floor => return None,
        // d|x| = sign(x)·g
        UnaryOp::Abs => b.unary(UnaryOp::Sign, x),
        // d√x = g / 2√x, 0 at 0
        UnaryOp::Sqrt => {
            let (half, reciprocal) = (b.constant(0.5), b.unary(UnaryOp::ReciprocalOrZero, y));
            b.mul(half, reciprocal)
        }
        // d(1/x) = −(1/x)²·g, 0 at 0
        UnaryOp::ReciprocalOrZero => {
            let squared = b.mul(y, y);
            b.neg(squared)
        }
        // d eˣ = eˣ·g
        UnaryOp::Exp => y,
        // d ln x = g / x
        UnaryOp::Log => return Some(b.binary(BinaryOp::Div, g, x)),
        // d sin x = cos(x)·g
        UnaryOp::Sin => b.unary(UnaryOp::Cos, x),
        // d cos x = −sin(x)·g
        UnaryOp::Cos => {
            let sin = b.unary(UnaryOp::Sin, x);
            b.neg(sin)
        }
        // d tanh x = (1 − tanh²x)·g
        UnaryOp::Tanh => {
            let (one, squared) = (b.constant(1.0), b.mul(y, y));
            b.sub(one, squared)
        }
        // d σ(x) = σ(x)·(1 − σ(x))·g
        UnaryOp::Sigmoid => {
            let one = b.constant(1.0);
            let rest = b.sub(one, y);
            b.mul(y, rest)
        }
        // d softplus(x) = σ(x)·g
        UnaryOp::Softplus => b.unary(UnaryOp::Sigmoid, x),
    };
    Some(b.mul(g, derivative))
}

fn binary(b: &mut Builder, op: BinaryOp, left: Value, right: Value, y: Value, g: Value) -> Vec<(Value, Value)> {
    match op {
        // d(a + b) = g, g
        BinaryOp::Add => vec![(left, g), (right, g)],
        // d(a − b) = g, −g
        BinaryOp::Sub => vec![(left, g), (right, b.neg(g))],
        // d(x²) = 2·g·x
        BinaryOp::Mul if left == right => {
            let two = b.constant(2.0);
            let doubled = b.mul(two, g);
            vec![(left, b.mul(doubled, left))]
        }
        // d(a·b) = g·b, g·a
        BinaryOp::Mul => {
            let is_matrix = |value| matches!(b.ty(value).shape, Shape::Matrix(..));
            assert!(!is_matrix(y), "`simplify` has ruled out scaled matrices in a score");
            vec![(left, b.mul(g, right)), (right, b.mul(g, left))]
        }
        // d(a/b) = g/b, −(g/b)·(a/b)
        BinaryOp::Div => {
            let quotient = b.binary(BinaryOp::Div, g, right);
            let product = b.mul(quotient, y);
            vec![(left, quotient), (right, b.neg(product))]
        }
        // d min(a, b) = g·[b > a], g·[a > b]: 0 at a tie
        BinaryOp::Min => vec![(left, masked(b, g, right, left)), (right, masked(b, g, left, right))],
        // d max(a, b) = g·[a > b], g·[b > a]: 0 at a tie
        BinaryOp::Max => vec![(left, masked(b, g, left, right)), (right, masked(b, g, right, left))],
        // d[a > b] = d[a = b] = 0
        BinaryOp::Greater | BinaryOp::Equal => Vec::new(),
    }
}

/// `g·[greater > smaller]`.
fn masked(b: &mut Builder, g: Value, greater: Value, smaller: Value) -> Value {
    let mask = b.binary(BinaryOp::Greater, greater, smaller);
    b.mul(g, mask)
}

fn reduce(b: &mut Builder, op: ReduceOp, x: Value, y: Value, g: Value) -> Value {
    match op {
        // d Σx = g for each element
        ReduceOp::Sum => g,
        // d max x = d min x = g·[x = y] where one element only attains it, 0 at a tie
        ReduceOp::Min | ReduceOp::Max => {
            let mask = b.binary(BinaryOp::Equal, x, y);
            let (count, one) = (b.sum(mask), b.constant(1.0));
            let unique = b.binary(BinaryOp::Equal, count, one);
            let scalar = b.mul(g, unique);
            b.mul(scalar, mask)
        }
    }
}

/// `d(M·x) = g ⊗ x, Mᵀ·g` and `d(Mᵀ·x) = x ⊗ g, M·g`.
fn matvec(b: &mut Builder, matrix: Value, vector: Value, transposed: bool, y: Value, g: Value) -> Vec<(Value, Value)> {
    let g = b.spread_beside(g, y);
    let (rows, columns) = if transposed { (vector, g) } else { (g, vector) };
    let outer = b.push(Op::Outer(rows, columns));
    let back = b.push(Op::MatVec { matrix, vector: g, transposed: !transposed });
    vec![(matrix, outer), (vector, back)]
}
