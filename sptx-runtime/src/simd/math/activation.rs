//! The functions of losses: hyperbolic tangent, logistic function, softplus.

use super::exponential::log_1p_unit;
use super::{exp, polynomial};
use crate::simd::Simd;

/// `tanh x`, within 2 ulp, near 0 too. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::tanh(simd, simd.splat(50.0))), 1.0);
/// assert_eq!(simd.max_of(math::tanh(simd, simd.splat(1e-6))), 1e-6);
/// ```
#[inline(always)]
pub fn tanh<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let (one, zero) = (simd.splat(1.0), simd.splat(0.0));
    let magnitude = simd.abs(x);
    let square = simd.mul(x, x);
    let tail = polynomial(simd, square, [-5.704_988_7e-3, 2.063_908_8e-2, -5.373_971_6e-2, 0.133_314_42, -0.333_332_8]);
    let near = simd.mul_add(simd.mul(tail, square), x, x);

    let growth = exp(simd, simd.add(magnitude, magnitude));
    let far = simd.sub(one, simd.div(simd.splat(2.0), simd.add(growth, one)));
    let far = simd.select(simd.greater(zero, x), simd.neg(far), far);
    simd.select(simd.greater(magnitude, simd.splat(0.625)), far, near)
}

/// The logistic function `1 / (1 + e⁻ˣ)`, within 3 ulp, for very negative `x` too. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::sigmoid(simd, simd.splat(0.0))), 0.5);
/// ```
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    // e^−|x| cannot overflow: the function is 1 / (1 + e^−|x|) on the right and e^−|x| / (1 + e^−|x|) on the left.
    let one = simd.splat(1.0);
    let decay = exp(simd, simd.neg(simd.abs(x)));
    let numerator = simd.select(simd.greater(simd.splat(0.0), x), decay, one);
    simd.div(numerator, simd.add(one, decay))
}

/// `ln(1 + eˣ)`, within 2 ulp, for very negative `x` too: there it is `eˣ`. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::softplus(simd, simd.splat(100.0))), 100.0);
/// assert!(simd.max_of(math::softplus(simd, simd.splat(-80.0))) > 1.8e-35);
/// ```
#[inline(always)]
pub fn softplus<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let decay = exp(simd, simd.neg(simd.abs(x)));
    simd.add(simd.max(x, simd.splat(0.0)), log_1p_unit(simd, decay))
}
