//! The section `loss`: what is minimised.

use serde::{Deserialize, Serialize};

/// What is minimised.
///
/// With s the score of a true triple and sⱼ those of its rivals, which the [regime](super::RegimeConfig) chooses:
///
/// | `loss.name` | Loss of a true triple |
/// |---|---|
/// | `margin` | Σⱼ max(0, γ − s + sⱼ) |
/// | `logistic`, `bce` | log(1 + e^−(γ + s)) + Σⱼ log(1 + e^(γ + sⱼ)) |
/// | `softmax` | −s/τ + log(e^(s/τ) + Σⱼ qⱼ e^(sⱼ/τ)), where qⱼ = 1, or E/N by `log_q` |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// `logistic`, `margin`, `bce` or `softmax`.
    pub name: LossName,
    /// γ. The margin loss asks that a positive outscore its negatives by γ; the logistic loss and `bce` add γ to every
    /// score, which scores that are negative distances need. It would change nothing of the softmax.
    pub margin: f64,
    /// α of self-adversarial negatives (Sun et al., 2019), for the logistic loss: the negatives of a positive are
    /// weighted by softmax(α·s⁻), and weigh as much as it does. 0 for negatives that each weigh as much as a positive.
    pub adversarial: f64,
    /// ε of label smoothing (Szegedy et al., 2016), where all entities are candidates: a label y becomes
    /// (1 − ε)·y + ε/E. For `bce` and `softmax`.
    pub label_smoothing: f64,
    /// τ of the softmax: scores are divided by it.
    pub temperature: f64,
    /// Whether negatives of the sampled softmax count E/N-fold, so that its sum estimates that over all E entities
    /// without bias: `auto` does where negatives are shared, `on`, `off`.
    pub log_q: LogQ,
    /// Whether terms are summed over a batch or averaged. A term is a negative that counts (`margin`), a score that
    /// counts (`logistic`, `bce`; self-adversarial: a positive, or all of its negatives), or a positive or query
    /// (`softmax`).
    pub reduction: Reduction,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            name: LossName::Logistic,
            margin: 0.0,
            adversarial: 0.0,
            label_smoothing: 0.0,
            temperature: 1.0,
            log_q: LogQ::Auto,
            reduction: Reduction::Mean,
        }
    }
}

/// A loss; [`LossConfig`] has the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossName {
    /// Margin ranking (Bordes et al., 2013): each negative against its positive.
    Margin,
    /// Each score against its truth; negatives may be weighted by how plausible they seem.
    Logistic,
    /// Binary cross-entropy with logits: the logistic loss, with labels that may be smoothed.
    Bce,
    /// Cross-entropy of the softmax over the answer and its rivals.
    Softmax,
}

impl LossName {
    /// Its name in a configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::Margin => "margin",
            Self::Logistic => "logistic",
            Self::Bce => "bce",
            Self::Softmax => "softmax",
        }
    }
}

/// Whether negatives of a sampled softmax stand for all entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogQ {
    /// Where negatives are shared, and the loss is the softmax.
    Auto,
    /// Yes.
    On,
    /// No: each negative counts once.
    Off,
}

/// How the terms of a batch are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
}
