//! The rules of simplification, each with its meaning.

use super::{binary, push};
use crate::ir::{BinaryOp, Builder, Op, ReduceOp, Shape, UnaryOp, Value};

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it does, in notation.
    pub meaning: &'static str,
    /// The simpler value, where the rule applies to the operation.
    pub apply: fn(&mut Builder, &Op) -> Option<Value>,
}

macro_rules! rules {
    ($($meaning:literal => $apply:ident,)*) => {
        /// Every rule, tried in this order.
        pub const RULES: &[Rule] = &[$(Rule { meaning: $meaning, apply: $apply }),*];
    };
}

rules! {
    "f(c) is a constant" => fold_unary,
    "c₁ ∘ c₂ is a constant" => fold_binary,
    "0 + x = x, x − 0 = x, 0 − x = −x" => zero_term,
    "1·x = x, x / 1 = x, −1·x = −x, x / −1 = −x" => unit_factor,
    "x / 2ⁿ = 2⁻ⁿ·x" => power_of_two_divisor,
    "−(−x) = x" => double_negation,
    "−(c·x) = (−c)·x" => negated_multiple,
    "x + (−y) = x − y, x − (−y) = x + y, (−x) − y = −(x + y)" => negated_term,
    "x + (−c)·y = x − c·y, x − (−c)·y = x + c·y for c > 0" => negative_multiple_term,
    "x + x = 2·x" => doubled,
    "(−x)·y = −(x·y), (−x) / y = −(x / y)" => negated_factor,
    "c₁·(c₂·x) = (c₁·c₂)·x, also inside a product" => merge_constants,
    "s₁·(s₂·v) = (s₁·s₂)·v for scalars beside a vector" => merge_scalars,
    "Σ(−x) = −Σx" => negated_sum,
    "|−x| = |x|, cos(−x) = cos x" => even_function,
    "sin(−x) = −sin x, tanh(−x) = −tanh x, sign(−x) = −sign x" => odd_function,
    "|x| = x for x ≥ 0 by its form" => modulus_of_non_negative,
    "min(x, x) = max(x, x) = x" => idempotent,
    "M·(−x) = (−M)·x = −(M·x)" => negated_matvec,
    "(s·M)·x = s·(M·x)" => scaled_matrix,
    "(A ± B)·x = A·x ± B·x" => sum_of_matrices,
    "(a ⊗ b)·x = a·(b·x)" => matvec_of_outer,
    "−(a ⊗ b) = (−a) ⊗ b, s·(a ⊗ b) = (s·a) ⊗ b" => scaled_outer,
    "Re(a + i·b) = a, Im(a + i·b) = b" => part_of_complex,
    "Re(conj z) = Re z, Im(conj z) = −Im z, |conj z| = |z|, conj(conj z) = z, |−z| = |z|" => of_conjugate,
    "Re z + i·Im z = z" => complex_of_parts,
}

fn constant(builder: &Builder, value: Value) -> Option<f64> {
    match builder.op(value) {
        Op::Const(number) => Some(*number),
        _ => None,
    }
}

fn negated(builder: &Builder, value: Value) -> Option<Value> {
    match builder.op(value) {
        Op::Unary(UnaryOp::Neg, a) => Some(*a),
        _ => None,
    }
}

/// `(c, x)` of `c·x`.
fn multiple(builder: &Builder, value: Value) -> Option<(f64, Value)> {
    match builder.op(value) {
        Op::Binary(BinaryOp::Mul, a, b) => Some((constant(builder, *a)?, *b)),
        _ => None,
    }
}

fn is_scalar(builder: &Builder, value: Value) -> bool {
    builder.ty(value).shape == Shape::Scalar
}

fn neg(builder: &mut Builder, a: Value) -> Value {
    push(builder, Op::Unary(UnaryOp::Neg, a))
}

fn mul(builder: &mut Builder, a: Value, b: Value) -> Value {
    binary(builder, BinaryOp::Mul, a, b)
}

fn times(builder: &mut Builder, number: f64, a: Value) -> Value {
    let number = builder.constant(number);
    mul(builder, number, a)
}

fn finite(builder: &mut Builder, number: f64) -> Option<Value> {
    number.is_finite().then(|| builder.constant(number))
}

fn fold_unary(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(op, a) = op else { return None };
    let a = constant(builder, *a)?;
    finite(builder, op.apply(a))
}

fn fold_binary(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Binary(op, a, b) = op else { return None };
    let (a, b) = (constant(builder, *a)?, constant(builder, *b)?);
    finite(builder, op.apply(a, b))
}

fn zero_term(builder: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Binary(BinaryOp::Add, a, b) if constant(builder, a) == Some(0.0) => Some(b),
        Op::Binary(BinaryOp::Sub, a, b) if constant(builder, b) == Some(0.0) => Some(a),
        Op::Binary(BinaryOp::Sub, a, b) if constant(builder, a) == Some(0.0) => Some(neg(builder, b)),
        _ => None,
    }
}

fn unit_factor(builder: &mut Builder, op: &Op) -> Option<Value> {
    let (unit, x) = match *op {
        Op::Binary(BinaryOp::Mul, a, b) => (constant(builder, a)?, b),
        Op::Binary(BinaryOp::Div, a, b) => (constant(builder, b)?, a),
        _ => return None,
    };
    match unit {
        1.0 => Some(x),
        -1.0 => Some(neg(builder, x)),
        _ => None,
    }
}

fn power_of_two_divisor(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Binary(BinaryOp::Div, a, b) = *op else { return None };
    let divisor = constant(builder, b)?;
    let reciprocal = divisor.recip();
    let mantissa = |number: f64| number.to_bits() & ((1 << 52) - 1);
    let exact = divisor.is_normal() && reciprocal.is_normal() && mantissa(divisor) == 0;
    exact.then(|| times(builder, reciprocal, a))
}

fn double_negation(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(UnaryOp::Neg, a) = *op else { return None };
    negated(builder, a)
}

fn negated_multiple(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(UnaryOp::Neg, a) = *op else { return None };
    let (number, x) = multiple(builder, a)?;
    Some(times(builder, -number, x))
}

fn negated_term(builder: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Binary(BinaryOp::Add, a, b) => match (negated(builder, a), negated(builder, b)) {
            (_, Some(y)) => Some(binary(builder, BinaryOp::Sub, a, y)),
            (Some(x), None) => Some(binary(builder, BinaryOp::Sub, b, x)),
            (None, None) => None,
        },
        Op::Binary(BinaryOp::Sub, a, b) => match (negated(builder, a), negated(builder, b)) {
            (_, Some(y)) => Some(binary(builder, BinaryOp::Add, a, y)),
            (Some(x), None) => {
                let sum = binary(builder, BinaryOp::Add, x, b);
                Some(neg(builder, sum))
            }
            (None, None) => None,
        },
        _ => None,
    }
}

fn negative_multiple_term(builder: &mut Builder, op: &Op) -> Option<Value> {
    let negative = |builder: &Builder, value| multiple(builder, value).filter(|(number, _)| *number < 0.0);
    let (sum, x, (number, y)) = match *op {
        Op::Binary(BinaryOp::Add, a, b) => match (negative(builder, a), negative(builder, b)) {
            (_, Some(multiple)) => (BinaryOp::Sub, a, multiple),
            (Some(multiple), None) => (BinaryOp::Sub, b, multiple),
            (None, None) => return None,
        },
        Op::Binary(BinaryOp::Sub, a, b) => (BinaryOp::Add, a, negative(builder, b)?),
        _ => return None,
    };
    let positive = times(builder, -number, y);
    Some(binary(builder, sum, x, positive))
}

fn doubled(builder: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Binary(BinaryOp::Add, a, b) if a == b => Some(times(builder, 2.0, a)),
        _ => None,
    }
}

fn negated_factor(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Binary(factor @ (BinaryOp::Mul | BinaryOp::Div), a, b) = *op else { return None };
    let (a, b) = match (negated(builder, a), negated(builder, b)) {
        (Some(a), _) => (a, b),
        (None, Some(b)) => (a, b),
        (None, None) => return None,
    };
    let product = binary(builder, factor, a, b);
    Some(neg(builder, product))
}

fn merge_constants(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Binary(BinaryOp::Mul, a, b) = *op else { return None };
    let number = constant(builder, a)?;
    absorb(builder, number, b, 4)
}

/// `number · product`, when a constant factor or a negation within `depth` products takes the number up.
fn absorb(builder: &mut Builder, number: f64, product: Value, depth: usize) -> Option<Value> {
    if let Some(x) = negated(builder, product) {
        return Some(times(builder, -number, x));
    }
    let Op::Binary(BinaryOp::Mul, a, b) = *builder.op(product) else { return None };
    if let Some(other) = constant(builder, a) {
        let merged = number * other;
        return merged.is_finite().then(|| times(builder, merged, b));
    }
    let depth = depth.checked_sub(1)?;
    if let Some(a) = absorb(builder, number, a, depth) {
        return Some(mul(builder, a, b));
    }
    let b = absorb(builder, number, b, depth)?;
    Some(mul(builder, a, b))
}

fn merge_scalars(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Binary(BinaryOp::Mul, s, product) = *op else { return None };
    let Op::Binary(BinaryOp::Mul, t, v) = *builder.op(product) else { return None };
    if !is_scalar(builder, s) || !is_scalar(builder, t) || is_scalar(builder, v) {
        return None;
    }
    let scalar = mul(builder, s, t);
    Some(mul(builder, scalar, v))
}

fn negated_sum(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Reduce(ReduceOp::Sum, a) = *op else { return None };
    let a = negated(builder, a)?;
    let sum = push(builder, Op::Reduce(ReduceOp::Sum, a));
    Some(neg(builder, sum))
}

fn even_function(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(even @ (UnaryOp::Abs | UnaryOp::Cos), a) = *op else { return None };
    let a = negated(builder, a)?;
    Some(push(builder, Op::Unary(even, a)))
}

fn odd_function(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(odd @ (UnaryOp::Sin | UnaryOp::Tanh | UnaryOp::Sign), a) = *op else { return None };
    let a = negated(builder, a)?;
    let value = push(builder, Op::Unary(odd, a));
    Some(neg(builder, value))
}

fn modulus_of_non_negative(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Unary(UnaryOp::Abs, a) = *op else { return None };
    is_non_negative(builder, a).then_some(a)
}

/// Whether a value is at least 0, or NaN, whatever its operands.
fn is_non_negative(builder: &Builder, value: Value) -> bool {
    match *builder.op(value) {
        Op::Unary(op, _) => match op {
            UnaryOp::Abs | UnaryOp::Sqrt | UnaryOp::Exp | UnaryOp::Sigmoid | UnaryOp::Softplus | UnaryOp::Frac => true,
            UnaryOp::Neg
            | UnaryOp::Sign
            | UnaryOp::ReciprocalOrZero
            | UnaryOp::Log
            | UnaryOp::Sin
            | UnaryOp::Cos
            | UnaryOp::Tanh
            | UnaryOp::Floor => false,
        },
        Op::Binary(op, a, b) => match op {
            BinaryOp::Greater | BinaryOp::Equal => true,
            BinaryOp::Mul => a == b,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Div | BinaryOp::Min | BinaryOp::Max => false,
        },
        Op::Reduce(_, a) => is_non_negative(builder, a),
        Op::Const(number) => number >= 0.0,
        Op::Modulus(_) => true,
        Op::Gather { .. }
        | Op::Parameter(_)
        | Op::Upstream
        | Op::MatVec { .. }
        | Op::Outer(..)
        | Op::Fold { .. }
        | Op::Complex(..)
        | Op::Cis(_)
        | Op::Re(_)
        | Op::Im(_)
        | Op::Conj(_) => false,
    }
}

fn idempotent(_: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Binary(BinaryOp::Min | BinaryOp::Max, a, b) if a == b => Some(a),
        _ => None,
    }
}

fn negated_matvec(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::MatVec { matrix, vector, transposed } = *op else { return None };
    let (matrix, vector) = match (negated(builder, matrix), negated(builder, vector)) {
        (Some(matrix), _) => (matrix, vector),
        (None, Some(vector)) => (matrix, vector),
        (None, None) => return None,
    };
    let product = push(builder, Op::MatVec { matrix, vector, transposed });
    Some(neg(builder, product))
}

fn scaled_matrix(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::MatVec { matrix, vector, transposed } = *op else { return None };
    let Op::Binary(BinaryOp::Mul, a, b) = *builder.op(matrix) else { return None };
    let (scalar, matrix) = if is_scalar(builder, a) { (a, b) } else { (b, a) };
    let product = push(builder, Op::MatVec { matrix, vector, transposed });
    Some(mul(builder, scalar, product))
}

fn sum_of_matrices(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::MatVec { matrix, vector, transposed } = *op else { return None };
    let Op::Binary(sum @ (BinaryOp::Add | BinaryOp::Sub), a, b) = *builder.op(matrix) else { return None };
    let a = push(builder, Op::MatVec { matrix: a, vector, transposed });
    let b = push(builder, Op::MatVec { matrix: b, vector, transposed });
    Some(binary(builder, sum, a, b))
}

fn matvec_of_outer(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::MatVec { matrix, vector, transposed } = *op else { return None };
    let Op::Outer(a, b) = *builder.op(matrix) else { return None };
    let (a, b) = if transposed { (b, a) } else { (a, b) };
    let product = mul(builder, b, vector);
    let dot = push(builder, Op::Reduce(ReduceOp::Sum, product));
    Some(mul(builder, dot, a))
}

fn scaled_outer(builder: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Unary(UnaryOp::Neg, matrix) => {
            let Op::Outer(a, b) = *builder.op(matrix) else { return None };
            let a = neg(builder, a);
            Some(push(builder, Op::Outer(a, b)))
        }
        Op::Binary(BinaryOp::Mul, scalar, matrix) => {
            let Op::Outer(a, b) = *builder.op(matrix) else { return None };
            let a = mul(builder, scalar, a);
            Some(push(builder, Op::Outer(a, b)))
        }
        _ => None,
    }
}

fn part_of_complex(builder: &mut Builder, op: &Op) -> Option<Value> {
    match *op {
        Op::Re(z) => match *builder.op(z) {
            Op::Complex(a, _) => Some(a),
            _ => None,
        },
        Op::Im(z) => match *builder.op(z) {
            Op::Complex(_, b) => Some(b),
            _ => None,
        },
        _ => None,
    }
}

fn of_conjugate(builder: &mut Builder, op: &Op) -> Option<Value> {
    let conjugated = |builder: &Builder, z| match builder.op(z) {
        Op::Conj(z) => Some(*z),
        _ => None,
    };
    match *op {
        Op::Conj(z) => conjugated(builder, z),
        Op::Re(z) => conjugated(builder, z).map(|z| push(builder, Op::Re(z))),
        Op::Im(z) => {
            let z = conjugated(builder, z)?;
            let im = push(builder, Op::Im(z));
            Some(neg(builder, im))
        }
        Op::Modulus(z) => {
            let z = conjugated(builder, z).or_else(|| negated(builder, z))?;
            Some(push(builder, Op::Modulus(z)))
        }
        _ => None,
    }
}

fn complex_of_parts(builder: &mut Builder, op: &Op) -> Option<Value> {
    let Op::Complex(re, im) = *op else { return None };
    match (builder.op(re), builder.op(im)) {
        (Op::Re(z), Op::Im(w)) if z == w => Some(*z),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
