//! What a training run tells, and whom.

use serde::{Deserialize, Serialize};

use crate::evaluate::RankMetrics;

/// Watches a run, and may end it. Every method does nothing unless it is written.
pub trait Observer {
    /// An epoch begins, or goes on after a resume. Epochs count from 1, up to `epochs`.
    fn epoch_started(&mut self, epoch: u32, epochs: u32) {
        let _ = (epoch, epochs);
    }

    /// A batch is done. Batches count from 1, up to `batches`; `loss` is the mean over the batch's terms.
    fn batch_done(&mut self, epoch: u32, batch: u32, batches: u32, loss: f64) {
        let _ = (epoch, batch, batches, loss);
    }

    /// The model was validated.
    fn validated(&mut self, epoch: u32, validation: &Validation) {
        let _ = (epoch, validation);
    }

    /// An epoch has ended; this is its line of the trace.
    fn epoch_finished(&mut self, record: &EpochRecord) {
        let _ = record;
    }

    /// Asked after each batch. When true, a checkpoint is written and [`Trainer::train`](super::Trainer::train) returns
    /// [`Outcome::Interrupted`].
    fn should_stop(&mut self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// One epoch, as a line of `trace.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Steps since the run began.
    pub step: u64,
    /// The mean of the loss's terms, penalties on rows left out.
    pub loss: f64,
    /// Seconds spent on the epoch's batches.
    pub seconds: f64,
    /// Triples scored per second of training: positives with their rivals, whatever the regime takes for these.
    pub triples_per_second: f64,
    /// The validation after it, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// A validation: filtered, over both sides, with realistic ties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Triples ranked.
    pub triples: usize,
    /// Whether they are only some of the split.
    pub sampled: bool,
    /// The metrics.
    pub metrics: RankMetrics,
    /// Whether they are the best so far by the metric that the run follows.
    pub best: bool,
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every epoch was done.
    Finished,
    /// Validation stopped improving.
    StoppedEarly {
        /// The epoch after which training stopped.
        epoch: u32,
    },
    /// The observer asked for it; the run can be resumed.
    Interrupted {
        /// The epoch it was in.
        epoch: u32,
    },
}
