//! What a training run is: one explicit value, read from TOML and changed by dotted overrides.

mod check;
mod combinations;
mod defaults;
mod difference;
mod dropout;
mod error;
mod initial;
mod loss;
mod outputs;
mod overrides;
mod parse;
mod regime;
mod regularizer;
mod schedule;
mod sections;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sptx_runtime::program::Model;

#[cfg(test)]
pub(crate) use difference::MAY_CHANGE;
pub use dropout::DropoutConfig;
pub use error::ConfigError;
pub use initial::InitialConfig;
pub use loss::{LogQ, LossConfig, LossName, Reduction};
pub use outputs::OutputsConfig;
pub(crate) use parse::{locate, place};
pub use regime::{RegimeConfig, RegimeName, Sides};
pub use regularizer::RegularizerConfig;
pub use schedule::{ScheduleConfig, ScheduleName};
pub use sections::{
    CheckpointConfig, EvaluationConfig, MetricName, ModelReference, OptimizerConfig, OptimizerName, SamplerConfig,
    ValidationConfig,
};

/// Everything that decides what a run computes, and where it reads.
///
/// ```
/// use sptx_train::Config;
/// let mut config = Config::defaults_for("complex");
/// config.set("optimizer.learning_rate=0.05").unwrap();
/// assert_eq!(config.optimizer.learning_rate, 0.05);
/// assert_eq!(
///     config.set("optimizer.learning_rat=0.05").unwrap_err().to_string(),
///     "there is no key `optimizer.learning_rat`; did you mean `optimizer.learning_rate`?",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of the dataset.
    pub data: PathBuf,
    /// The size of every dimension symbol that `dims` does not list.
    pub dim: usize,
    /// How often every training triple is seen.
    pub epochs: u32,
    /// Positives of a batch (queries, of the regime `k-vs-all`); the last batch of an epoch has what is left.
    pub batch_size: usize,
    /// Negatives of each positive, or those that positives share; not read where every entity is a candidate.
    pub negatives: u32,
    /// Where all random numbers come from.
    pub seed: u64,
    /// Threads; 0 for as many as the machine has. The results do not depend on it.
    pub threads: usize,
    /// What makes the steps: `auto`, `cpu`, or a GPU: `wgpu`, `wgpu:1`, `wgpu:` and a part of its name. A [`Trainer`] makes
    /// them on the CPU but for a device [that it is given](crate::Trainer::train_on): the command reads this.
    ///
    /// [`Trainer`]: crate::Trainer
    pub device: String,
    /// Whether every relation has an inverse of its own, with tables of its own, and (?, r, t) is asked as
    /// (t, r⁻¹, ?), in training and ever after (Lacroix et al., 2018). Each training triple then is two positives.
    pub reciprocal: bool,
    /// The score function.
    pub model: ModelReference,
    /// Sizes of dimension symbols, by name.
    pub dims: BTreeMap<String, usize>,
    /// How vectors begin.
    pub initial: InitialConfig,
    /// What a true triple is held against.
    pub regime: RegimeConfig,
    /// How the negatives of a triple's own are drawn.
    pub sampler: SamplerConfig,
    /// What is minimised.
    pub loss: LossConfig,
    /// What keeps rows small.
    pub regularizer: RegularizerConfig,
    /// What is masked of rows.
    pub dropout: DropoutConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// Watching the validation split, and stopping early.
    pub validation: ValidationConfig,
    /// How often the run is saved, to be resumed.
    pub checkpoint: CheckpointConfig,
    /// What is evaluated when training ends.
    pub evaluation: EvaluationConfig,
    /// What is written beside.
    pub outputs: OutputsConfig,
}

impl Config {
    /// The sizes of a model's dimension symbols: `dims`, and `dim` for the others.
    ///
    /// ```
    /// # fn example(model: &sptx_runtime::program::Model) {
    /// let sizes = sptx_train::Config::default().sizes(model);
    /// assert!(model.symbols().all(|symbol| sizes[symbol] == 64));
    /// # }
    /// ```
    pub fn sizes(&self, model: &Model) -> BTreeMap<String, usize> {
        let mut sizes: BTreeMap<String, usize> = model.symbols().map(|symbol| (symbol.to_owned(), self.dim)).collect();
        sizes.extend(self.dims.iter().map(|(symbol, size)| (symbol.clone(), *size)));
        sizes
    }

    /// Rows of the relations' tables, for a dataset of `relations` relations: twice as many with inverse relations, that
    /// of relation r being row r + `relations`.
    pub fn relation_rows(&self, relations: usize) -> usize {
        if self.reciprocal { 2 * relations } else { relations }
    }
}
