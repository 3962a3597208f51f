//! The functions with jumps, defined at them.

use crate::simd::Simd;

/// 1 of positive values, −1 of negative ones, 0 of zeros and NaN. Exact.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::sign(simd, simd.splat(-0.5))), -1.0);
/// assert_eq!(simd.max_of(math::sign(simd, simd.splat(0.0))), 0.0);
/// ```
#[inline(always)]
pub fn sign<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let zero = simd.splat(0.0);
    let not_positive = simd.select(simd.greater(zero, x), simd.splat(-1.0), zero);
    simd.select(simd.greater(x, zero), simd.splat(1.0), not_positive)
}

/// `1 / x`, correctly rounded, but 0 of zeros. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::reciprocal_or_zero(simd, simd.splat(4.0))), 0.25);
/// assert_eq!(simd.max_of(math::reciprocal_or_zero(simd, simd.splat(0.0))), 0.0);
/// ```
#[inline(always)]
pub fn reciprocal_or_zero<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let zero = simd.splat(0.0);
    simd.select(simd.equal(x, zero), zero, simd.div(simd.splat(1.0), x))
}

/// The fractional part `x − floor x`, rounded once, in 0 ..= 1: the 1 is that of tiny negative values. NaN of
/// infinities and NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::frac(simd, simd.splat(-1.25))), 0.75);
/// ```
#[inline(always)]
pub fn frac<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    simd.sub(x, simd.floor(x))
}

/// 1 where `a > b`, 0 elsewhere and where either is NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.sum(math::greater(simd, simd.splat(2.0), simd.splat(1.0))), 16.0);
/// ```
#[inline(always)]
pub fn greater<S: Simd>(simd: S, a: S::Vector, b: S::Vector) -> S::Vector {
    simd.select(simd.greater(a, b), simd.splat(1.0), simd.splat(0.0))
}

/// 1 where `a = b`, 0 elsewhere and where either is NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.sum(math::equal(simd, simd.splat(2.0), simd.splat(1.0))), 0.0);
/// ```
#[inline(always)]
pub fn equal<S: Simd>(simd: S, a: S::Vector, b: S::Vector) -> S::Vector {
    simd.select(simd.equal(a, b), simd.splat(1.0), simd.splat(0.0))
}
