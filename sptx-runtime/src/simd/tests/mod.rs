//! Every operation on every instruction set of this CPU, against scalar arithmetic. Miri runs the baseline.

mod dispatch;
mod math;
mod operations;

use super::LANES;

/// Evaluates an expression on lanes: `evaluate!(set, [a, b], |simd, a, b| simd.add(a, b))` loads the arrays, runs the
/// expression on the instruction set, and gives the sixteen lanes of the vector that it is.
macro_rules! evaluate {
    ($set:expr, [$($input:expr),+], |$simd:ident, $($v:ident),+| $body:expr) => {{
        struct Evaluate($(evaluate!(@type $v)),+);

        impl $crate::simd::Task for Evaluate {
            type Output = [f32; $crate::simd::LANES];

            #[inline(always)]
            fn run<S: $crate::simd::Simd>(self, $simd: S) -> Self::Output {
                let Self($($v),+) = self;
                $(let $v = $simd.load(&$v);)+
                let mut to = [0.0; $crate::simd::LANES];
                $simd.store($body, &mut to);
                to
            }
        }

        $crate::simd::dispatch_on($set, Evaluate($($input),+)).expect("the instruction set is available")
    }};
    (@type $v:ident) => { [f32; $crate::simd::LANES] };
}

use evaluate;

/// Values at which operations have corners.
const SPECIAL: [f32; 32] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    -2.5,
    0.49999997,
    -0.49999997,
    8_388_607.5,
    -8_388_607.5,
    8_388_609.0,
    -8_388_609.0,
    1e-20,
    -1e-20,
    3.4e38,
    -3.4e38,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1e-45,
    -1e-45,
    1.1e-38,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    0.9999999,
    -1e-10,
    123_456.79,
];

/// A generator of random bits: xorshift, the same numbers in each run.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }

    /// Between two bounds.
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.bits() as f32 / u32::MAX as f32)
    }
}

/// How many random values a test takes: fewer where each is slow.
const SAMPLES: usize = if cfg!(miri) { 256 } else { 16_384 };

/// The special values, each before each, then random bit patterns of every magnitude.
fn operands() -> Vec<[f32; LANES]> {
    let mut random = Random(0x5eed);
    let values = (0..SAMPLES).map(|_| f32::from_bits(random.bits()));
    let cycle =
        (0..SPECIAL.len()).flat_map(|shift| (0..SPECIAL.len()).map(move |i| SPECIAL[(i + shift) % SPECIAL.len()]));
    cycle.chain(values).collect::<Vec<_>>().as_chunks().0.to_vec()
}

/// Whether two results are the same: the same bits, or both NaN.
fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}
