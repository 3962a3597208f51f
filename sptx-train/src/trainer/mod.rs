//! Training: epochs of batches, validation, early stopping, checkpoints.

mod device;
mod epoch;
mod finish;
mod health;
mod observer;
mod progress;
mod size;
mod validate;
mod work;

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use sptx_runtime::cpu::{Engine, EngineOptions};
use sptx_runtime::kernel::CompiledModel;

pub use observer::{EpochRecord, Observer, Outcome, Silent, Validation};
pub(crate) use progress::Progress;

use crate::batch::TrainingBatch;
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::evaluate::Evaluator;
use crate::initialize::initialize;
use crate::loss::Loss;
use crate::reciprocal;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensorboard::EventLog;
use device::OnDevice;
use work::{Positives, Work};

/// Trains one model on one dataset.
///
/// What comes out is a function of the model, the dataset and the configuration (less the settings that
/// [`Config::differences`] leaves out): the number of threads, interruptions and kills change no bit of it. Where
/// [a device makes the steps](Trainer::train_on) it is one of the device, too.
#[derive(Debug)]
pub struct Trainer {
    engine: Engine,
    /// What makes the steps, where it is not the engine.
    device: Option<OnDevice>,
    dataset: Arc<Dataset>,
    config: Config,
    loss: Loss,
    progress: Progress,
    /// The tables at the best validation, plane by plane.
    best: Option<Vec<Vec<f32>>>,
    folder: Option<RunFolder>,
    /// Keeps other processes from writing to the folder.
    lock: Option<File>,
    /// The epochs for TensorBoard.
    events: Option<EventLog>,
    saved: Instant,
    batch: TrainingBatch,
}

impl Trainer {
    /// A run at its beginning: tables drawn from the seed, nothing on the disk.
    ///
    /// # Errors
    /// When the configuration is out of range or does not fit the model.
    pub fn new(compiled: CompiledModel, dataset: Arc<Dataset>, config: Config) -> Result<Self> {
        config.check()?;
        if config.reciprocal {
            reciprocal::check_absent(&dataset)?;
        }
        let count = Work::most(&config, &dataset);
        u32::try_from(count).map_err(|_| RunError::TooManyTriples { count })?;
        let (entities, relations) = (dataset.entities().len(), config.relation_rows(dataset.relations().len()));
        let sizes = config.sizes(&compiled.model);
        let bound = compiled.model.bind(&sizes).map_err(sptx_runtime::Error::from)?;
        size::check_fits(&compiled.model, &bound, [entities, relations], config.optimizer.rule().states())?;
        let options = EngineOptions { threads: config.threads, parameters: config.model.parameters.clone() };
        let mut engine = Engine::new(compiled, &sizes, entities, relations, &options)?;
        if config.reciprocal {
            engine.set_reciprocal();
        }
        initialize(&mut engine, &dataset, &config.initial, config.seed);
        engine.set_optimizer(config.optimizer.rule());
        Ok(Self {
            engine,
            device: None,
            dataset,
            loss: Loss::new(&config.loss),
            config,
            progress: Progress::default(),
            best: None,
            folder: None,
            lock: None,
            events: None,
            saved: Instant::now(),
            batch: TrainingBatch::default(),
        })
    }

    /// Keeps the run in a folder from now on. `source` is the text of the model's declaration, where it is the user's.
    ///
    /// # Errors
    /// When the folder cannot be written, or another process has begun a run in it.
    pub fn keep_in(&mut self, folder: RunFolder, source: Option<&str>) -> Result<()> {
        self.lock = Some(folder.lock()?);
        folder.begin(&self.engine, &self.dataset, &self.config, source)?;
        self.events = event_log(&self.config, &folder)?;
        self.folder = Some(folder);
        Ok(())
    }

    /// A run that goes on where its folder's last checkpoint was written, or from the beginning where there is none.
    ///
    /// # Errors
    /// When the settings, the dataset or the model are not those of the run, or its files are damaged.
    pub fn resume(compiled: CompiledModel, dataset: Arc<Dataset>, config: Config, folder: RunFolder) -> Result<Self> {
        let lock = folder.lock()?;
        folder.check_same(&compiled.model, &dataset, &config)?;
        let mut trainer = Self::new(compiled, dataset, config)?;
        folder.clean()?;
        if let Some(checkpoint) = Checkpoint::load(&folder)? {
            trainer.progress = checkpoint.restore(&mut trainer.engine)?;
            trainer.best = checkpoint.best(&trainer.engine)?;
        } else {
            folder.check_not_ended()?;
        }
        let (done, asked) = (trainer.progress.epoch, trainer.config.epochs);
        if done > asked {
            return Err(RunError::FewerEpochs { path: folder.path().to_owned(), done, asked }.into());
        }
        trainer.progress.trace_bytes = folder.truncate_trace(trainer.progress.trace_bytes)?;
        folder.set_config(&trainer.config)?;
        folder.mark_open()?;
        trainer.events = event_log(&trainer.config, &folder)?;
        trainer.folder = Some(folder);
        trainer.lock = Some(lock);
        Ok(trainer)
    }

    /// Trains until the last epoch, until validation stops improving, or until the observer stops it. When it has ended
    /// the engine holds the best parameters that validation saw, or the last ones where nothing was validated.
    ///
    /// # Errors
    /// When a loss is not finite, or the run's folder cannot be written. What was saved before stays.
    pub fn train(&mut self, observer: &mut dyn Observer) -> Result<Outcome> {
        let dataset = Arc::clone(&self.dataset);
        let config = self.config.clone();
        let positives = Positives::new(&config, &dataset);
        let work = Work::new(&config, &dataset, &positives);
        let evaluator = self.validates().then(|| Evaluator::new(&dataset));
        self.saved = Instant::now();
        while self.progress.epoch < self.config.epochs && !self.progress.stopped {
            observer.epoch_started(self.progress.epoch + 1, self.config.epochs);
            if self.epoch(&work, observer)?.is_break() {
                self.save()?;
                return Ok(Outcome::Interrupted { epoch: self.progress.epoch + 1 });
            }
            self.end_epoch(&work, evaluator.as_ref(), observer)?;
        }
        self.save()?;
        if let Some(evaluator) = &evaluator {
            self.validate_last(evaluator, observer)?;
        }
        self.fetch()?;
        self.restore_best();
        Ok(match self.progress.stopped {
            true => Outcome::StoppedEarly { epoch: self.progress.epoch },
            false => Outcome::Finished,
        })
    }

    /// Validates, writes the epoch's line, saves where it is time.
    fn end_epoch(
        &mut self,
        work: &Work<'_>,
        evaluator: Option<&Evaluator<'_>>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let Progress { step, seconds, .. } = self.progress;
        let loss = self.progress.mean_loss();
        self.progress.next_epoch();
        let epoch = self.progress.epoch;
        let validation = match evaluator.filter(|_| self.is_validation_due()) {
            Some(evaluator) => Some(self.validate(evaluator)?),
            None => None,
        };
        if let Some(validation) = &validation {
            observer.validated(epoch, validation);
        }
        let triples_per_second = work.scored() as f64 / seconds.max(f64::MIN_POSITIVE);
        let record = EpochRecord { epoch, step, loss, seconds, triples_per_second, validation };
        if let Some(folder) = &self.folder {
            self.progress.trace_bytes = folder.append_trace(self.progress.trace_bytes, &record)?;
        }
        if let Some(events) = &mut self.events {
            events.append(&record)?;
        }
        observer.epoch_finished(&record);
        let every = self.config.checkpoint.every;
        if every > 0 && epoch.is_multiple_of(every) {
            self.save()?;
        }
        Ok(())
    }

    /// Writes a checkpoint, where there is a folder for it.
    fn save(&mut self) -> Result<()> {
        if self.folder.is_some() {
            self.fetch()?;
        }
        if let Some(folder) = &self.folder {
            folder.sync_trace()?;
            Checkpoint::save(folder, &self.engine, &self.progress, self.best.as_deref())?;
        }
        self.saved = Instant::now();
        Ok(())
    }

    fn restore_best(&mut self) {
        for (plane, rows) in self.best.iter().flatten().enumerate() {
            self.engine.tables_mut().import(plane, rows);
        }
    }

    /// The engine on the CPU, with the tables as they are, or as they last came from the device.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine alone.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// The dataset.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The run's folder.
    pub fn folder(&self) -> Option<&RunFolder> {
        self.folder.as_ref()
    }

    /// Epochs done.
    pub fn epochs_done(&self) -> u32 {
        self.progress.epoch
    }

    /// The epoch whose parameters are the best by validation so far, and the metric's value.
    pub fn best(&self) -> Option<(u32, f64)> {
        self.progress.best.map(|best| (best.epoch, best.value))
    }
}

/// A folder's epochs for TensorBoard, where the configuration asks for them.
fn event_log(config: &Config, folder: &RunFolder) -> Result<Option<EventLog>> {
    config.outputs.tensorboard.then(|| EventLog::open(folder)).transpose()
}
