//! Sine and cosine.

use std::f32::consts::FRAC_2_PI;

use super::polynomial;
use crate::simd::{LANES, Simd};

/// Up to here the products of the reduction are exact; the lanes above go to the standard library.
const LARGE: f32 = 8192.0;

/// π/2 in three parts. The first two have so few bits that their products with a count of quarter turns are exact.
const QUARTER_TURN: [f32; 3] = [1.570_312_5, 4.837_513e-4, 7.549_79e-8];

/// `sin x`: the error is at most 1e-7, and at most 1 ulp for |x| ≤ π/4.
///
/// Lanes above |x| = 8192 are left to the standard library, one by one: slow, but as exact. NaN stays NaN.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// let one = simd.max_of(math::sin(simd, simd.splat(std::f32::consts::FRAC_PI_2)));
/// assert!((one - 1.0).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn sin<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let result = sin_of(simd, reduce(simd, x));
    repair(simd, x, result, sin_of_large)
}

/// `cos x`: the error is at most 1e-7, and at most 2 ulp for |x| ≤ π/4. Large values and NaN are as in [`sin`].
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.max_of(math::cos(simd, simd.splat(0.0))), 1.0);
/// ```
#[inline(always)]
pub fn cos<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let result = cos_of(simd, reduce(simd, x));
    repair(simd, x, result, cos_of_large)
}

/// [`sin`] and [`cos`] with the same bits, sharing the most of their work.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd, math};
///
/// let simd = Baseline::new();
/// let (sin, cos) = math::sin_cos(simd, simd.splat(3.0));
/// assert!((simd.max_of(sin) - 3.0_f32.sin()).abs() < 1e-7);
/// assert!((simd.max_of(cos) - 3.0_f32.cos()).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn sin_cos<S: Simd>(simd: S, x: S::Vector) -> (S::Vector, S::Vector) {
    let angle = reduce(simd, x);
    let (sin, cos) = (sin_of(simd, angle), cos_of(simd, angle));
    (repair(simd, x, sin, sin_of_large), repair(simd, x, cos, cos_of_large))
}

/// An angle brought into the eighth turn to either side of a multiple of the quarter turn.
#[derive(Clone, Copy)]
struct Angle<S: Simd> {
    /// Which multiple, modulo a turn: 0, 1, 2 or 3.
    quadrant: S::Vector,
    /// Whether it is 1 or 3: sine and cosine change places.
    odd: S::Mask,
    /// Sine and cosine of the rest.
    sin: S::Vector,
    cos: S::Vector,
}

#[inline(always)]
fn reduce<S: Simd>(simd: S, x: S::Vector) -> Angle<S> {
    let turns = simd.round(simd.mul(x, simd.splat(FRAC_2_PI)));
    let mut rest = x;
    for part in QUARTER_TURN {
        rest = simd.mul_add(turns, simd.splat(-part), rest);
    }
    let full = simd.floor(simd.mul(turns, simd.splat(0.25)));
    let quadrant = simd.mul_add(full, simd.splat(-4.0), turns);
    let even = simd.mul(simd.floor(simd.mul(turns, simd.splat(0.5))), simd.splat(2.0));
    let odd = simd.greater(turns, even);

    let (sin, cos) = sin_cos_of_eighth(simd, rest);
    Angle { quadrant, odd, sin, cos }
}

/// Sine and cosine of an angle within an eighth turn.
#[inline(always)]
fn sin_cos_of_eighth<S: Simd>(simd: S, x: S::Vector) -> (S::Vector, S::Vector) {
    let square = simd.mul(x, x);
    let sin = polynomial(simd, square, [-1.951_529_6e-4, 8.332_161e-3, -0.166_666_55]);
    let sin = simd.mul_add(simd.mul(sin, square), x, x);
    let cos = polynomial(simd, square, [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2, -0.5]);
    let cos = simd.mul_add(cos, square, simd.splat(1.0));
    (sin, cos)
}

#[inline(always)]
fn sin_of<S: Simd>(simd: S, angle: Angle<S>) -> S::Vector {
    let magnitude = simd.select(angle.odd, angle.cos, angle.sin);
    let negative = simd.greater(angle.quadrant, simd.splat(1.5));
    simd.select(negative, simd.neg(magnitude), magnitude)
}

#[inline(always)]
fn cos_of<S: Simd>(simd: S, angle: Angle<S>) -> S::Vector {
    let magnitude = simd.select(angle.odd, angle.sin, angle.cos);
    // Quadrants 1 and 2.
    let from_left = simd.abs(simd.sub(angle.quadrant, simd.splat(1.5)));
    let negative = simd.greater(simd.splat(1.0), from_left);
    simd.select(negative, simd.neg(magnitude), magnitude)
}

/// Replaces the results of the lanes that are too large for the reduction.
#[inline(always)]
fn repair<S: Simd>(
    simd: S,
    x: S::Vector,
    result: S::Vector,
    of_large: fn(&[f32; LANES], &mut [f32; LANES]),
) -> S::Vector {
    let large = simd.greater(simd.abs(x), simd.splat(LARGE));
    if !simd.any(large) {
        return result;
    }
    let (mut angles, mut results) = ([0.0; LANES], [0.0; LANES]);
    simd.store(x, &mut angles);
    simd.store(result, &mut results);
    of_large(&angles, &mut results);
    simd.load(&results)
}

#[cold]
#[inline(never)]
fn sin_of_large(angles: &[f32; LANES], results: &mut [f32; LANES]) {
    for (angle, result) in angles.iter().zip(results).filter(|(angle, _)| angle.abs() > LARGE) {
        *result = angle.sin();
    }
}

#[cold]
#[inline(never)]
fn cos_of_large(angles: &[f32; LANES], results: &mut [f32; LANES]) {
    for (angle, result) in angles.iter().zip(results).filter(|(angle, _)| angle.abs() > LARGE) {
        *result = angle.cos();
    }
}
