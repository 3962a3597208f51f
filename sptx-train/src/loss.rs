//! Losses: what a batch's scores should have been, and the derivative by each score.
//!
//! A batch's scores come positives first, then the negatives of each positive in turn. Sums are made over chunks of a
//! fixed size and joined in order, so that they do not depend on the number of threads.

use rayon::prelude::*;

use crate::config::{LossConfig, LossName, Reduction};

/// Positives, with their negatives, that one task works on.
const CHUNK: usize = 256;

/// A loss with its constants.
///
/// ```
/// use sptx_train::{Loss, LossConfig, LossName};
/// let loss = Loss::new(&LossConfig { name: LossName::Margin, margin: 1.0, ..LossConfig::default() });
/// // One positive with two negatives: 1 − 3 + 2.5 counts, 1 − 3 + 0 does not.
/// let mut upstream = [0.0; 3];
/// let value = loss.evaluate(&[3.0, 2.5, 0.0], 1, &mut upstream);
/// assert_eq!((value.sum, value.terms), (0.5, 2));
/// assert_eq!(upstream, [-0.5, 0.5, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    name: LossName,
    margin: f32,
    adversarial: f32,
    reduction: Reduction,
}

/// The loss of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossValue {
    /// The sum of its terms.
    pub sum: f64,
    /// How many terms there are.
    pub terms: usize,
    /// Whether every score was a finite number.
    pub finite: bool,
}

impl LossValue {
    /// The mean of the terms.
    pub fn mean(self) -> f64 {
        self.sum / self.terms.max(1) as f64
    }
}

impl Loss {
    /// The loss that a configuration asks for.
    pub fn new(config: &LossConfig) -> Self {
        Self {
            name: config.name,
            margin: config.margin as f32,
            adversarial: config.adversarial as f32,
            reduction: config.reduction,
        }
    }

    /// The loss of a batch of `positives` positives and as many negatives for each as there are scores for. `upstream`
    /// receives the derivative of the reduced loss by each score.
    pub fn evaluate(&self, scores: &[f32], positives: usize, upstream: &mut [f32]) -> LossValue {
        let (positive, negative) = scores.split_at(positives);
        let (positive_up, negative_up) = upstream.split_at_mut(positives);
        let each = negative.len() / positives.max(1);
        let terms = match self.name {
            LossName::Margin => negative.len(),
            LossName::Logistic if self.adversarial > 0.0 => 2 * positives,
            LossName::Logistic => scores.len(),
        };
        let scale = match self.reduction {
            Reduction::Sum => 1.0,
            Reduction::Mean => 1.0 / terms.max(1) as f32,
        };
        let sums: Vec<(f64, f32)> = positive
            .par_chunks(CHUNK)
            .zip(negative.par_chunks((CHUNK * each).max(1)))
            .zip(positive_up.par_chunks_mut(CHUNK))
            .zip(negative_up.par_chunks_mut((CHUNK * each).max(1)))
            .map(|(((positive, negative), positive_up), negative_up)| {
                let sum = match self.name {
                    LossName::Margin => self.margin(positive, negative, positive_up, negative_up, scale),
                    LossName::Logistic => self.logistic(positive, negative, positive_up, negative_up, scale),
                };
                (sum, positive.iter().chain(negative).map(|score| score * 0.0).sum())
            })
            .collect();
        let finite = sums.iter().all(|(sum, zero)| sum.is_finite() && *zero == 0.0);
        LossValue { sum: sums.iter().map(|(sum, _)| sum).sum(), terms, finite }
    }

    /// `max(0, γ − s⁺ + s⁻)`; at the kink the derivative is 0.
    fn margin(
        &self,
        positive: &[f32],
        negative: &[f32],
        positive_up: &mut [f32],
        negative_up: &mut [f32],
        scale: f32,
    ) -> f64 {
        let each = negative.len() / positive.len();
        let mut sum = 0.0;
        for (index, (score, up)) in positive.iter().zip(positive_up).enumerate() {
            let range = index * each..(index + 1) * each;
            let mut violated = 0_u32;
            for (rival, up) in negative[range.clone()].iter().zip(&mut negative_up[range]) {
                let term = self.margin - score + rival;
                let counts = term > 0.0;
                sum += if counts { f64::from(term) } else { 0.0 };
                violated += u32::from(counts);
                *up = if counts { scale } else { 0.0 };
            }
            *up = -scale * violated as f32;
        }
        sum
    }

    /// `softplus(−(γ + s⁺))` and `softplus(γ + s⁻)`, the latter weighted where the loss is self-adversarial.
    fn logistic(
        &self,
        positive: &[f32],
        negative: &[f32],
        positive_up: &mut [f32],
        negative_up: &mut [f32],
        scale: f32,
    ) -> f64 {
        let term = |x: f32, up: &mut f32, sign: f32| {
            let (value, slope) = softplus(sign * (self.margin + x));
            *up = sign * slope * scale;
            f64::from(value)
        };
        let mut sum: f64 = positive.iter().zip(positive_up).map(|(score, up)| term(*score, up, -1.0)).sum();
        if self.adversarial == 0.0 {
            return sum + negative.iter().zip(negative_up).map(|(score, up)| term(*score, up, 1.0)).sum::<f64>();
        }
        let each = negative.len() / positive.len();
        for (scores, ups) in negative.chunks(each).zip(negative_up.chunks_mut(each)) {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weight = |score: f32| (self.adversarial * (score - highest)).exp();
            let total: f32 = scores.iter().map(|score| weight(*score)).sum();
            for (score, up) in scores.iter().zip(ups) {
                let share = weight(*score) / total;
                sum += f64::from(share) * term(*score, up, 1.0);
                *up *= share;
            }
        }
        sum
    }
}

/// `log(1 + eˣ)` without overflow, and its derivative.
fn softplus(x: f32) -> (f32, f32) {
    let small = (-x.abs()).exp();
    let value = x.max(0.0) + small.ln_1p();
    // NaN must stay NaN, which `max` would drop.
    let value = if x.is_nan() { x } else { value };
    let slope = if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses() -> Vec<Loss> {
        let mut losses = Vec::new();
        for name in [LossName::Margin, LossName::Logistic] {
            for reduction in [Reduction::Sum, Reduction::Mean] {
                losses.push(Loss::new(&LossConfig { name, margin: 0.75, reduction, adversarial: 0.0 }));
            }
        }
        losses
    }

    fn scores(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 13.0).collect()
    }

    fn reduced(loss: &Loss, scores: &[f32], positives: usize) -> f64 {
        let value = loss.evaluate(scores, positives, &mut vec![0.0; scores.len()]);
        if loss.reduction == Reduction::Sum { value.sum } else { value.mean() }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        const STEP: f32 = 1.0 / 256.0;
        for loss in losses() {
            let scores = scores(20);
            let mut upstream = vec![0.0; 20];
            loss.evaluate(&scores, 5, &mut upstream);
            for index in 0..scores.len() {
                let moved = |by: f32| {
                    let mut scores = scores.clone();
                    scores[index] += by;
                    reduced(&loss, &scores, 5)
                };
                let difference = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
                let found = f64::from(upstream[index]);
                assert!((difference - found).abs() < 1e-3, "{loss:?} {index}: {difference}, not {found}");
            }
        }
    }

    #[test]
    fn the_kink_has_no_slope() {
        let loss = Loss { name: LossName::Margin, margin: 1.0, adversarial: 0.0, reduction: Reduction::Sum };
        let mut upstream = [9.0; 2];
        assert_eq!(loss.evaluate(&[1.0, 0.0], 1, &mut upstream).sum, 0.0);
        assert_eq!(upstream, [0.0; 2]);
    }

    #[test]
    fn self_adversarial_negatives_are_weighted_by_their_scores() {
        let loss = Loss { name: LossName::Logistic, margin: 0.5, adversarial: 2.0, reduction: Reduction::Sum };
        let mut upstream = [0.0; 6];
        let value = loss.evaluate(&[1.0, -1.0, 0.3, -0.7, 2.0, 2.0], 2, &mut upstream);
        let softplus = |x: f64| x.exp().ln_1p();
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let share = sigmoid(2.0);
        let first = share * softplus(0.8) + (1.0 - share) * softplus(-0.2);
        let expected = softplus(-1.5) + softplus(0.5) + first + softplus(2.5);
        assert!((value.sum - expected).abs() < 1e-6 && value.terms == 4, "{value:?}, not {expected}");
        let derivatives = [
            -sigmoid(-1.5),
            -sigmoid(0.5),
            share * sigmoid(0.8),
            (1.0 - share) * sigmoid(-0.2),
            0.5 * sigmoid(2.5),
            0.5 * sigmoid(2.5),
        ];
        for (found, expected) in upstream.iter().zip(derivatives) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn extremes_stay_finite_and_what_is_not_is_told() {
        let adversarial = Loss { adversarial: 1.0, ..losses()[3] };
        for loss in losses().into_iter().chain([adversarial]) {
            let mut upstream = [0.0; 4];
            assert!(loss.evaluate(&[3e4, -3e4, 3e4, -3e4], 2, &mut upstream).finite);
            assert!(upstream.iter().all(|x| x.is_finite()));
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for place in 0..4 {
                    let mut scores = [0.0; 4];
                    scores[place] = bad;
                    assert!(!loss.evaluate(&scores, 2, &mut upstream).finite, "{bad} at {place}");
                }
            }
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let scores = scores(5 * 3000);
        for loss in losses() {
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
                let mut upstream = vec![0.0; scores.len()];
                let value = pool.install(|| loss.evaluate(&scores, 3000, &mut upstream));
                (value.sum.to_bits(), upstream)
            };
            assert_eq!(run(1), run(3));
        }
    }
}
