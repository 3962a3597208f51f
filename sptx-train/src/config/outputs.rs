//! The section of what a run writes beside what it needs.

use serde::{Deserialize, Serialize};

/// What a run writes into its folder beside what it needs to go on and to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputsConfig {
    /// Whether `report.html` is written when training ends.
    pub report: bool,
    /// Whether the epochs are written for TensorBoard, under `tensorboard`, as they end.
    pub tensorboard: bool,
}

impl Default for OutputsConfig {
    fn default() -> Self {
        Self { report: true, tensorboard: false }
    }
}
