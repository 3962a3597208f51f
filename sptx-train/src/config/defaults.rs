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
            device: "auto".to_owned(),
            reciprocal: false,
            model: ModelReference::default(),
            dims: BTreeMap::new(),
            initial: Default::default(),
            regime: Default::default(),
            sampler: Default::default(),
            loss: Default::default(),
            regularizer: Default::default(),
            dropout: Default::default(),
            optimizer: Default::default(),
            schedule: Default::default(),
            validation: Default::default(),
            checkpoint: Default::default(),
            evaluation: Default::default(),
            outputs: Default::default(),
        }
    }
}

/// γ of the logistic loss for unbounded distances.
const DISTANCE_OFFSET: f64 = 9.0;

/// Losses of models that need another than the logistic one with γ = 0, as tried on `umls`.
///
/// Scores that are distances are at most 0, so the logistic loss needs an offset for them; where rows are bounded to the
/// unit ball, distances are too small for that loss, and the margin loss does better.
const LOSSES: [(&[&str], LossName, f64); 4] = [
    (&["transe", "transh", "transm", "toruse", "rotate", "mure", "hake"], LossName::Logistic, DISTANCE_OFFSET),
    (&["boxe"], LossName::Logistic, 4.0),
    (&["pairre"], LossName::Logistic, 1.0),
    (&["transr", "transd", "transa", "transc", "transf"], LossName::Margin, 1.0),
];

impl Config {
    /// The defaults for a model of this name (case does not matter), with the name filled in.
    ///
    /// All models train alike (lazy Adam, 32 uniform negatives) but for the loss: logistic for most, with
    /// `loss.margin = 9` for unbounded distances such as TransE, RotatE and TorusE; margin ranking for models whose rows
    /// are kept in the unit ball (TransR, TransD, TransA, TransC, TransF).
    ///
    /// ```
    /// use sptx_train::{Config, LossName};
    /// assert_eq!(Config::defaults_for("DistMult").loss.margin, 0.0);
    /// assert_eq!(Config::defaults_for("TransE").loss.margin, 9.0);
    /// assert_eq!(Config::defaults_for("TransR").loss.name, LossName::Margin);
    /// ```
    pub fn defaults_for(model: &str) -> Self {
        let mut config = Config::default();
        config.model.name = model.to_owned();
        let is_model = |name: &&str| name.eq_ignore_ascii_case(model);
        if let Some((_, name, margin)) = LOSSES.into_iter().find(|(models, ..)| models.iter().any(is_model)) {
            (config.loss.name, config.loss.margin) = (name, margin);
        }
        config
    }

    /// Sets the loss that unbounded distances want: for a model that is not the zoo's and whose scores
    /// [are never positive](sptx_runtime::program::Model::never_positive).
    pub fn offset_distances(&mut self) {
        (self.loss.name, self.loss.margin) = (LossName::Logistic, DISTANCE_OFFSET);
    }
}
