//! Functions of vectors, on any [`Simd`].
//!
//! Each states a bound on its error against the exact value, for every instruction set. One *ulp* is the distance of
//! neighbouring `f32` at the result: 0.6e-7 to 1.2e-7 of it, more only where the result is subnormal. The polynomials are
//! the minimax approximations of S. L. Moshier's Cephes library, single precision.
//!
//! There are no branches, but for one: [`sin`], [`cos`] and [`sin_cos`] leave to the standard library the lanes above
//! 8192.

mod activation;
mod exponential;
mod piecewise;
mod trigonometric;

pub use activation::{sigmoid, softplus, tanh};
pub use exponential::{exp, log};
pub use piecewise::{equal, frac, greater, reciprocal_or_zero, sign};
pub use trigonometric::{cos, sin, sin_cos};

use super::Simd;

/// 2²³ + 127. Added to an integral `n` in −126 ..= 127, it leaves `n + 127`, the bits of the exponent of 2ⁿ, in the low
/// bits of the result.
pub(super) const EXPONENT_SHIFT: f32 = 8_388_735.0;

/// The polynomial of these coefficients, that of the highest power first, by Horner's rule.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::Vector, coefficients: [f32; N]) -> S::Vector {
    let mut value = simd.splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        value = simd.mul_add(value, x, simd.splat(coefficient));
    }
    value
}
