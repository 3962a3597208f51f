//! The trials, the best first, and the best one's configuration.

use serde::Serialize;

use super::plan::order;
use super::record::{Ended, Record};
use super::sample::Point;
use super::space::Space;
use crate::config::MetricName;
use crate::error::Result;

/// The trials of a search, the best first by the value of the metric; those without a value are the last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leaderboard {
    /// What chooses: filtered, over both sides, with realistic ties, on the validation split.
    pub metric: MetricName,
    /// The trials.
    pub trials: Vec<Entry>,
}

/// A trial, as the last of its stints left it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its number, from 0, which is the name of its run's folder.
    pub trial: u32,
    /// The best value by validation; none where it failed.
    pub value: Option<f64>,
    /// The epoch at which it was.
    pub best_epoch: Option<u32>,
    /// Epochs done.
    pub epochs: u32,
    /// The highest rung it came to, from 0.
    pub rung: u32,
    /// Seconds of all its stints, validation included.
    pub seconds: f64,
    /// How the last one ended.
    pub ended: Ended,
    /// Why, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its settings that the base does not have.
    pub settings: Point,
}

impl Leaderboard {
    pub(super) fn new(metric: MetricName, records: &[Record]) -> Self {
        let is_last = |record: &&Record| !records.iter().any(|it| it.trial == record.trial && it.rung > record.rung);
        let mut last: Vec<&Record> = records.iter().filter(is_last).collect();
        last.sort_by(|a, b| order(metric, a, b));
        let seconds = |trial| records.iter().filter(|it| it.trial == trial).map(|it| it.seconds).sum();
        let entry = |record: &Record| Entry {
            trial: record.trial,
            value: record.value,
            best_epoch: record.best_epoch,
            epochs: record.epochs,
            rung: record.rung,
            seconds: seconds(record.trial),
            ended: record.ended,
            reason: record.reason.clone(),
            settings: record.settings.clone(),
        };
        Self { metric, trials: last.into_iter().map(entry).collect() }
    }

    /// The best trial, where any has a value.
    pub fn best(&self) -> Option<&Entry> {
        self.trials.first().filter(|entry| entry.value.is_some())
    }
}

impl Space {
    /// The configuration that makes a trial again, every key included, with how it was found as a comment above.
    pub(super) fn best_toml(&self, leaderboard: &Leaderboard, best: &Entry) -> Result<String> {
        let mut config = self.config(&best.settings)?;
        if config.epochs != best.epochs && config.schedule.reads_run_length() {
            // The trial ended early, and its learning rate was on the way to where it would have ended.
            config.schedule.epochs = config.epochs;
        }
        config.epochs = best.epochs;
        let (trials, seed) = (leaderboard.trials.len(), self.options.seed);
        let (metric, value) = (leaderboard.metric.key(), best.value.unwrap_or(f64::NAN));
        let place =
            best.best_epoch.map_or_else(String::new, |epoch| format!(" after epoch {epoch} of {}", best.epochs));
        let header = format!(
            "# Found by `sptx search`: trial {} of {trials}, by {} with seed {seed}.\n\
             # {metric} by validation{place}: {value}. The test split was not looked at.\n\
             # `sptx train --config` with this file trains the model again.\n\n",
            best.trial,
            self.strategy()
        );
        Ok(header + &config.to_toml()?)
    }
}
