//! The loss of a batch of triples, each positive with negatives of its own.
//!
//! A batch's scores come positives first, then the negatives of each positive in turn. Sums are made over chunks of a
//! fixed size and joined in order, so that they do not depend on the number of threads.

use rayon::prelude::*;
use sptx_runtime::gpu::LossKind;

use super::are_finite;
use super::rival::{self, RivalLoss};
use crate::config::{LossConfig, Reduction};

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
    rival: RivalLoss,
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
        Self { rival: RivalLoss::new(config, 1.0), reduction: config.reduction }
    }

    /// The same, where each negative stands for so many entities: the softmax counts it as often.
    pub fn standing_for(config: &LossConfig, entities: f32) -> Self {
        Self { rival: RivalLoss::new(config, entities), reduction: config.reduction }
    }

    /// Which of a device's losses it is.
    pub fn kind(&self) -> LossKind {
        match self.rival {
            RivalLoss::Margin { .. } => LossKind::Margin,
            RivalLoss::Logistic { adversarial, .. } if adversarial > 0.0 => LossKind::Adversarial,
            RivalLoss::Logistic { .. } => LossKind::Logistic,
            RivalLoss::Softmax { .. } => LossKind::Softmax,
        }
    }

    /// The constant that a device's kernel of the loss calls so.
    pub fn coefficient(&self, name: &str) -> Option<f32> {
        match (self.rival, name) {
            (RivalLoss::Margin { margin } | RivalLoss::Logistic { margin, .. }, "margin") => Some(margin),
            (RivalLoss::Logistic { adversarial, .. }, "adversarial") => Some(adversarial),
            (RivalLoss::Softmax { sharpness, .. }, "sharpness") => Some(sharpness),
            (RivalLoss::Softmax { stands_for, .. }, "stands_for") => Some(stands_for),
            _ => None,
        }
    }

    /// The number of terms of a batch's loss, and what derivatives are multiplied by: the parameter `scale` of a
    /// device's kernel.
    pub fn terms_and_scale(&self, positives: usize, negatives: usize) -> (usize, f32) {
        let terms = self.rival.terms(positives, negatives);
        (terms, rival::scale(self.reduction, terms))
    }

    /// The loss of a batch of `positives` positives and as many negatives for each as there are scores for. `upstream`
    /// receives the derivative of the reduced loss by each score.
    pub fn evaluate(&self, scores: &[f32], positives: usize, upstream: &mut [f32]) -> LossValue {
        let (positive, negative) = scores.split_at(positives);
        let (positive_up, negative_up) = upstream.split_at_mut(positives);
        let each = negative.len() / positives.max(1);
        let (terms, scale) = self.terms_and_scale(positives, negative.len());
        let sums: Vec<(f64, bool)> = positive
            .par_chunks(CHUNK)
            .zip(negative.par_chunks((CHUNK * each).max(1)))
            .zip(positive_up.par_chunks_mut(CHUNK))
            .zip(negative_up.par_chunks_mut((CHUNK * each).max(1)))
            .map(|(((positive, negative), positive_up), negative_up)| {
                positive_up.copy_from_slice(positive);
                negative_up.copy_from_slice(negative);
                let sum = self.chunk(positive_up, negative_up, each, scale);
                (sum, are_finite(positive) && are_finite(negative))
            })
            .collect();
        let finite = sums.iter().all(|(sum, finite)| sum.is_finite() && *finite);
        LossValue { sum: sums.iter().map(|(sum, _)| sum).sum(), terms, finite }
    }

    /// The sum over some positives with their negatives; derivatives take the place of scores.
    fn chunk(&self, positive: &mut [f32], negative: &mut [f32], each: usize, scale: f32) -> f64 {
        let rivals = |index: usize| index * each..(index + 1) * each;
        let rows = positive.iter_mut().enumerate();
        rows.map(|(index, answer)| self.rival.row(answer, &mut negative[rivals(index)], scale)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LossName;

    fn losses() -> Vec<Loss> {
        let mut losses = Vec::new();
        for name in [LossName::Margin, LossName::Logistic, LossName::Bce, LossName::Softmax] {
            for reduction in [Reduction::Sum, Reduction::Mean] {
                losses.push(Loss::new(&LossConfig { name, margin: 0.75, reduction, ..LossConfig::default() }));
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
        let config = LossConfig { name: LossName::Margin, margin: 1.0, ..LossConfig::default() };
        let loss = Loss::new(&config);
        let mut upstream = [9.0; 2];
        assert_eq!(loss.evaluate(&[1.0, 0.0], 1, &mut upstream).sum, 0.0);
        assert_eq!(upstream, [0.0; 2]);
    }

    #[test]
    fn self_adversarial_negatives_are_weighted_by_their_scores() {
        let config = LossConfig { margin: 0.5, adversarial: 2.0, reduction: Reduction::Sum, ..LossConfig::default() };
        let loss = Loss::new(&config);
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
        let adversarial = Loss::new(&LossConfig { adversarial: 1.0, ..LossConfig::default() });
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
