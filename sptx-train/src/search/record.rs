//! What is remembered of a trial: a line for each stint, which is a rung's worth of epochs.

use serde::{Deserialize, Serialize};

use super::sample::Point;

/// A stint of a trial that has ended: the line of the search's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The trial, from 0.
    pub trial: u32,
    /// The rung, from 0; always 0 in a random search.
    pub rung: u32,
    /// How it ended.
    pub ended: Ended,
    /// Why, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The best value of the metric by validation since the trial began; none where it failed.
    pub value: Option<f64>,
    /// The epoch at which it was.
    pub best_epoch: Option<u32>,
    /// Epochs done since the trial began.
    pub epochs: u32,
    /// Seconds that the stint took, validation included.
    pub seconds: f64,
    /// The trial's settings that the base does not have.
    pub settings: Point,
}

/// How a stint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Every epoch was done.
    Finished,
    /// Validation stopped improving.
    StoppedEarly,
    /// The trial's seconds were spent. It keeps its place, but does not go on.
    OutOfTime,
    /// It could not be trained.
    Failed,
}

impl Ended {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::StoppedEarly => "stopped early",
            Self::OutOfTime => "out of time",
            Self::Failed => "failed",
        }
    }

    /// Whether the trial may go on for more epochs.
    pub(super) fn may_go_on(self) -> bool {
        match self {
            Self::Finished | Self::StoppedEarly => true,
            Self::OutOfTime | Self::Failed => false,
        }
    }
}
