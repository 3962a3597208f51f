//! Numbers and operations that a target lacks.

use std::collections::HashSet;

use crate::lir::{Binary, Builder, Constant, Expression, Kernel, Scalar, Value};

use super::Target;
use super::fold::fold;
use super::rebuild::{Rules, define, rebuild};

/// Rewrites numbers and operations that the target lacks.
pub(super) fn available(kernel: &Kernel, target: &Target) -> Kernel {
    rebuild(kernel, kernel.clone(), &mut Available { target: *target, vectors: HashSet::new() })
}

struct Available {
    target: Target,
    /// Vectors of numbers of the text, and their lanes.
    vectors: HashSet<Value>,
}

impl Rules for Available {
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        match expression {
            Expression::Constant(constant) => self.constant(k, constant),
            Expression::Splat(..) | Expression::Lane(..) | Expression::Join(_) => self.lanes(k, expression),
            Expression::Unary(..)
            | Expression::Binary(..)
            | Expression::MultiplyAdd(..)
            | Expression::Select { .. }
            | Expression::Convert(..)
            | Expression::Bits(..) => self.operation(k, expression),
            Expression::Parameter(_)
            | Expression::Builtin(_)
            | Expression::Get(_)
            | Expression::Load { .. }
            | Expression::Exchange { .. } => define(k, expression),
        }
    }
}

impl Available {
    /// A vector of numbers is one for the target's compiler too, and so is its lane.
    fn lanes(&mut self, k: &mut Builder, expression: Expression) -> Value {
        let of_numbers = expression.operands().iter().all(|it| k.constant(*it).is_some() || self.vectors.contains(it));
        let value = define(k, expression);
        if of_numbers {
            self.vectors.insert(value);
        }
        value
    }

    /// A number: one that the target cannot write is the bits in a variable, into which its compiler may not look.
    fn constant(&mut self, k: &mut Builder, constant: Constant) -> Value {
        match constant {
            Constant::F32(bits) if !self.target.non_finite_numbers && !f32::from_bits(bits).is_finite() => {
                let bits = k.u32(bits);
                let bits = through_variable(k, bits);
                k.define(Expression::Bits(Scalar::F32, bits))
            }
            Constant::Bool(_) | Constant::U32(_) | Constant::F32(_) => k.define(Expression::Constant(constant)),
        }
    }

    /// An operation. Of numbers alone, it is worked out here where that can be done; else the target's compiler would,
    /// and refuse the kernel where the result is no number it can write.
    fn operation(&mut self, k: &mut Builder, expression: Expression) -> Value {
        if let Some(known) = fold(k, &expression) {
            return self.constant(k, known);
        }
        let expression = match self.refused(k, &expression) {
            None => expression,
            Some(refused) => {
                let hidden = through_variable(k, refused);
                expression.with_operands(|operand| if operand == refused { hidden } else { operand })
            }
        };
        match expression {
            Expression::Binary(Binary::MulHigh, a, b) if !self.target.upper_products => upper_product(k, a, b),
            other => define(k, other),
        }
    }

    /// The operand that the target's compiler must not know.
    fn refused(&self, k: &Builder, expression: &Expression) -> Option<Value> {
        let is_number = |value: &Value| k.constant(*value).is_some() || self.vectors.contains(value);
        if self.target.operations_on_numbers {
            return None;
        }
        if let Expression::Binary(op, _, by) = expression
            && is_number(by)
            && !is_defined_by(k, *op, *by)
        {
            return Some(*by);
        }
        let operands = expression.operands();
        operands.iter().all(is_number).then(|| operands[0])
    }
}

/// Whether an operation is defined whatever its left operand is, for a known right one.
fn is_defined_by(k: &Builder, op: Binary, by: Value) -> bool {
    let is_u32 = k.ty(by).scalar == Scalar::U32;
    match op {
        Binary::Div | Binary::Rem if is_u32 => k.known(by).is_some_and(|by| by != 0),
        Binary::ShiftLeft | Binary::ShiftRight => k.known(by).is_some_and(|by| by < u32::BITS),
        Binary::Div
        | Binary::Rem
        | Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Min
        | Binary::Max
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::MulHigh
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::Equal
        | Binary::NotEqual => true,
    }
}

/// The same number, by way of a variable.
fn through_variable(k: &mut Builder, value: Value) -> Value {
    let variable = k.variable(value);
    k.get(variable)
}

/// The upper 32 bits of a product, from those of its factors' halves: none of the sums wraps.
fn upper_product(k: &mut Builder, a: Value, b: Value) -> Value {
    let lanes = k.ty(a).lanes;
    let [mask, sixteen] = [0xffff, 16].map(|number| {
        let number = k.u32(number);
        k.splat(number, lanes)
    });
    let [(a_low, a_high), (b_low, b_high)] =
        [a, b].map(|it| (k.binary(Binary::And, it, mask), k.binary(Binary::ShiftRight, it, sixteen)));
    let low = k.mul(a_low, b_low);
    let carried = k.binary(Binary::ShiftRight, low, sixteen);
    let left = k.mul(a_high, b_low);
    let left = k.add(left, carried);
    let right = k.mul(a_low, b_high);
    let left_low = k.binary(Binary::And, left, mask);
    let right = k.add(right, left_low);
    let high = k.mul(a_high, b_high);
    let [left, right] = [left, right].map(|it| k.binary(Binary::ShiftRight, it, sixteen));
    let high = k.add(high, left);
    k.add(high, right)
}
