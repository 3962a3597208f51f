//! How far a run has come: what a checkpoint keeps beside the numbers in the tables.

use serde::{Deserialize, Serialize};

/// How far a run has come. Floats are kept as bits, since a resumed run must compare the very same values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Epochs done.
    pub(crate) epoch: u32,
    /// Batches done of the epoch that is under way.
    pub(crate) batch: u32,
    /// Steps done.
    pub(crate) step: u64,
    /// The sum of the loss's terms over the epoch under way.
    #[serde(with = "bits")]
    pub(crate) loss: f64,
    /// How many terms those are.
    pub(crate) terms: u64,
    /// Seconds spent on the batches of the epoch under way.
    #[serde(with = "bits")]
    pub(crate) seconds: f64,
    /// The best validation's metric.
    pub(crate) best: Option<Best>,
    /// Validations since the best one.
    pub(crate) stale: u32,
    /// Whether validation has ended the run.
    pub(crate) stopped: bool,
    /// Bytes of the trace that belong to what is done.
    pub(crate) trace_bytes: u64,
}

/// The best validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    /// Epochs done at it.
    pub(crate) epoch: u32,
    /// The metric.
    #[serde(with = "bits")]
    pub(crate) value: f64,
}

impl Progress {
    /// Ends an epoch.
    pub(crate) fn next_epoch(&mut self) {
        *self = Self { epoch: self.epoch + 1, batch: 0, loss: 0.0, terms: 0, seconds: 0.0, ..*self };
    }

    /// The mean of the loss's terms over the epoch.
    pub(crate) fn mean_loss(&self) -> f64 {
        self.loss / self.terms.max(1) as f64
    }
}

/// Floats as whole numbers: JSON's decimals would not be read back to the last bit.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}
