//! Settings that work: those of every model, and what some models want otherwise.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Config, LossName, ModelReference};

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::new(),
            dim: 64,
            epochs: 100,
            batch_size: 1024,
            negatives: 32,
            seed: 0,
            threads: 0,
            device: "cpu".to_owned(),
            model: ModelReference::default(),
            dims: BTreeMap::new(),
            sampler: Default::default(),
            loss: Default::default(),
            optimizer: Default::default(),
            validation: Default::default(),
            checkpoint: Default::default(),
            evaluation: Default::default(),
        }
    }
}

/// Models whose scores are negative distances: at most 0, so that the logistic loss needs an offset.
const DISTANCES: [&str; 10] =
    ["transe", "transh", "transr", "transd", "transa", "transm", "toruse", "rotate", "pairre", "mure"];

impl Config {
    /// The defaults for a model of this name (case does not matter), with the name filled in.
    ///
    /// All models train with the logistic loss and lazy Adam. Scores that are distances also have `loss.margin = 9`.
    ///
    /// ```
    /// use sptx_train::Config;
    /// assert_eq!(Config::defaults_for("DistMult").loss.margin, 0.0);
    /// assert_eq!(Config::defaults_for("TransE").loss.margin, 9.0);
    /// ```
    pub fn defaults_for(model: &str) -> Self {
        let mut config = Config::default();
        config.model.name = model.to_owned();
        if DISTANCES.contains(&model.to_lowercase().as_str()) {
            config.loss.name = LossName::Logistic;
            config.loss.margin = 9.0;
        }
        config
    }
}
