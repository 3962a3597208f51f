//! One epoch: the batches of the epoch's order.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sptx_runtime::cpu::RowMask;
use sptx_runtime::optimizer::{Occurrences, Penalty, Step};

use super::work::Work;
use super::{Observer, Trainer};
use crate::config::{Config, Reduction};
use crate::dataset::Triple;
use crate::dropout::Dropout;
use crate::error::Result;
use crate::loss::LossValue;
use crate::regime::{BlockRegime, Occurring};
use crate::sampler::{Sampler, epoch_order};
use crate::schedule::Schedule;

/// Why a step was not made.
enum Refusal {
    Engine(sptx_runtime::Error),
    NonFinite(f64),
}

impl From<sptx_runtime::Error> for Refusal {
    fn from(error: sptx_runtime::Error) -> Self {
        Self::Engine(error)
    }
}

impl Trainer {
    /// Does what is left of the epoch under way. Breaks where the observer stops it before its last batch.
    pub(super) fn epoch(&mut self, work: &Work<'_>, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        // `Trainer::new` has ruled out that 2^32 triples are visited, so positions and numbers of batches fit.
        let order = epoch_order(self.config.seed, self.progress.epoch, work.count() as u32);
        let size = self.config.batch_size;
        let batches = order.len().div_ceil(size) as u32;
        let schedule = Schedule::new(&self.config.schedule, self.config.epochs, batches);
        self.begin_on_device(&order)?;
        while self.progress.batch < batches {
            let began = Instant::now();
            let loss = if self.device.is_some() {
                self.steps_on_device(&order, batches, &schedule, began)?
            } else {
                let first = self.progress.batch as usize * size;
                let visited = &order[first..(first + size).min(order.len())];
                let loss = self.step(work, visited, first as u32, &schedule)?;
                self.count_step(loss);
                loss
            };
            self.progress.seconds += began.elapsed().as_secs_f64();
            observer.batch_done(self.progress.epoch + 1, self.progress.batch, batches, loss.mean());
            if observer.should_stop() {
                return Ok(ControlFlow::Break(()));
            }
            if self.is_checkpoint_due() {
                self.save()?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn step(&mut self, work: &Work<'_>, visited: &[u32], first: u32, schedule: &Schedule) -> Result<LossValue> {
        let occurring = self.config.regularizer.is_on().then(|| work.occurring(visited));
        let step = Step {
            penalty: occurring.as_ref().map(|occurring| penalty(&self.config, occurring)),
            ..self.plain_step(self.progress.step, schedule)
        };
        let outcome = match work {
            Work::PerTriple { positives, sampler, .. } => self.step_triples(positives, visited, first, sampler, step),
            Work::Blocks(regime) => self.step_blocks(regime, visited, step),
        };
        outcome.map_err(|refusal| match refusal {
            Refusal::Engine(error) => error.into(),
            Refusal::NonFinite(loss) => self.non_finite(loss).into(),
        })
    }

    /// A step without a penalty, after so many.
    pub(super) fn plain_step(&self, done: u64, schedule: &Schedule) -> Step<'static> {
        Step {
            learning_rate: self.config.optimizer.learning_rate * schedule.factor(done),
            weight_decay: self.config.optimizer.weight_decay,
            number: done + 1,
            penalty: None,
        }
    }

    /// Counts a step that was made.
    pub(super) fn count_step(&mut self, loss: LossValue) {
        self.progress.batch += 1;
        self.progress.step += 1;
        self.progress.loss += loss.sum;
        self.progress.terms += loss.terms as u64;
    }

    fn step_triples(
        &mut self,
        positives: &[Triple],
        visited: &[u32],
        first: u32,
        sampler: &Sampler<'_>,
        step: Step<'_>,
    ) -> Result<LossValue, Refusal> {
        let Self { engine, batch, loss, progress, .. } = self;
        engine.install(|| batch.fill(positives, visited, progress.epoch, first, sampler));
        engine.step(batch.triples(), step, |scores, upstream| {
            let value = loss.evaluate(scores, batch.positives(), upstream);
            if value.finite { Ok(value) } else { Err(Refusal::NonFinite(value.sum)) }
        })
    }

    fn step_blocks(&mut self, regime: &BlockRegime<'_>, visited: &[u32], step: Step<'_>) -> Result<LossValue, Refusal> {
        let Self { engine, progress, config, .. } = self;
        let batch = engine.install(|| regime.batch(visited, progress.epoch, progress.batch));
        let dropout = Dropout::new(config.dropout, config.seed, step.number);
        let mask = config.dropout.is_on().then_some(&dropout as &dyn RowMask);
        let sum = engine.step_blocks(&batch.blocks(), step, mask, batch.loss())?;
        let value = LossValue { sum, terms: batch.terms(), finite: sum.is_finite() };
        if value.finite { Ok(value) } else { Err(Refusal::NonFinite(sum)) }
    }

    fn is_checkpoint_due(&self) -> bool {
        let seconds = self.config.checkpoint.seconds;
        seconds > 0 && self.folder.is_some() && self.saved.elapsed() >= Duration::from_secs(seconds)
    }
}

/// The penalty of a batch whose true triples have these rows. By occurrence it is a mean over the triples where the loss
/// is a mean, as N3 is defined.
fn penalty<'a>(config: &Config, occurring: &'a Occurring) -> Penalty<'a> {
    let settings = &config.regularizer;
    let share = match (settings.weighted, config.loss.reduction) {
        (true, Reduction::Mean) => 1.0 / occurring.relations.len().max(1) as f64,
        (true, Reduction::Sum) | (false, Reduction::Mean | Reduction::Sum) => 1.0,
    };
    let Occurring { entities, relations } = occurring;
    Penalty {
        power: settings.p,
        entity: settings.entity * share,
        relation: settings.relation * share,
        occurrences: settings.weighted.then_some(Occurrences { entities, relations }),
    }
}
