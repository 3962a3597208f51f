//! What every instruction set can do: the [`Simd`] trait.

use super::{InstructionSet, Task};

/// How many `f32` a vector holds, on every instruction set.
///
/// ```
/// let row = [0.0_f32; 64];
/// let (vectors, rest) = row.as_chunks::<{ sptx_runtime::simd::LANES }>();
/// assert_eq!((vectors.len(), rest.len()), (4, 0));
/// ```
pub const LANES: usize = 16;

/// An instruction set: a zero-sized token whose existence proves that the CPU has it.
///
/// Operations act on each lane alone unless they say otherwise, and are rounded to nearest as IEEE 754 says. They are
/// methods of the token, so that a vector operation cannot be written without the proof.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd};
///
/// let simd = Baseline::new();
/// let mut row = [-2.0; 16];
/// let positive = simd.max(simd.load(&row), simd.splat(0.5));
/// simd.store(positive, &mut row);
/// assert_eq!(row, [0.5; 16]);
/// ```
pub trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen `f32`.
    type Vector: Copy;
    /// Sixteen truth values.
    type Mask: Copy;

    /// Which instruction set this is.
    const INSTRUCTION_SET: InstructionSet;

    /// Runs a task compiled for this instruction set. [`super::dispatch`] does so with the widest one.
    fn run<T: Task>(self, task: T) -> T::Output;

    /// The same value in every lane.
    fn splat(self, x: f32) -> Self::Vector;
    /// Reads sixteen values. Nothing is asked of their alignment; 64 bytes is fastest.
    fn load(self, from: &[f32; LANES]) -> Self::Vector;
    /// Writes sixteen values.
    fn store(self, v: Self::Vector, to: &mut [f32; LANES]);

    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a − b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b`.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a / b`.
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a · b + c`, rounded once where the CPU has a fused instruction, else twice.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// The smaller one. Unlike [`f32::min`]: `b` if either is NaN, and `b` of two zeros.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The larger one. Unlike [`f32::max`]: `b` if either is NaN, and `b` of two zeros.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `−v`, of zero and NaN too: the sign bit is flipped.
    fn neg(self, v: Self::Vector) -> Self::Vector;
    /// `|v|`, of NaN too: the sign bit is cleared.
    fn abs(self, v: Self::Vector) -> Self::Vector;
    /// The square root, correctly rounded; NaN of a negative value.
    fn sqrt(self, v: Self::Vector) -> Self::Vector;
    /// The largest integer that is not above the value.
    fn floor(self, v: Self::Vector) -> Self::Vector;
    /// The nearest integer; of two, the even one.
    fn round(self, v: Self::Vector) -> Self::Vector;

    /// `a > b`; false if either is NaN.
    fn greater(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// `a = b`; true of zeros of either sign, false if either is NaN.
    fn equal(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// True in the lanes below `n`; in all of them if `n` is 16 or more.
    fn first(self, n: usize) -> Self::Mask;
    /// `if_true` where the mask is true, `if_false` elsewhere.
    fn select(self, mask: Self::Mask, if_true: Self::Vector, if_false: Self::Vector) -> Self::Vector;
    /// Whether the mask is true in some lane.
    fn any(self, mask: Self::Mask) -> bool;

    /// The sum of the lanes, in the same order on every instruction set: halves of 8 + 8, then 4 + 4, 2 + 2, 1 + 1.
    fn sum(self, v: Self::Vector) -> f32;
    /// The smallest lane, folded like [`Simd::sum`] with [`Simd::min`]; unspecified if a lane is NaN.
    fn min_of(self, v: Self::Vector) -> f32;
    /// The largest lane, folded like [`Simd::sum`] with [`Simd::max`]; unspecified if a lane is NaN.
    fn max_of(self, v: Self::Vector) -> f32;

    /// `2ⁿ` exactly, for an integral `n` in −126 ..= 127; unspecified for others.
    fn pow2(self, n: Self::Vector) -> Self::Vector;
    /// `v = mantissa · 2^exponent` of a positive finite value, subnormal ones too: the mantissa in 1 .. 2 and the
    /// integral exponent. Unspecified for others.
    fn split(self, v: Self::Vector) -> (Self::Vector, Self::Vector);

    /// `v · 2ⁿ` for an integral `n` in −252 ..= 254, unspecified for others. Overflow gives an infinity; underflow is
    /// gradual, and rounded once if `v` is in 0.5 .. 2.
    #[inline(always)]
    fn scale(self, v: Self::Vector, n: Self::Vector) -> Self::Vector {
        let half = self.floor(self.mul(n, self.splat(0.5)));
        let rest = self.sub(n, half);
        self.mul(self.mul(v, self.pow2(half)), self.pow2(rest))
    }
}
