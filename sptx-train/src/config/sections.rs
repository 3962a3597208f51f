//! The sections of a [`Config`](super::Config), a struct each, every field with its default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sptx_runtime::optimizer::Rule;

use crate::dataset::Split;
use crate::evaluate::{Metrics, RankMetrics};
use crate::sampler::Corruption;

/// Which score function is trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelReference {
    /// The name of a model of the zoo, or the path of a `.sptx` file.
    pub name: String,
    /// Values of the parameters that are fixed when the model is compiled, by name.
    pub choices: BTreeMap<String, f64>,
    /// Values of the parameters that are given at run time, by name.
    pub parameters: BTreeMap<String, f64>,
}

/// How negatives are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplerConfig {
    /// Which side of a positive is replaced: `uniform` or `bernoulli`.
    pub corruption: Corruption,
    /// Whether a negative that is a training triple is drawn anew, up to [`SamplerConfig::RESAMPLES`] times.
    pub filtered: bool,
}

impl SamplerConfig {
    /// How often, at most, a filtered negative is drawn anew.
    pub const RESAMPLES: u32 = 16;
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self { corruption: Corruption::Uniform, filtered: false }
    }
}

/// How the loss is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// `sgd`, `adagrad`, `row-adagrad`, `adam` or `lazy-adam`.
    pub name: OptimizerName,
    /// η.
    pub learning_rate: f64,
    /// λ: adds λ·p to the gradient of each parameter. All rules but `adam` decay the rows of the batch only.
    pub weight_decay: f64,
    /// β₁ and β₂ of the Adams.
    pub betas: [f64; 2],
    /// ε, of all rules but `sgd`.
    pub epsilon: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            name: OptimizerName::LazyAdam,
            learning_rate: 0.01,
            weight_decay: 0.0,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
        }
    }
}

impl OptimizerConfig {
    /// The rule, as the engine takes it.
    pub fn rule(&self) -> Rule {
        let (epsilon, [beta1, beta2]) = (self.epsilon, self.betas);
        match self.name {
            OptimizerName::Sgd => Rule::Sgd,
            OptimizerName::Adagrad => Rule::Adagrad { epsilon },
            OptimizerName::RowAdagrad => Rule::RowAdagrad { epsilon },
            OptimizerName::Adam => Rule::Adam { beta1, beta2, epsilon },
            OptimizerName::LazyAdam => Rule::LazyAdam { beta1, beta2, epsilon },
        }
    }
}

/// An optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    /// Stochastic gradient descent.
    Sgd,
    /// Adagrad, as PyTorch has it.
    Adagrad,
    /// Adagrad with one sum for each row.
    RowAdagrad,
    /// Adam over all rows at every step, as PyTorch has it.
    Adam,
    /// Adam over the rows of the batch.
    LazyAdam,
}

/// Watching the validation split, and stopping early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidationConfig {
    /// Epochs from one validation to the next; 0 for none. The best parameters seen are the run's result.
    pub every: u32,
    /// What must grow (or shrink, for the mean rank): filtered, over both sides, with realistic ties.
    pub metric: MetricName,
    /// Validations without a better value after which training stops; 0 to train to the end.
    pub patience: u32,
    /// Triples validated at most, taken evenly from the split; 0 for all. The trace says how many were.
    pub triples: usize,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { every: 10, metric: MetricName::MeanReciprocalRank, patience: 10, triples: 1000 }
    }
}

/// A metric that validation may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricName {
    /// The mean of the ranks, of which less is more.
    MeanRank,
    /// The mean of 1 / rank.
    MeanReciprocalRank,
    /// The share of ranks at most 1.
    #[serde(rename = "hits_at_1")]
    HitsAt1,
    /// The share of ranks at most 3.
    #[serde(rename = "hits_at_3")]
    HitsAt3,
    /// The share of ranks at most 10.
    #[serde(rename = "hits_at_10")]
    HitsAt10,
}

impl MetricName {
    /// The metrics, in the order of [`RankMetrics`].
    pub const ALL: [MetricName; 5] = [
        MetricName::MeanRank,
        MetricName::MeanReciprocalRank,
        MetricName::HitsAt1,
        MetricName::HitsAt3,
        MetricName::HitsAt10,
    ];

    /// The metric's value.
    pub fn of(self, metrics: &Metrics) -> f64 {
        self.among(&metrics.both.realistic)
    }

    /// The metric's value among the five over a list of ranks.
    pub fn among(self, metrics: &RankMetrics) -> f64 {
        match self {
            Self::MeanRank => metrics.mean_rank,
            Self::MeanReciprocalRank => metrics.mean_reciprocal_rank,
            Self::HitsAt1 => metrics.hits_at_1,
            Self::HitsAt3 => metrics.hits_at_3,
            Self::HitsAt10 => metrics.hits_at_10,
        }
    }

    /// Whether one value is better than another. A value that is no number is better than none.
    pub fn improves(self, value: f64, best: f64) -> bool {
        match self {
            Self::MeanRank => value < best,
            Self::MeanReciprocalRank | Self::HitsAt1 | Self::HitsAt3 | Self::HitsAt10 => value > best,
        }
    }

    /// The metric's key in `metrics.json`.
    pub fn key(self) -> &'static str {
        match self {
            Self::MeanRank => "mean_rank",
            Self::MeanReciprocalRank => "mean_reciprocal_rank",
            Self::HitsAt1 => "hits_at_1",
            Self::HitsAt3 => "hits_at_3",
            Self::HitsAt10 => "hits_at_10",
        }
    }
}

/// How often the run is saved, to be resumed. An interrupted run is always saved, and so is a finished one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Epochs from one checkpoint to the next; 0 for no such rule.
    pub every: u32,
    /// Seconds from one checkpoint to the next; 0 for no such rule. Batches are never cut short for it.
    pub seconds: u64,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 0, seconds: 60 }
    }
}

/// What is evaluated when training ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The splits.
    pub splits: Vec<Split>,
    /// Whether known answers other than the one asked for are left out of the ranking.
    pub filtered: bool,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self { splits: vec![Split::Valid, Split::Test], filtered: true }
    }
}
