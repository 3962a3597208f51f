//! Validation, the best parameters, early stopping.

use super::progress::{Best, Progress};
use super::{Observer, Trainer, Validation};
use crate::dataset::Triple;
use crate::error::Result;
use crate::evaluate::{EvaluateOptions, Evaluator};
use crate::score::EngineScorer;

impl Trainer {
    pub(super) fn validates(&self) -> bool {
        self.config.validation.every > 0 && !self.dataset.valid().is_empty()
    }

    /// Whether the epoch that has just ended is validated: every so many are.
    pub(super) fn is_validation_due(&self) -> bool {
        self.progress.epoch.is_multiple_of(self.config.validation.every)
    }

    /// Validates the last epoch, where it is not one of those that are. The checkpoint does not know of it, so that a run
    /// that goes on from there for more epochs is as if it had never ended.
    pub(super) fn validate_last(&mut self, evaluator: &Evaluator<'_>, observer: &mut dyn Observer) -> Result<()> {
        if !self.is_validation_due() && !self.progress.stopped {
            let progress = self.progress;
            let validation = self.validate(evaluator)?;
            observer.validated(progress.epoch, &validation);
            self.progress = Progress { best: self.progress.best, ..progress };
        }
        Ok(())
    }

    /// Validates, keeps the parameters if they are the best, and stops the run if none were for too long.
    pub(super) fn validate(&mut self, evaluator: &Evaluator<'_>) -> Result<Validation> {
        self.fetch()?;
        let split = self.dataset.valid();
        let triples = evenly(split, self.config.validation.triples);
        let scorer = EngineScorer::new(&self.engine);
        let metrics =
            self.engine.install(|| evaluator.evaluate_triples(&scorer, &triples, &EvaluateOptions::default()))?;
        let metric = self.config.validation.metric;
        let value = metric.of(&metrics);
        let best = self.progress.best.is_none_or(|best| metric.improves(value, best.value));
        let sampled = triples.len() < split.len();
        if best {
            self.progress.best = Some(Best { epoch: self.progress.epoch, value });
            self.progress.stale = 0;
            let tables = self.engine.tables();
            self.best = Some((0..tables.planes().len()).map(|plane| tables.export(plane)).collect());
        } else {
            self.progress.stale += 1;
            let patience = self.config.validation.patience;
            self.progress.stopped = patience > 0 && self.progress.stale >= patience;
        }
        Ok(Validation { triples: triples.len(), sampled, metrics: metrics.both.realistic, best })
    }
}

/// At most `most` triples, evenly spread over the split; all of them where `most` is 0.
fn evenly(split: &[Triple], most: usize) -> Vec<Triple> {
    if most == 0 || most >= split.len() {
        return split.to_vec();
    }
    (0..most).map(|index| split[index * split.len() / most]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenly_spread_triples_are_distinct_and_span_the_split() {
        let split: Vec<Triple> = (0..1000).map(|i| Triple::new(i, 0, i)).collect();
        assert_eq!(evenly(&split, 0).len(), 1000);
        assert_eq!(evenly(&split, 2000).len(), 1000);
        let some = evenly(&split, 300);
        assert_eq!(some.len(), 300);
        assert!(some.is_sorted_by(|a, b| a < b) && some[299].head > 990);
    }
}
