//! The loss of one query whose candidates are all entities, each of them labelled true or false.

use super::softplus::softplus;
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
    let floor = smoothing / scores.len() as f32;
    let label = 1.0 - smoothing;
    let of_true: f64 = answers.iter().map(|place| f64::from(margin + scores[*place as usize])).sum();
    let (mut sum, mut of_all) = (0.0, 0.0);
    for score in &mut *scores {
        let x = margin + *score;
        let (value, slope) = softplus(x);
        sum += f64::from(value);
        of_all += f64::from(x);
        *score = scale * (slope - floor);
    }
    for place in answers {
        scores[*place as usize] -= scale * label;
    }
    sum - f64::from(floor) * of_all - f64::from(label) * of_true
}

fn softmax_row(sharpness: f32, smoothing: f32, scores: &mut [f32], answers: &[u32], scale: f32) -> f64 {
    let floor = smoothing / scores.len() as f32;
    let label = (1.0 - smoothing) / answers.len().max(1) as f32;
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let logit = |score: f32| sharpness * (score - highest);
    let of_true: f64 = answers.iter().map(|place| f64::from(logit(scores[*place as usize]))).sum();
    let (mut total, mut of_all) = (0.0, 0.0);
    for score in &mut *scores {
        let x = logit(*score);
        *score = x.exp();
        total += f64::from(*score);
        of_all += f64::from(x);
    }
    // The mass of the labels: 1, or ε where nothing is true.
    let mass = f64::from(floor) * scores.len() as f64 + f64::from(label) * answers.len() as f64;
    let each = (mass / total) as f32;
    let slope = scale * sharpness;
    scores.iter_mut().for_each(|score| *score = slope * (each * *score - floor));
    for place in answers {
        scores[*place as usize] -= slope * label;
    }
    mass * total.ln() - f64::from(floor) * of_all - f64::from(label) * of_true
}

#[cfg(test)]
mod tests;
