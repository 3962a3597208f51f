//! The loss of one true triple against its rivals: the triples' own negatives, or those that a chunk shares.
//!
//! A rival that does not count has the score −∞ ([`LEFT_OUT`]): its loss and its derivative are 0 by every formula.

use super::vector::{self, Logistic, Power, Weighted};
use crate::config::{LossConfig, LossName, Reduction};

/// The score of a rival that does not count.
pub(crate) const LEFT_OUT: f32 = f32::NEG_INFINITY;

/// A loss of a true triple against rivals, with its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RivalLoss {
    /// `Σ max(0, γ − s + sⱼ)`; at the kink the derivative is 0.
    Margin {
        /// γ.
        margin: f32,
    },
    /// `softplus(−(γ + s)) + Σ wⱼ softplus(γ + sⱼ)`.
    Logistic {
        /// γ.
        margin: f32,
        /// α: weights are softmax(α·sⱼ), which have no derivative of their own; 1 each where α is 0.
        adversarial: f32,
    },
    /// `−s/τ + log(exp(s/τ) + Σ q·exp(sⱼ/τ))`.
    Softmax {
        /// 1/τ.
        sharpness: f32,
        /// q: how many entities each rival stands for.
        ///
        /// Of N entities drawn evenly and with replacement from E, those that are not the answer add up, E/N-fold, to
        /// `Σ exp(s/τ)` over all entities but the answer in expectation: each of the N draws is one of these with
        /// likelihood 1/E. With the answer's own term, counted once, the estimate is that of the full softmax without
        /// bias. N is the number of draws, those included that hit the answer and are left out.
        stands_for: f32,
    },
}

impl RivalLoss {
    /// The loss that a configuration asks for; each rival stands for `stands_for` entities (read by the softmax alone).
    pub(crate) fn new(config: &LossConfig, stands_for: f32) -> Self {
        let margin = config.margin as f32;
        match config.name {
            LossName::Margin => Self::Margin { margin },
            LossName::Logistic | LossName::Bce => Self::Logistic { margin, adversarial: config.adversarial as f32 },
            LossName::Softmax => Self::Softmax { sharpness: (1.0 / config.temperature) as f32, stands_for },
        }
    }

    /// How many terms the loss of `positives` true triples has, with `rivals` rivals that count among all of them.
    pub(crate) fn terms(self, positives: usize, rivals: usize) -> usize {
        match self {
            Self::Margin { .. } => rivals,
            Self::Logistic { adversarial, .. } if adversarial > 0.0 => 2 * positives,
            Self::Logistic { .. } => positives + rivals,
            Self::Softmax { .. } => positives,
        }
    }

    /// The loss. The scores of the true triple and of its rivals are replaced by the derivatives of the loss by them,
    /// times `scale`.
    pub(crate) fn row(self, answer: &mut f32, rivals: &mut [f32], scale: f32) -> f64 {
        match self {
            Self::Margin { margin } => margin_row(margin, answer, rivals, scale),
            Self::Logistic { margin, adversarial } if adversarial > 0.0 => {
                adversarial_row(margin, adversarial, answer, rivals, scale)
            }
            Self::Logistic { margin, .. } => logistic_row(margin, answer, rivals, scale),
            Self::Softmax { sharpness, stands_for } => softmax_row(sharpness, stands_for, answer, rivals, scale),
        }
    }
}

/// What derivatives are multiplied by, for a loss of `terms` terms.
pub(crate) fn scale(reduction: Reduction, terms: usize) -> f32 {
    match reduction {
        Reduction::Sum => 1.0,
        Reduction::Mean => 1.0 / terms.max(1) as f32,
    }
}

fn margin_row(margin: f32, answer: &mut f32, rivals: &mut [f32], scale: f32) -> f64 {
    let (mut sum, mut violated) = (0.0, 0_u32);
    for rival in rivals {
        let term = margin - *answer + *rival;
        let counts = term > 0.0;
        sum += if counts { f64::from(term) } else { 0.0 };
        violated += u32::from(counts);
        *rival = if counts { scale } else { 0.0 };
    }
    *answer = -scale * violated as f32;
    sum
}

/// `softplus(−(γ + s))` of the true triple.
fn own_row(margin: f32, answer: &mut f32, scale: f32) -> f64 {
    vector::replace(std::slice::from_mut(answer), Logistic { margin, sign: -1.0, scale })
}

fn logistic_row(margin: f32, answer: &mut f32, rivals: &mut [f32], scale: f32) -> f64 {
    own_row(margin, answer, scale) + vector::replace(rivals, Logistic { margin, sign: 1.0, scale })
}

fn adversarial_row(margin: f32, adversarial: f32, answer: &mut f32, rivals: &mut [f32], scale: f32) -> f64 {
    let own = own_row(margin, answer, scale);
    let highest = vector::highest(rivals);
    if highest == LEFT_OUT {
        rivals.fill(0.0);
        return own;
    }
    let weight = |factor| Power { sharpness: adversarial, highest, factor };
    let total = vector::sum(rivals, weight(1.0));
    let term = Logistic { margin, sign: 1.0, scale };
    own + vector::replace(rivals, Weighted { weight: weight((1.0 / total) as f32), term })
}

fn softmax_row(sharpness: f32, stands_for: f32, answer: &mut f32, rivals: &mut [f32], scale: f32) -> f64 {
    // The highest score is taken from all, so that no power overflows.
    let highest = vector::highest(rivals).max(*answer);
    let lead = f64::from(sharpness * (*answer - highest));
    let others = vector::replace(rivals, Power { sharpness, highest, factor: stands_for });
    let total = lead.exp() + others;
    let each = (f64::from(scale * sharpness) / total) as f32;
    rivals.iter_mut().for_each(|rival| *rival *= each);
    // 1 − own/total would lose what is left of it where the answer is far ahead.
    *answer = -scale * sharpness * (others / total) as f32;
    total.ln() - lead
}

#[cfg(test)]
mod tests;
