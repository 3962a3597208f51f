//! The loss of one query whose candidates are all entities, each of them labelled true or false.

use super::vector::{self, Logistic, Plain, Power};
use crate::config::{LossConfig, LossName};

/// A loss of labelled candidates, with its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LabelLoss {
    /// `Σ softplus(x) − y·x` with `x = γ + s`: binary cross-entropy of the logits x.
    Logits {
        /// γ.
        margin: f32,
        /// ε: a label y becomes (1 − ε)·y + ε/E.
        smoothing: f32,
    },
    /// `−Σ y·log softmax(s/τ)`, y being 1 shared out evenly among the true candidates.
    Softmax {
        /// 1/τ.
        sharpness: f32,
        /// ε: a label y becomes (1 − ε)·y + ε/E.
        smoothing: f32,
    },
}

impl LabelLoss {
    /// The loss that a configuration asks for.
    ///
    /// # Panics
    /// For the margin loss, which [`Config::check`](crate::Config::check) does not let through in these regimes.
    pub(crate) fn new(config: &LossConfig) -> Self {
        let smoothing = config.label_smoothing as f32;
        match config.name {
            LossName::Logistic | LossName::Bce => Self::Logits { margin: config.margin as f32, smoothing },
            LossName::Softmax => Self::Softmax { sharpness: (1.0 / config.temperature) as f32, smoothing },
            LossName::Margin => unreachable!("the configuration's check refuses a margin against all entities"),
        }
    }

    /// How many terms the loss of `queries` queries with `candidates` candidates each has.
    pub(crate) fn terms(self, queries: usize, candidates: usize) -> usize {
        match self {
            Self::Logits { .. } => queries * candidates,
            Self::Softmax { .. } => queries,
        }
    }

    /// The loss; candidates at the places `answers` (each once) are true. Scores are replaced by the derivatives of the
    /// loss by them, times `scale`.
    pub(crate) fn row(self, scores: &mut [f32], answers: &[u32], scale: f32) -> f64 {
        match self {
            Self::Logits { margin, smoothing } => logits_row(margin, smoothing, scores, answers, scale),
            Self::Softmax { sharpness, smoothing } => softmax_row(sharpness, smoothing, scores, answers, scale),
        }
    }
}

fn logits_row(margin: f32, smoothing: f32, scores: &mut [f32], answers: &[u32], scale: f32) -> f64 {
    let (floor, label) = (smoothing / scores.len() as f32, 1.0 - smoothing);
    let logit = |score: f64| f64::from(margin) + score;
    let of_true: f64 = answers.iter().map(|place| logit(f64::from(scores[*place as usize]))).sum();
    let of_all = scores.len() as f64 * f64::from(margin) + vector::sum(scores, Plain);
    let loss = vector::replace(scores, Logistic { margin, sign: 1.0, scale });
    scores.iter_mut().for_each(|score| *score -= scale * floor);
    answers.iter().for_each(|place| scores[*place as usize] -= scale * label);
    loss - f64::from(floor) * of_all - f64::from(label) * of_true
}

fn softmax_row(sharpness: f32, smoothing: f32, scores: &mut [f32], answers: &[u32], scale: f32) -> f64 {
    let count = scores.len() as f64;
    let (floor, label) = (smoothing / scores.len() as f32, (1.0 - smoothing) / answers.len().max(1) as f32);
    let highest = vector::highest(scores);
    let logit = |score: f64| f64::from(sharpness) * (score - f64::from(highest));
    let of_true: f64 = answers.iter().map(|place| logit(f64::from(scores[*place as usize]))).sum();
    let of_all = count * logit(vector::sum(scores, Plain) / count);
    let total = vector::replace(scores, Power { sharpness, highest, factor: 1.0 });
    // The mass of the labels: 1, or ε where nothing is true.
    let mass = f64::from(floor) * count + f64::from(label) * answers.len() as f64;
    let (each, slope) = ((mass / total) as f32, scale * sharpness);
    scores.iter_mut().for_each(|score| *score = slope * (each * *score - floor));
    answers.iter().for_each(|place| scores[*place as usize] -= slope * label);
    mass * total.ln() - f64::from(floor) * of_all - f64::from(label) * of_true
}

#[cfg(test)]
mod tests;
