//! One stint of a trial: an ordinary run, begun or resumed, and what became of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sptx_runtime::kernel::CompiledModel;

use super::driver::SearchObserver;
use super::limits::{Deadlines, Limited, Stop, deadline};
use super::record::Ended;
use crate::config::{Config, ModelReference};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::trainer::{Outcome, Trainer};

/// A model, and the text of its declaration, where that is the user's and a run must keep it.
#[derive(Debug)]
pub struct LoadedModel {
    /// The model.
    pub compiled: CompiledModel,
    /// The text.
    pub source: Option<String>,
}

/// Finds the model that a configuration refers to: in the folder of the run that goes on, where there is one.
pub(super) type Load<'a> = &'a dyn Fn(&ModelReference, Option<&RunFolder>) -> Result<LoadedModel>;

/// A stint that is to be done.
pub(super) struct Stint<'a> {
    pub(super) config: Config,
    pub(super) path: &'a Path,
    pub(super) dataset: &'a Arc<Dataset>,
    pub(super) load: Load<'a>,
    /// Epochs that the trial did in stints before, and the seconds those took.
    pub(super) before: (u32, f64),
    /// Seconds that the trial may take; 0 for as many as it takes.
    pub(super) seconds: f64,
    /// When the search must end.
    pub(super) deadline: Option<Instant>,
}

/// What became of a stint.
pub(super) enum Became {
    /// It has ended.
    Ended(Ending),
    /// It is to go on another time.
    Stopped(Stop),
}

/// How a stint ended.
pub(super) struct Ending {
    pub(super) ended: Ended,
    pub(super) reason: Option<String>,
    pub(super) best: Option<(u32, f64)>,
    pub(super) epochs: u32,
    pub(super) seconds: f64,
}

impl Stint<'_> {
    /// Trains. Where the settings are to blame, the stint has failed; other errors are the search's.
    pub(super) fn run(self, observer: &mut dyn SearchObserver) -> Result<Became> {
        let (began, epochs) = (Instant::now(), self.before.0);
        match self.train(began, observer) {
            Err(error) if is_the_settings(&error) => Ok(Became::Ended(Ending {
                ended: Ended::Failed,
                reason: Some(error.to_string()),
                best: None,
                epochs,
                seconds: began.elapsed().as_secs_f64(),
            })),
            other => other,
        }
    }

    fn train(self, began: Instant, observer: &mut dyn SearchObserver) -> Result<Became> {
        let (epochs_before, seconds_before) = self.before;
        let (limit, search) = (self.seconds, self.deadline);
        let mut trainer = self.open()?;
        let earlier = trainer.folder().map_or(Ok(0.0), |folder| seconds_since(folder, epochs_before))?;
        let trial = deadline(limit, seconds_before + earlier);
        let mut limited = Limited::new(observer, Deadlines { trial, search });
        let outcome = trainer.train(&mut limited)?;
        let ended = match (outcome, limited.stopped) {
            (Outcome::Interrupted { .. }, Some(Stop::Trial)) => Ended::OutOfTime,
            (Outcome::Interrupted { .. }, stop) => return Ok(Became::Stopped(stop.unwrap_or(Stop::Asked))),
            (Outcome::StoppedEarly { .. }, _) => Ended::StoppedEarly,
            (Outcome::Finished, _) => Ended::Finished,
        };
        if ended.may_go_on() {
            trainer.finish(None)?;
        }
        let (epochs, best) = (trainer.epochs_done(), trainer.best());
        let seconds = earlier + began.elapsed().as_secs_f64();
        Ok(Became::Ended(Ending { reason: None, ended, best, epochs, seconds }.judged(limit)))
    }

    /// The run at its beginning, or where an earlier stint or an interruption left it.
    fn open(self) -> Result<Trainer> {
        let Self { config, path, dataset, load, .. } = self;
        if path.join(RunFolder::MANIFEST).is_file() {
            let folder = RunFolder::open(path)?;
            let compiled = load(&config.model, Some(&folder))?.compiled;
            return Trainer::resume(compiled, Arc::clone(dataset), config, folder);
        }
        let LoadedModel { compiled, source } = load(&config.model, None)?;
        let mut trainer = Trainer::new(compiled, Arc::clone(dataset), config)?;
        trainer.keep_in(RunFolder::create(path)?, source.as_deref())?;
        Ok(trainer)
    }
}

impl Ending {
    /// A trial that no validation has judged has failed.
    fn judged(self, limit: f64) -> Self {
        if self.best.is_some_and(|(_, value)| value.is_finite()) {
            return self;
        }
        let reason = match self.ended {
            Ended::OutOfTime => format!(
                "its {limit} seconds were spent before its first validation; raise `search.trial_seconds`, or lower \
                 `validation.every`"
            ),
            Ended::Finished | Ended::StoppedEarly | Ended::Failed => "no validation gave a number".to_owned(),
        };
        Self { ended: Ended::Failed, reason: Some(reason), best: None, ..self }
    }
}

/// Whether another trial, with other settings, may do without this error.
fn is_the_settings(error: &Error) -> bool {
    match error {
        Error::Run(error) => matches!(error, RunError::NonFinite { .. } | RunError::TooLarge { .. }),
        error => matches!(error, Error::Config(_) | Error::Engine(_) | Error::Model(_)),
    }
}

/// Seconds that a run's trace has of the epochs after the first so many.
fn seconds_since(folder: &RunFolder, epochs: u32) -> Result<f64> {
    Ok(folder.epochs()?.iter().filter(|record| record.epoch > epochs).map(|record| record.seconds).sum())
}
