//! The exponential function and the logarithm.

use std::f32::consts::{LOG2_E, SQRT_2};

use super::polynomial;
use crate::simd::Simd;

/// ln 2 in two parts; the first has so few bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `eˣ`, within 2 ulp.
///
/// Overflow above 88.73 gives infinity. Underflow is gradual below −87.33 and gives 0 below −103.98. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// let e = simd.max_of(math::exp(simd, simd.splat(1.0)));
/// assert!((e - std::f32::consts::E).abs() < 5e-7);
/// ```
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    // Beyond these bounds the result is infinite, or zero. They stand first so that NaN passes both.
    let x = simd.min(simd.splat(89.0), simd.max(simd.splat(-104.0), x));
    let n = simd.round(simd.mul(x, simd.splat(LOG2_E)));
    let r = simd.mul_add(n, simd.splat(-LN_2_HIGH), x);
    let r = simd.mul_add(n, simd.splat(-LN_2_LOW), r);
    let tail = polynomial(simd, r, [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]);
    let exp_r = simd.add(simd.mul_add(tail, simd.mul(r, r), r), simd.splat(1.0));
    simd.scale(exp_r, n)
}

/// The natural logarithm, within 1 ulp, of subnormal values too.
///
/// `log(0) = −∞`, `log(∞) = ∞`; of negative values and NaN it is NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::log(simd, simd.splat(1.0))), 0.0);
/// assert_eq!(simd.max_of(math::log(simd, simd.splat(0.0))), f32::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn log<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let (mantissa, exponent) = simd.split(x);
    let one = simd.splat(1.0);
    let upper = simd.greater(mantissa, simd.splat(SQRT_2));
    let mantissa = simd.select(upper, simd.mul(mantissa, simd.splat(0.5)), mantissa);
    let exponent = simd.select(upper, simd.add(exponent, one), exponent);
    let log = log_sum(simd, simd.sub(mantissa, one), exponent);

    let infinity = simd.splat(f32::INFINITY);
    let not_positive = simd.select(simd.equal(x, simd.splat(0.0)), simd.neg(infinity), simd.splat(f32::NAN));
    let log = simd.select(simd.equal(x, infinity), infinity, log);
    simd.select(simd.greater(x, simd.splat(0.0)), log, not_positive)
}

/// `ln(1 + x)` for `x` in 0 ..= 1, within 2 ulp. NaN stays NaN.
#[inline(always)]
pub(super) fn log_1p_unit<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    // Above √2, 1 + x is halved: the fraction becomes (1 + x) / 2 − 1.
    let half = simd.splat(0.5);
    let upper = simd.greater(x, simd.splat(SQRT_2 - 1.0));
    let fraction = simd.select(upper, simd.sub(simd.mul(x, half), half), x);
    let exponent = simd.select(upper, simd.splat(1.0), simd.splat(0.0));
    log_sum(simd, fraction, exponent)
}

/// `ln(1 + f) + exponent · ln 2` for `1 + f` in √½ ..= √2.
#[inline(always)]
fn log_sum<S: Simd>(simd: S, f: S::Vector, exponent: S::Vector) -> S::Vector {
    let square = simd.mul(f, f);
    let tail = polynomial(
        simd,
        f,
        [
            7.037_683_6e-2,
            -0.115_146_1,
            0.116_769_987,
            -0.124_201_41,
            0.142_493_23,
            -0.166_680_58,
            0.200_007_14,
            -0.249_999_94,
            0.333_333_3,
        ],
    );
    // The small terms first: f and the high part of ln 2 carry the result.
    let small = simd.mul(simd.mul(tail, f), square);
    let small = simd.mul_add(exponent, simd.splat(LN_2_LOW), small);
    let small = simd.mul_add(square, simd.splat(-0.5), small);
    simd.mul_add(exponent, simd.splat(LN_2_HIGH), simd.add(f, small))
}
