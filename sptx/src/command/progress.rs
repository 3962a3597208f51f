//! A run as a person watches it: a bar on a terminal, now and then a line elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sptx::train::{EpochRecord, Observer, Validation};

use super::{interrupt, output};

/// Shows a run's progress on standard error, and stops it when someone asks.
pub(super) struct Watch {
    bar: ProgressBar,
    quiet: bool,
    epochs: u32,
    loss: f64,
    validated: String,
}

impl Watch {
    /// Watches a run; `quiet` shows nothing.
    pub(super) fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is fixed; were it wrong, the default one shows.
        if let Ok(style) = ProgressStyle::with_template("{bar:32.cyan/blue} {msg}  [{elapsed}<{eta}]") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { bar, quiet, epochs: 0, loss: f64::NAN, validated: String::new() }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn epoch_started(&mut self, _: u32, epochs: u32) {
        self.epochs = epochs;
    }

    fn batch_done(&mut self, epoch: u32, batch: u32, batches: u32, loss: f64) {
        // The mean of the last batches, so that the number can be read.
        self.loss = if self.loss.is_nan() { loss } else { 0.95 * self.loss + 0.05 * loss };
        self.bar.set_length(u64::from(self.epochs) * u64::from(batches));
        self.bar.set_position(u64::from(epoch - 1) * u64::from(batches) + u64::from(batch));
        self.bar.set_message(format!("epoch {epoch}/{}  loss {:.4}{}", self.epochs, self.loss, self.validated));
    }

    fn validated(&mut self, epoch: u32, validation: &Validation) {
        self.validated = format!("  valid MRR {:.3}", validation.metrics.mean_reciprocal_rank);
        if self.bar.is_hidden() && !self.quiet {
            let Self { epochs, loss, validated, .. } = self;
            output::note(&format!("epoch {epoch}/{epochs}  loss {loss:.4}{validated}"));
        }
    }

    fn epoch_finished(&mut self, record: &EpochRecord) {
        self.loss = record.loss;
    }

    fn should_stop(&mut self) -> bool {
        interrupt::requested()
    }
}
