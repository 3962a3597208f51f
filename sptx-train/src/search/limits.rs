//! The end of a stint before its last epoch: someone asks for it, or its seconds are spent.

use std::time::{Duration, Instant};

use super::driver::SearchObserver;
use crate::trainer::{EpochRecord, Observer, Validation};

/// Who stopped a stint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The search's observer.
    Asked,
    /// The budget of the trial.
    Trial,
    /// The budget of the search.
    Search,
}

/// When a stint must end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadlines {
    pub(super) trial: Option<Instant>,
    pub(super) search: Option<Instant>,
}

/// The moment at which a budget is spent: none where it is 0, or further off than clocks reach.
pub(super) fn deadline(budget: f64, spent: f64) -> Option<Instant> {
    let left = Duration::try_from_secs_f64((budget - spent).max(0.0)).ok()?;
    Instant::now().checked_add(left).filter(|_| budget > 0.0)
}

/// Shows a stint to the search's observer, and stops it when it must end.
pub(super) struct Limited<'a> {
    observer: &'a mut dyn SearchObserver,
    deadlines: Deadlines,
    /// Who stopped the stint.
    pub(super) stopped: Option<Stop>,
}

impl<'a> Limited<'a> {
    pub(super) fn new(observer: &'a mut dyn SearchObserver, deadlines: Deadlines) -> Self {
        Self { observer, deadlines, stopped: None }
    }
}

impl Observer for Limited<'_> {
    fn epoch_started(&mut self, epoch: u32, epochs: u32) {
        self.observer.epoch_started(epoch, epochs);
    }

    fn batch_done(&mut self, epoch: u32, batch: u32, batches: u32, loss: f64) {
        self.observer.batch_done(epoch, batch, batches, loss);
    }

    fn validated(&mut self, epoch: u32, validation: &Validation) {
        self.observer.validated(epoch, validation);
    }

    fn epoch_finished(&mut self, record: &EpochRecord) {
        self.observer.epoch_finished(record);
    }

    fn should_stop(&mut self) -> bool {
        let past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.stopped = match () {
            () if self.observer.should_stop() => Some(Stop::Asked),
            () if past(self.deadlines.trial) => Some(Stop::Trial),
            () if past(self.deadlines.search) => Some(Stop::Search),
            () => None,
        };
        self.stopped.is_some()
    }
}
