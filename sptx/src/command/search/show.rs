//! A search as a person watches it: a line where a trial begins and where it ends, and the trial's run between them.

use sptx::train::search::{Point, Record, SearchObserver, Task, spelled};
use sptx::train::{EpochRecord, MetricName, Observer, Validation};

use super::super::output;
use super::super::progress::Watch;

/// Shows a search on standard error, and stops it when someone asks.
pub(super) struct Show {
    /// The run under way.
    pub(super) watch: Watch,
    quiet: bool,
    metric: MetricName,
}

impl Show {
    /// Shows a search; `quiet` shows nothing.
    pub(super) fn new(quiet: bool, metric: MetricName) -> Self {
        Self { watch: Watch::new(quiet), quiet, metric }
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            output::note(text);
        }
    }
}

impl SearchObserver for Show {
    fn trial_started(&mut self, task: &Task, settings: &Point) {
        let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key} = {}", spelled(value))).collect();
        let Task { trial, position, stints, .. } = task;
        let epochs = task.epochs.map_or_else(String::new, |epochs| format!(", to epoch {epochs}"));
        self.watch.finish();
        self.note(&format!("trial {trial} ({} of {stints}{epochs}): {}", position + 1, settings.join(", ")));
        self.watch = Watch::new(self.quiet);
    }

    fn trial_ended(&mut self, _: &Task, record: &Record) {
        self.watch.finish();
        let what = match (record.value, &record.reason) {
            (_, Some(reason)) => reason.lines().next().unwrap_or_default().to_owned(),
            (Some(value), None) => format!("{} {value:.4}", self.metric.key()),
            (None, None) => String::new(),
        };
        let Record { trial, epochs, seconds, ended, .. } = record;
        self.note(&format!("trial {trial} {} after {epochs} epochs, {seconds:.1} s: {what}", ended.name()));
    }
}

impl Observer for Show {
    fn epoch_started(&mut self, epoch: u32, epochs: u32) {
        self.watch.epoch_started(epoch, epochs);
    }

    fn batch_done(&mut self, epoch: u32, batch: u32, batches: u32, loss: f64) {
        self.watch.batch_done(epoch, batch, batches, loss);
    }

    fn validated(&mut self, epoch: u32, validation: &Validation) {
        self.watch.validated(epoch, validation);
    }

    fn epoch_finished(&mut self, record: &EpochRecord) {
        self.watch.epoch_finished(record);
    }

    fn should_stop(&mut self) -> bool {
        self.watch.should_stop()
    }
}
