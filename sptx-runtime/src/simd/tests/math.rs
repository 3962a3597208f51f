//! The functions of `math` against the standard library in `f64`.

use super::{Random, SPECIAL, evaluate, same};
use crate::simd::{InstructionSet, LANES, math};

/// The largest error allowed: in ulps of the result, or absolute, whichever is larger.
#[derive(Clone, Copy)]
enum Bound {
    Ulps(f64),
    Absolute(f64),
}

impl Bound {
    fn holds(self, result: f32, exact: f64) -> bool {
        if same(result, exact as f32) {
            return true;
        }
        let error = (f64::from(result) - exact).abs();
        match self {
            Self::Ulps(ulps) => error <= ulps * ulp(exact),
            Self::Absolute(absolute) => error <= absolute,
        }
    }
}

/// The distance of neighbouring `f32` at a value.
fn ulp(exact: f64) -> f64 {
    let above = (exact.abs() as f32).to_bits();
    f64::from(f32::from_bits(above + 1)) - f64::from(f32::from_bits(above))
}

/// A dense grid over the interval, and random values in it.
fn values(low: f32, high: f32) -> Vec<[f32; LANES]> {
    let count = super::SAMPLES;
    let mut random = Random(0xfeed);
    let grid = (0..=count).map(|i| low + (high - low) * (i as f32 / count as f32));
    let values: Vec<f32> = grid.chain((0..count).map(|_| random.between(low, high))).collect();
    values.as_chunks().0.to_vec()
}

/// Checks a function over intervals and at the special values.
macro_rules! check {
    ($name:ident, $reference:expr, $special:expr, [$(($low:expr, $high:expr, $bound:expr)),+]) => {
        #[test]
        fn $name() {
            let mut cases: Vec<(Vec<[f32; LANES]>, Bound)> = vec![$((values($low, $high), $bound)),+];
            cases.push((SPECIAL.as_chunks().0.to_vec(), $special));
            for set in InstructionSet::available() {
                for (vectors, bound) in &cases {
                    for v in vectors {
                        let results = evaluate!(set, [*v], |simd, v| math::$name(simd, v));
                        for (x, result) in v.iter().zip(results) {
                            let exact: f64 = $reference(f64::from(*x));
                            assert!(bound.holds(result, exact), "{set}: {}({x:?}) is {result:?}, not {exact:?}",
                                stringify!($name));
                        }
                    }
                }
            }
        }
    };
}

const ULP: Bound = Bound::Ulps(1.0);
const ULPS_2: Bound = Bound::Ulps(2.0);
const ULPS_3: Bound = Bound::Ulps(3.0);
const ANGULAR: Bound = Bound::Absolute(1e-7);

check!(
    exp,
    f64::exp,
    ULPS_2,
    [(-110.0, 95.0, ULPS_2), (-1.0, 1.0, ULPS_2), (-104.5, -87.0, ULPS_2), (87.0, 89.5, ULPS_2)]
);
check!(log, f64::ln, ULP, [(0.0, 2.0, ULP), (0.99, 1.01, ULP), (0.0, 1e38, ULP), (0.0, 2e-38, ULP), (-2.0, 0.0, ULP)]);
check!(
    tanh,
    f64::tanh,
    ULPS_2,
    [(-1.0, 1.0, ULPS_2), (-1e-3, 1e-3, ULPS_2), (-10.0, 10.0, ULPS_2), (-100.0, 100.0, ULPS_2)]
);
check!(sigmoid, exact_sigmoid, ULPS_3, [(-1.0, 1.0, ULPS_3), (-20.0, 20.0, ULPS_3), (-105.0, 105.0, ULPS_3)]);
check!(softplus, exact_softplus, ULPS_2, [(-1.0, 1.0, ULPS_2), (-20.0, 20.0, ULPS_2), (-105.0, 105.0, ULPS_2)]);
check!(
    sin,
    f64::sin,
    ANGULAR,
    [(-0.75, 0.75, ULP), (-10.0, 10.0, ANGULAR), (-8192.0, 8192.0, ANGULAR), (8000.0, 1e6, ANGULAR)]
);
check!(
    cos,
    f64::cos,
    ANGULAR,
    [(-0.75, 0.75, ULPS_2), (-10.0, 10.0, ANGULAR), (-8192.0, 8192.0, ANGULAR), (8000.0, 1e6, ANGULAR)]
);
check!(
    sign,
    |x: f64| if x == 0.0 || x.is_nan() { 0.0 } else { x.signum() },
    Bound::Absolute(0.0),
    [(-2.0, 2.0, Bound::Absolute(0.0))]
);
check!(
    reciprocal_or_zero,
    |x: f64| if x == 0.0 { 0.0 } else { 1.0 / x },
    Bound::Ulps(0.5),
    [(-8.0, 8.0, Bound::Ulps(0.5))]
);
check!(frac, |x: f64| x - x.floor(), Bound::Ulps(0.5), [(-8.0, 8.0, Bound::Ulps(0.5)), (-1e7, 1e7, Bound::Ulps(0.5))]);

fn exact_sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn exact_softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p() + if x.is_nan() { x } else { 0.0 }
}

#[test]
fn sin_cos_has_the_bits_of_sin_and_cos() {
    for set in InstructionSet::available() {
        for v in values(-9000.0, 9000.0) {
            let sin = evaluate!(set, [v], |simd, v| math::sin(simd, v));
            let cos = evaluate!(set, [v], |simd, v| math::cos(simd, v));
            let both_sin = evaluate!(set, [v], |simd, v| math::sin_cos(simd, v).0);
            let both_cos = evaluate!(set, [v], |simd, v| math::sin_cos(simd, v).1);
            assert_eq!((sin, cos), (both_sin, both_cos), "{set}: {v:?}");
        }
    }
}

/// The two instruction sets with a fused multiplication: [`crate::simd`] promises the same bits.
#[test]
fn avx512_and_avx2_agree() {
    let sets = [InstructionSet::Avx512, InstructionSet::Avx2];
    if !sets.iter().all(|set| set.is_available()) {
        eprintln!("SKIPPED: this CPU has not both AVX-512 and AVX2");
        return;
    }
    for v in values(-120.0, 120.0) {
        let [wide, narrow] = sets.map(|set| {
            [
                evaluate!(set, [v], |simd, v| math::exp(simd, v)),
                evaluate!(set, [v], |simd, v| math::log(simd, simd.abs(v))),
                evaluate!(set, [v], |simd, v| math::tanh(simd, v)),
                evaluate!(set, [v], |simd, v| math::sigmoid(simd, v)),
                evaluate!(set, [v], |simd, v| math::softplus(simd, v)),
                evaluate!(set, [v], |simd, v| math::sin(simd, v)),
                evaluate!(set, [v], |simd, v| math::cos(simd, v)),
            ]
        });
        assert_eq!(wide, narrow, "{v:?}");
    }
}
