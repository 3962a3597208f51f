//! What a training run is: one explicit value, read from TOML and changed by dotted overrides.

mod check;
mod defaults;
mod difference;
mod error;
mod outputs;
mod overrides;
mod parse;
mod sections;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sptx_runtime::program::Model;

pub use error::ConfigError;
pub use outputs::OutputsConfig;
pub use sections::{
    CheckpointConfig, EvaluationConfig, LossConfig, LossName, MetricName, ModelReference, OptimizerConfig,
    OptimizerName, Reduction, SamplerConfig, ValidationConfig,
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
    /// Positives of a batch; the last batch of an epoch has what is left.
    pub batch_size: usize,
    /// Negatives of each positive.
    pub negatives: u32,
    /// Where all random numbers come from.
    pub seed: u64,
    /// Threads; 0 for as many as the machine has. The results do not depend on it.
    pub threads: usize,
    /// What computes: `cpu`.
    pub device: String,
    /// The score function.
    pub model: ModelReference,
    /// Sizes of dimension symbols, by name.
    pub dims: BTreeMap<String, usize>,
    /// How negatives are drawn.
    pub sampler: SamplerConfig,
    /// What is minimised.
    pub loss: LossConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
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
}
