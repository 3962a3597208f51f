//! Operations on lines.
//!
//! Loops are written by a macro and not by functions that take closures: a closure cannot be marked for inlining, and
//! code that is not inlined loses its instruction set.

use crate::program::{Binary, Unary};
use crate::simd::{Simd, math};
use crate::table::Line;

/// `out = value`, line by line, where `value` may name the operands' lines as vectors.
macro_rules! lines {
    ($simd:ident, $out:ident, [$($operand:ident),+] => $value:expr) => {{
        let count = $out.len();
        $(let $operand = &$operand[..count];)+
        for line in 0..count {
            $(let $operand = $simd.load(&$operand[line].0);)+
            $simd.store($value, &mut $out[line].0);
        }
    }};
}

/// An operation on one operand.
#[inline(always)]
pub(crate) fn unary<S: Simd>(simd: S, op: Unary, a: &[Line], out: &mut [Line]) {
    match op {
        Unary::Neg => lines!(simd, out, [a] => simd.neg(a)),
        Unary::Abs => lines!(simd, out, [a] => simd.abs(a)),
        Unary::Sign => lines!(simd, out, [a] => math::sign(simd, a)),
        Unary::Sqrt => lines!(simd, out, [a] => simd.sqrt(a)),
        Unary::ReciprocalOrZero => lines!(simd, out, [a] => math::reciprocal_or_zero(simd, a)),
        Unary::Exp => lines!(simd, out, [a] => math::exp(simd, a)),
        Unary::Log => lines!(simd, out, [a] => math::log(simd, a)),
        Unary::Sin => lines!(simd, out, [a] => math::sin(simd, a)),
        Unary::Cos => lines!(simd, out, [a] => math::cos(simd, a)),
        Unary::Tanh => lines!(simd, out, [a] => math::tanh(simd, a)),
        Unary::Sigmoid => lines!(simd, out, [a] => math::sigmoid(simd, a)),
        Unary::Softplus => lines!(simd, out, [a] => math::softplus(simd, a)),
        Unary::Floor => lines!(simd, out, [a] => simd.floor(a)),
        Unary::Frac => lines!(simd, out, [a] => math::frac(simd, a)),
    }
}

/// An operation on two operands.
#[inline(always)]
pub(crate) fn binary<S: Simd>(simd: S, op: Binary, a: &[Line], b: &[Line], out: &mut [Line]) {
    match op {
        Binary::Add => lines!(simd, out, [a, b] => simd.add(a, b)),
        Binary::Sub => lines!(simd, out, [a, b] => simd.sub(a, b)),
        Binary::Mul => lines!(simd, out, [a, b] => simd.mul(a, b)),
        Binary::Div => lines!(simd, out, [a, b] => simd.div(a, b)),
        Binary::Min => lines!(simd, out, [a, b] => simd.min(a, b)),
        Binary::Max => lines!(simd, out, [a, b] => simd.max(a, b)),
        Binary::Greater => lines!(simd, out, [a, b] => math::greater(simd, a, b)),
        Binary::Equal => lines!(simd, out, [a, b] => math::equal(simd, a, b)),
    }
}

/// `a · b + c`.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: &[Line], b: &[Line], c: &[Line], out: &mut [Line]) {
    lines!(simd, out, [a, b, c] => simd.mul_add(a, b, c));
}
