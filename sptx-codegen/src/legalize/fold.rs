//! What is known of an expression whose operands are known.

use crate::lir::{Binary, Builder, Constant, Expression, Scalar, Unary, Value};

/// What an expression gives; none where an operand is not known, or where targets differ in it.
pub(super) fn fold(k: &Builder, expression: &Expression) -> Option<Constant> {
    let known = |value: &Value| k.constant(*value);
    match expression {
        Expression::Constant(constant) => Some(*constant),
        Expression::Unary(op, a) => unary(*op, known(a)?),
        Expression::Binary(op, a, b) => binary(*op, known(a)?, known(b)?),
        Expression::MultiplyAdd(a, b, c) => {
            let [a, b, c] = [number(known(a)?)?, number(known(b)?)?, number(known(c)?)?];
            Some(Constant::f32(a.mul_add(b, c)))
        }
        Expression::Select { condition, yes, no } => match known(condition)? {
            Constant::Bool(condition) => known(if condition { yes } else { no }),
            Constant::U32(_) | Constant::F32(_) => None,
        },
        Expression::Convert(to, a) => convert(*to, known(a)?),
        Expression::Bits(to, a) => bits(*to, known(a)?),
        Expression::Parameter(_)
        | Expression::Builtin(_)
        | Expression::Get(_)
        | Expression::Splat(..)
        | Expression::Lane(..)
        | Expression::Join(_)
        | Expression::Load { .. }
        | Expression::Exchange { .. } => None,
    }
}

fn number(constant: Constant) -> Option<f32> {
    match constant {
        Constant::F32(bits) => Some(f32::from_bits(bits)),
        Constant::Bool(_) | Constant::U32(_) => None,
    }
}

/// Functions that no two libraries round alike are left to the target.
fn unary(op: Unary, a: Constant) -> Option<Constant> {
    match (op, a) {
        (Unary::Not, Constant::Bool(a)) => Some(Constant::Bool(!a)),
        (Unary::Neg, Constant::F32(a)) => Some(Constant::f32(-f32::from_bits(a))),
        (Unary::Abs, Constant::F32(a)) => Some(Constant::f32(f32::from_bits(a).abs())),
        (Unary::Floor, Constant::F32(a)) => Some(Constant::f32(f32::from_bits(a).floor())),
        (Unary::Not | Unary::Neg | Unary::Abs | Unary::Floor, _)
        | (Unary::Sqrt | Unary::Exp | Unary::Log | Unary::Sin | Unary::Cos | Unary::Tanh, _) => None,
    }
}

fn binary(op: Binary, a: Constant, b: Constant) -> Option<Constant> {
    match (a, b) {
        (Constant::U32(a), Constant::U32(b)) if op.compares() => Some(Constant::Bool(compare(op, &a, &b)?)),
        (Constant::U32(a), Constant::U32(b)) => op.fold(a, b).map(Constant::U32),
        (Constant::F32(a), Constant::F32(b)) => {
            let (a, b) = (f32::from_bits(a), f32::from_bits(b));
            if op.compares() {
                compare(op, &a, &b).map(Constant::Bool)
            } else {
                arithmetic(op, a, b).map(Constant::f32)
            }
        }
        (Constant::Bool(a), Constant::Bool(b)) => match op {
            Binary::And => Some(Constant::Bool(a && b)),
            Binary::Or => Some(Constant::Bool(a || b)),
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Rem
            | Binary::Min
            | Binary::Max
            | Binary::Xor
            | Binary::ShiftLeft
            | Binary::ShiftRight
            | Binary::MulHigh
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual
            | Binary::Equal
            | Binary::NotEqual => None,
        },
        (Constant::U32(_) | Constant::F32(_) | Constant::Bool(_), _) => None,
    }
}

fn compare<T: PartialOrd>(op: Binary, a: &T, b: &T) -> Option<bool> {
    Some(match op {
        Binary::Less => a < b,
        Binary::LessEqual => a <= b,
        Binary::Greater => a > b,
        Binary::GreaterEqual => a >= b,
        Binary::Equal => a == b,
        Binary::NotEqual => a != b,
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Div
        | Binary::Rem
        | Binary::Min
        | Binary::Max
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight
        | Binary::MulHigh => return None,
    })
}

/// Of f32. What the lesser and the greater of NaN and a number is, targets disagree on.
fn arithmetic(op: Binary, a: f32, b: f32) -> Option<f32> {
    Some(match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Min if !a.is_nan() && !b.is_nan() => a.min(b),
        Binary::Max if !a.is_nan() && !b.is_nan() => a.max(b),
        Binary::Min
        | Binary::Max
        | Binary::Rem
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight
        | Binary::MulHigh
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::Equal
        | Binary::NotEqual => return None,
    })
}

/// What does not fit in a u32 is left to the target.
fn convert(to: Scalar, a: Constant) -> Option<Constant> {
    match (to, a) {
        (Scalar::F32, Constant::Bool(a)) => Some(Constant::f32(f32::from(u8::from(a)))),
        (Scalar::U32, Constant::Bool(a)) => Some(Constant::U32(u32::from(a))),
        (Scalar::F32, Constant::U32(a)) => Some(Constant::f32(a as f32)),
        (Scalar::U32, Constant::F32(a)) => {
            let a = f32::from_bits(a);
            (a > -1.0 && a < 4_294_967_296.0).then_some(Constant::U32(a as u32))
        }
        (Scalar::Bool | Scalar::U32 | Scalar::F32, _) => None,
    }
}

fn bits(to: Scalar, a: Constant) -> Option<Constant> {
    match (to, a) {
        (Scalar::F32, Constant::U32(bits)) => Some(Constant::F32(bits)),
        (Scalar::U32, Constant::F32(bits)) => Some(Constant::U32(bits)),
        (Scalar::Bool | Scalar::U32 | Scalar::F32, _) => None,
    }
}
