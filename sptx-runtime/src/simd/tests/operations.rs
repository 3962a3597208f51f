//! The operations of `Simd` against scalar arithmetic, bit by bit.

use super::{Random, SPECIAL, evaluate, operands, same};
use crate::simd::{InstructionSet, LANES};

/// Checks an operation on one, two or three vectors: the same expression, lane by lane, is the reference.
macro_rules! check {
    ($name:ident: |$simd:ident, $($v:ident),+| $body:expr => $reference:expr) => {
        #[test]
        fn $name() {
            let first = operands();
            for set in InstructionSet::available() {
                for index in 0..first.len() {
                    check!(@operands first, index, $($v),+);
                    let results = evaluate!(set, [$($v),+], |$simd, $($v),+| $body);
                    for (lane, result) in results.into_iter().enumerate() {
                        $(let $v = $v[lane];)+
                        let expected: f32 = $reference;
                        assert!(same(result, expected), "{set}: {} of {:?} is {result:?}, not {expected:?}",
                            stringify!($name), ($($v,)+));
                    }
                }
            }
        }
    };
    (@operands $from:ident, $index:ident, $a:ident) => { let $a = $from[$index]; };
    (@operands $from:ident, $index:ident, $a:ident, $b:ident) => {
        check!(@operands $from, $index, $a);
        let $b = $from[($index * 7 + 2) % $from.len()];
    };
    (@operands $from:ident, $index:ident, $a:ident, $b:ident, $c:ident) => {
        check!(@operands $from, $index, $a, $b);
        let $c = $from[($index * 3 + 1) % $from.len()];
    };
}

check!(add: |simd, a, b| simd.add(a, b) => a + b);
check!(sub: |simd, a, b| simd.sub(a, b) => a - b);
check!(mul: |simd, a, b| simd.mul(a, b) => a * b);
check!(div: |simd, a, b| simd.div(a, b) => a / b);
check!(min: |simd, a, b| simd.min(a, b) => if a < b { a } else { b });
check!(max: |simd, a, b| simd.max(a, b) => if a > b { a } else { b });
check!(neg: |simd, a| simd.neg(a) => -a);
check!(abs: |simd, a| simd.abs(a) => a.abs());
check!(sqrt: |simd, a| simd.sqrt(a) => a.sqrt());
check!(floor: |simd, a| simd.floor(a) => a.floor());
check!(round: |simd, a| simd.round(a) => a.round_ties_even());
check!(greater: |simd, a, b| simd.select(simd.greater(a, b), a, b) => if a > b { a } else { b });
check!(equal: |simd, a, b| simd.select(simd.equal(a, b), simd.neg(a), b) => if a == b { -a } else { b });

#[test]
fn mul_add_is_rounded_once_where_fused() {
    let inputs = operands();
    for set in InstructionSet::available() {
        for (index, &a) in inputs.iter().enumerate() {
            let (b, c) = (inputs[(index * 7 + 2) % inputs.len()], inputs[(index * 3 + 1) % inputs.len()]);
            let results = evaluate!(set, [a, b, c], |simd, a, b, c| simd.mul_add(a, b, c));
            for lane in 0..LANES {
                let (fused, plain) = (a[lane].mul_add(b[lane], c[lane]), a[lane] * b[lane] + c[lane]);
                let may_be_plain = set == InstructionSet::Baseline;
                assert!(
                    same(results[lane], fused) || (may_be_plain && same(results[lane], plain)),
                    "{set}: {} · {} + {}",
                    a[lane],
                    b[lane],
                    c[lane]
                );
            }
        }
    }
}

#[test]
fn any_finds_a_single_lane() {
    for set in InstructionSet::available() {
        for lane in 0..LANES {
            let mut v = [0.0; LANES];
            v[lane] = 1.0;
            let found = evaluate!(set, [v], |simd, v| {
                let some = simd.any(simd.greater(v, simd.splat(0.5)));
                simd.splat(if some { 1.0 } else { 0.0 })
            });
            assert_eq!(found[0], 1.0, "{set}: lane {lane}");
        }
        let found = evaluate!(set, [[0.0; LANES]], |simd, v| {
            let some = simd.any(simd.greater(v, v));
            simd.splat(if some { 1.0 } else { 0.0 })
        });
        assert_eq!(found[0], 0.0, "{set}: no lane");
    }
}

#[test]
fn first_is_the_lanes_below() {
    for set in InstructionSet::available() {
        for n in [0, 1, 2, 7, 8, 9, 15, 16, 17, 1000, 1 << 20] {
            let results = evaluate!(set, [[n as f32; LANES]], |simd, n| {
                let n = simd.max_of(n) as usize;
                simd.select(simd.first(n), simd.splat(1.0), simd.splat(0.0))
            });
            for (lane, result) in results.into_iter().enumerate() {
                assert_eq!(result == 1.0, lane < n, "{set}: first({n}), lane {lane}");
            }
        }
        let all = evaluate!(set, [[0.0; LANES]], |simd, v| simd.select(simd.first(usize::MAX), simd.splat(1.0), v));
        assert_eq!(all, [1.0; LANES], "{set}");
    }
}

/// The order that the documentation promises.
fn fold(mut v: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            v[lane] = f(v[lane], v[lane + half]);
        }
    }
    v[0]
}

#[test]
fn folds_have_the_same_bits_on_every_instruction_set() {
    let mut random = Random(7);
    for _ in 0..super::SAMPLES / LANES {
        let v: [f32; LANES] =
            std::array::from_fn(|_| random.between(-1.0, 1.0) * 10_f32.powi((random.bits() % 9) as i32));
        for set in InstructionSet::available() {
            let sum = evaluate!(set, [v], |simd, v| simd.splat(simd.sum(v)));
            let min = evaluate!(set, [v], |simd, v| simd.splat(simd.min_of(v)));
            let max = evaluate!(set, [v], |simd, v| simd.splat(simd.max_of(v)));
            assert_eq!(sum[0].to_bits(), fold(v, |a, b| a + b).to_bits(), "{set}: sum of {v:?}");
            assert_eq!(min[0].to_bits(), fold(v, f32::min).to_bits(), "{set}: minimum of {v:?}");
            assert_eq!(max[0].to_bits(), fold(v, f32::max).to_bits(), "{set}: maximum of {v:?}");
        }
    }
}

#[test]
fn pow2_is_exact() {
    for set in InstructionSet::available() {
        for n in -126..=127 {
            let result = evaluate!(set, [[n as f32; LANES]], |simd, n| simd.pow2(n));
            assert_eq!(result, [2_f32.powi(n); LANES], "{set}: 2^{n}");
        }
    }
}

#[test]
fn scale_overflows_and_underflows() {
    for set in InstructionSet::available() {
        for n in -252..=254 {
            for v in [1.0, -1.41, 1.9999999, 0.5, 0.70710677] {
                let result = evaluate!(set, [[v; LANES], [n as f32; LANES]], |simd, v, n| simd.scale(v, n));
                let expected = (f64::from(v) * 2_f64.powi(n)) as f32;
                assert!(same(result[0], expected), "{set}: {v} · 2^{n} is {}, not {expected}", result[0]);
            }
        }
    }
}

#[test]
fn split_takes_positive_values_apart() {
    let mut random = Random(11);
    let positive = SPECIAL.into_iter().chain((0..super::SAMPLES).map(|_| f32::from_bits(random.bits() & 0x7fff_ffff)));
    let positive: Vec<f32> = positive.filter(|v| *v > 0.0 && v.is_finite()).collect();
    for set in InstructionSet::available() {
        for v in positive.as_chunks().0 {
            let mantissa = evaluate!(set, [*v], |simd, v| simd.split(v).0);
            let exponent = evaluate!(set, [*v], |simd, v| simd.split(v).1);
            for lane in 0..LANES {
                assert!((1.0..2.0).contains(&mantissa[lane]), "{set}: mantissa of {}", v[lane]);
                let product = f64::from(mantissa[lane]) * 2_f64.powi(exponent[lane] as i32);
                assert_eq!(product, f64::from(v[lane]), "{set}: {} · 2^{}", mantissa[lane], exponent[lane]);
            }
        }
    }
}
