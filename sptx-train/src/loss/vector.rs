//! What losses do to many scores at once, on the widest vectors of the CPU.
//!
//! A [`Term`] says what takes the place of a score and what is added up. Sums are made in stretches of a fixed size, each
//! in 32 bits lane by lane, and joined in 64 bits: their order is that of the scores, whatever the CPU.

use sptx_runtime::simd::{LANES, Simd, Task, dispatch, math};

/// Vectors that are added up before 32 bits would lose too much.
const STRETCH: usize = 64;

/// What is made of sixteen scores.
pub(super) trait Term: Copy {
    /// A score that adds nothing to the sum.
    fn nothing(self) -> f32;

    /// What takes the place of the scores, and what is added up.
    fn of<S: Simd>(self, simd: S, scores: S::Vector) -> [S::Vector; 2];
}

/// `factor·exp(sharpness·(s − highest))`, added up and put in the place of s.
#[derive(Clone, Copy)]
pub(super) struct Power {
    pub(super) sharpness: f32,
    /// No lower than any score, so that nothing overflows.
    pub(super) highest: f32,
    pub(super) factor: f32,
}

/// `softplus(sign·(margin + s))`, added up, its derivative by s times `scale` in the place of s.
#[derive(Clone, Copy)]
pub(super) struct Logistic {
    pub(super) margin: f32,
    pub(super) sign: f32,
    pub(super) scale: f32,
}

/// A logistic term, weighted by a power that is taken as a constant.
#[derive(Clone, Copy)]
pub(super) struct Weighted {
    pub(super) weight: Power,
    pub(super) term: Logistic,
}

/// The scores themselves.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Term for Power {
    fn nothing(self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline(always)]
    fn of<S: Simd>(self, simd: S, scores: S::Vector) -> [S::Vector; 2] {
        let below = simd.sub(scores, simd.splat(self.highest));
        let power = math::exp(simd, simd.mul(simd.splat(self.sharpness), below));
        [simd.mul(simd.splat(self.factor), power); 2]
    }
}

impl Term for Logistic {
    fn nothing(self) -> f32 {
        -self.sign * f32::INFINITY
    }

    #[inline(always)]
    fn of<S: Simd>(self, simd: S, scores: S::Vector) -> [S::Vector; 2] {
        let x = simd.mul(simd.splat(self.sign), simd.add(simd.splat(self.margin), scores));
        let slope = simd.mul(simd.splat(self.sign * self.scale), math::sigmoid(simd, x));
        [slope, math::softplus(simd, x)]
    }
}

impl Term for Weighted {
    fn nothing(self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline(always)]
    fn of<S: Simd>(self, simd: S, scores: S::Vector) -> [S::Vector; 2] {
        let [weight, _] = self.weight.of(simd, scores);
        let [slope, value] = self.term.of(simd, scores);
        [simd.mul(weight, slope), simd.mul(weight, value)]
    }
}

impl Term for Plain {
    fn nothing(self) -> f32 {
        0.0
    }

    #[inline(always)]
    fn of<S: Simd>(self, _: S, scores: S::Vector) -> [S::Vector; 2] {
        [scores; 2]
    }
}

/// The sum of a term over all scores.
pub(super) fn sum<T: Term>(scores: &[f32], term: T) -> f64 {
    dispatch(Sum { scores, term })
}

/// The sum of a term over all scores, which are replaced.
pub(super) fn replace<T: Term>(scores: &mut [f32], term: T) -> f64 {
    dispatch(Replace { scores, term })
}

/// The highest score; −∞ where there is none. A NaN may be passed over.
pub(super) fn highest(scores: &[f32]) -> f32 {
    dispatch(Highest(scores))
}

struct Sum<'a, T> {
    scores: &'a [f32],
    term: T,
}

struct Replace<'a, T> {
    scores: &'a mut [f32],
    term: T,
}

struct Highest<'a>(&'a [f32]);

impl<T: Term> Task for Sum<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let (whole, rest) = self.scores.as_chunks::<LANES>();
        let mut sum = 0.0;
        for stretch in whole.chunks(STRETCH) {
            let mut lanes = simd.splat(0.0);
            for scores in stretch {
                lanes = simd.add(lanes, self.term.of(simd, simd.load(scores))[1]);
            }
            sum += f64::from(simd.sum(lanes));
        }
        let padded = padded(rest, self.term.nothing());
        sum + f64::from(simd.sum(self.term.of(simd, simd.load(&padded))[1]))
    }
}

impl<T: Term> Task for Replace<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let (whole, rest) = self.scores.as_chunks_mut::<LANES>();
        let mut sum = 0.0;
        for stretch in whole.chunks_mut(STRETCH) {
            let mut lanes = simd.splat(0.0);
            for scores in stretch {
                let [replacement, value] = self.term.of(simd, simd.load(scores));
                simd.store(replacement, scores);
                lanes = simd.add(lanes, value);
            }
            sum += f64::from(simd.sum(lanes));
        }
        let mut padded = padded(rest, self.term.nothing());
        let [replacement, value] = self.term.of(simd, simd.load(&padded));
        simd.store(replacement, &mut padded);
        rest.copy_from_slice(&padded[..rest.len()]);
        sum + f64::from(simd.sum(value))
    }
}

impl Task for Highest<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let (whole, rest) = self.0.as_chunks::<LANES>();
        let mut highest = simd.load(&padded(rest, f32::NEG_INFINITY));
        for scores in whole {
            highest = simd.max(simd.load(scores), highest);
        }
        simd.max_of(highest)
    }
}

/// A last vector that is not full.
fn padded(rest: &[f32], nothing: f32) -> [f32; LANES] {
    let mut padded = [nothing; LANES];
    padded[..rest.len()].copy_from_slice(rest);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 13.0).collect()
    }

    fn near(found: f64, expected: f64, magnitude: f64, what: &str) {
        assert!((found - expected).abs() <= 1e-6 * (1.0 + magnitude), "{what}: {found}, not {expected}");
    }

    /// Compares a term with what it is for one score: its replacement and its share of the sum.
    fn check(term: impl Term, of: impl Fn(f64) -> [f64; 2]) {
        for count in [0, 1, 15, 16, 17, 100, 3000] {
            let scores = scores(count);
            let mut replaced = scores.clone();
            let found = replace(&mut replaced, term);
            assert_eq!(found, sum(&scores, term));
            let expected: Vec<[f64; 2]> = scores.iter().map(|score| of(f64::from(*score))).collect();
            let magnitude = expected.iter().map(|it| it[1].abs()).sum();
            near(found, expected.iter().map(|it| it[1]).sum(), magnitude, "the sum");
            for (found, [expected, _]) in replaced.iter().zip(expected) {
                near(f64::from(*found), expected, expected.abs(), "a score");
            }
            assert_eq!(highest(&scores), scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }

    #[test]
    fn terms_are_those_of_their_formulas() {
        check(Plain, |s| [s, s]);
        let power = Power { sharpness: 1.5, highest: 4.0, factor: 3.0 };
        let power_of = |s: f64| 3.0 * (1.5 * (s - 4.0)).exp();
        check(power, |s| [power_of(s); 2]);
        for sign in [-1.0, 1.0] {
            let logistic = Logistic { margin: 0.5, sign, scale: 0.25 };
            let x = move |s: f64| f64::from(sign) * (0.5 + s);
            let of = move |s: f64| [f64::from(sign) * 0.25 / (1.0 + (-x(s)).exp()), x(s).exp().ln_1p()];
            check(logistic, of);
            if sign > 0.0 {
                check(Weighted { weight: power, term: logistic }, |s| of(s).map(|value| value * power_of(s)));
            }
        }
    }
}
