//! [`Baseline`]: plain loops over arrays, for any target.
//!
//! The compiler turns them into the vectors that the compilation target guarantees. No function of the mathematics
//! library is called: where the target has no instruction for one, the loop would not vectorize.

use super::{InstructionSet, LANES, Simd, Task};

/// What the compilation target guarantees: there on every CPU.
///
/// ```
/// use sptx_runtime::simd::{Baseline, Simd};
///
/// let simd = Baseline::new();
/// assert_eq!(simd.sum(simd.splat(0.25)), 4.0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Baseline {
    _token: (),
}

impl Baseline {
    /// The token.
    pub const fn new() -> Self {
        Self { _token: () }
    }
}

type Vector = [f32; LANES];

/// Implements methods by a scalar function each, lane by lane.
macro_rules! lanewise {
    ($($method:ident($($v:ident),+) -> $lane:ty = $scalar:expr;)+) => {$(
        #[inline(always)]
        fn $method(self, $($v: Vector),+) -> [$lane; LANES] {
            let mut to = [<$lane>::default(); LANES];
            for (lane, to) in to.iter_mut().enumerate() {
                *to = $scalar($($v[lane]),+);
            }
            to
        }
    )+};
}

impl Simd for Baseline {
    type Vector = Vector;
    type Mask = [bool; LANES];

    const INSTRUCTION_SET: InstructionSet = InstructionSet::Baseline;

    #[inline]
    fn run<T: Task>(self, task: T) -> T::Output {
        task.run(self)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Vector {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Vector {
        *from
    }

    #[inline(always)]
    fn store(self, v: Vector, to: &mut [f32; LANES]) {
        *to = v;
    }

    lanewise! {
        add(a, b) -> f32 = |a, b| a + b;
        sub(a, b) -> f32 = |a, b| a - b;
        mul(a, b) -> f32 = |a, b| a * b;
        div(a, b) -> f32 = |a, b| a / b;
        mul_add(a, b, c) -> f32 = mul_add;
        min(a, b) -> f32 = min;
        max(a, b) -> f32 = max;
        neg(v) -> f32 = |v: f32| -v;
        abs(v) -> f32 = f32::abs;
        sqrt(v) -> f32 = f32::sqrt;
        floor(v) -> f32 = floor;
        round(v) -> f32 = round;
        pow2(n) -> f32 = pow2;
        greater(a, b) -> bool = |a, b| a > b;
        equal(a, b) -> bool = |a, b| a == b;
    }

    #[inline(always)]
    fn first(self, n: usize) -> Self::Mask {
        let mut mask = [false; LANES];
        for (lane, to) in mask.iter_mut().enumerate() {
            *to = lane < n;
        }
        mask
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, if_true: Vector, if_false: Vector) -> Vector {
        let mut to = if_false;
        for lane in 0..LANES {
            to[lane] = if mask[lane] { if_true[lane] } else { if_false[lane] };
        }
        to
    }

    #[inline(always)]
    fn any(self, mask: Self::Mask) -> bool {
        mask.iter().fold(false, |any, lane| any | lane)
    }

    #[inline(always)]
    fn sum(self, v: Vector) -> f32 {
        fold(v, |a, b| a + b)
    }

    #[inline(always)]
    fn min_of(self, v: Vector) -> f32 {
        fold(v, min)
    }

    #[inline(always)]
    fn max_of(self, v: Vector) -> f32 {
        fold(v, max)
    }

    #[inline(always)]
    fn split(self, v: Vector) -> (Vector, Vector) {
        let (mut mantissa, mut exponent) = (v, v);
        for lane in 0..LANES {
            (mantissa[lane], exponent[lane]) = split(v[lane]);
        }
        (mantissa, exponent)
    }
}

/// Folds halves onto each other: 8 + 8, 4 + 4, 2 + 2, 1 + 1.
#[inline(always)]
fn fold(mut v: Vector, f: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            v[lane] = f(v[lane], v[lane + half]);
        }
    }
    v[0]
}

/// Fused where the target has the instruction: elsewhere [`f32::mul_add`] is a slow function.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// The minimum as x86 has it: `b` if either is NaN.
#[inline(always)]
fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The maximum as x86 has it: `b` if either is NaN.
#[inline(always)]
fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The nearest integer. Above 2²³ every value is one; below, the addition has no room for a fraction and rounds it.
#[inline(always)]
fn round(x: f32) -> f32 {
    const NO_FRACTION: f32 = 8_388_608.0;
    let magnitude = x.abs();
    if magnitude < NO_FRACTION { ((magnitude + NO_FRACTION) - NO_FRACTION).copysign(x) } else { x }
}

#[inline(always)]
fn floor(x: f32) -> f32 {
    let nearest = round(x);
    if nearest > x { nearest - 1.0 } else { nearest }
}

/// The addition leaves `n + 127` in the low bits; shifted, these are the exponent.
#[inline(always)]
fn pow2(n: f32) -> f32 {
    f32::from_bits((n + super::math::EXPONENT_SHIFT).to_bits() << 23)
}

#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = if subnormal { x * 16_777_216.0 } else { x }.to_bits();
    let bias = if subnormal { 127.0 + 24.0 } else { 127.0 };
    (f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000), (bits >> 23) as i32 as f32 - bias)
}
