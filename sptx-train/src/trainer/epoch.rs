//! One epoch: the batches of the epoch's order.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sptx_runtime::optimizer::Step;

use super::{Observer, Trainer};
use crate::dataset::Triple;
use crate::error::Result;
use crate::loss::LossValue;
use crate::sampler::{Sampler, epoch_order};

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
    pub(super) fn epoch(
        &mut self,
        train: &[Triple],
        sampler: &Sampler<'_>,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>> {
        // `Trainer::new` has ruled out that there are 2^32 triples, so positions and numbers of batches fit.
        let order = epoch_order(self.config.seed, self.progress.epoch, train.len() as u32);
        let size = self.config.batch_size;
        let batches = train.len().div_ceil(size) as u32;
        while self.progress.batch < batches {
            let began = Instant::now();
            let first = self.progress.batch as usize * size;
            let positives = &order[first..(first + size).min(order.len())];
            let loss = self.step(train, positives, first as u32, sampler)?;
            self.progress.batch += 1;
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

    fn step(&mut self, train: &[Triple], positives: &[u32], first: u32, sampler: &Sampler<'_>) -> Result<LossValue> {
        let Self { engine, batch, loss, progress, config, .. } = self;
        engine.install(|| batch.fill(train, positives, progress.epoch, first, sampler));
        let step = Step {
            learning_rate: config.optimizer.learning_rate,
            weight_decay: config.optimizer.weight_decay,
            number: progress.step + 1,
            penalty: None,
        };
        let outcome = engine.step(batch.triples(), step, |scores, upstream| {
            let value = loss.evaluate(scores, batch.positives(), upstream);
            if value.finite { Ok(value) } else { Err(Refusal::NonFinite(value.sum)) }
        });
        match outcome {
            Ok(value) => {
                progress.step += 1;
                progress.loss += value.sum;
                progress.terms += value.terms as u64;
                Ok(value)
            }
            Err(Refusal::Engine(error)) => Err(error.into()),
            Err(Refusal::NonFinite(loss)) => Err(self.non_finite(loss).into()),
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        let seconds = self.config.checkpoint.seconds;
        seconds > 0 && self.folder.is_some() && self.saved.elapsed() >= Duration::from_secs(seconds)
    }
}
