//! Steps that a GPU makes.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use sptx_runtime::cpu::Engine;
use sptx_runtime::gpu::{
    Artifact, BatchPlace, Device, DeviceError, Filter, Learner, LearnerSetup, NegativesSetup, PositiveLoss,
    SharedTraining, Sharing, Steps, Training,
};
use sptx_runtime::optimizer::Step;

use super::Trainer;
use super::work::{Positives, Work};
use crate::config::{Config, Reduction, RegimeConfig, RegimeName, SamplerConfig};
use crate::dataset::Triple;
use crate::error::Result;
use crate::loss::{Loss, LossValue};
use crate::regime;
use crate::run_error::RunError;
use crate::schedule::Schedule;

/// How long steps may be under way before their losses are asked for.
const BUNDLE: Duration = Duration::from_millis(200);

/// Steps that are under way at a time, at most.
const MOST_STEPS: u32 = 1024;

/// A learner, whatever its device.
trait Learns {
    fn begin_epoch(&mut self, order: &[u32]) -> Result<(), DeviceError>;
    fn step(&mut self, place: BatchPlace, step: Step<'_>) -> Result<(), DeviceError>;
    fn losses(&self, places: Range<usize>) -> Result<Vec<PositiveLoss>, DeviceError>;
    fn download(&self, host: &mut Engine) -> Result<(), DeviceError>;
}

impl<D: Device> Learns for Learner<D> {
    fn begin_epoch(&mut self, order: &[u32]) -> Result<(), DeviceError> {
        Learner::begin_epoch(self, order)
    }

    fn step(&mut self, place: BatchPlace, step: Step<'_>) -> Result<(), DeviceError> {
        Learner::step(self, place, step)
    }

    fn losses(&self, places: Range<usize>) -> Result<Vec<PositiveLoss>, DeviceError> {
        Learner::losses(self, places)
    }

    fn download(&self, host: &mut Engine) -> Result<(), DeviceError> {
        Learner::download(self, host)
    }
}

/// What makes a run's steps in the place of the CPU. The engine on the CPU has the tables as they were last
/// [fetched](Trainer::fetch).
pub(super) struct OnDevice {
    learner: Box<dyn Learns>,
    /// Whether steps were made since the tables were fetched.
    ahead: bool,
    /// How many steps are asked for before their losses are.
    bundle: u32,
}

impl fmt::Debug for OnDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ahead, bundle, .. } = self;
        formatter.debug_struct("OnDevice").field("ahead", ahead).field("bundle", bundle).finish_non_exhaustive()
    }
}

impl OnDevice {
    /// Chooses how many steps are asked for at a time, when the last ones took so long.
    fn pace(&mut self, took: Duration) {
        if took < BUNDLE / 2 {
            self.bundle = (2 * self.bundle).min(MOST_STEPS);
        } else if took > BUNDLE {
            self.bundle = (self.bundle / 2).max(1);
        }
    }
}

impl Trainer {
    /// The kernels that a device needs to make this run's steps.
    ///
    /// # Errors
    /// When there are none for what the configuration asks: with the setting, and what to do.
    pub fn device_training(&self) -> Result<Steps, RunError> {
        let refuse = |setting: &str, mend: &str| Err(RunError::NotOnDevice { what: format!("{setting}: {mend}") });
        let config = &self.config;
        if config.regularizer.is_on() {
            return refuse("a `regularizer`", "they decay all numbers alike, by `optimizer.weight_decay`");
        }
        if config.dropout.is_on() {
            return refuse("`dropout`", "they mask no rows");
        }
        let (loss, rule) = (self.loss.kind(), config.optimizer.rule().kind());
        let setting = format!("`regime.name = \"{}\"`", config.regime.name.key());
        match config.regime.name {
            RegimeName::PerTriple => Ok(Steps::Triples(Training { filtered: config.sampler.filtered, loss, rule })),
            RegimeName::Shared => {
                let (missing, filtered) = (regime::missing(config), config.regime.filtered);
                let training = SharedTraining { missing, filtered, loss, rule };
                if training.fits(self.engine.model()) {
                    return Ok(Steps::Shared(training));
                }
                refuse(&setting, "of this score they make steps of the regime `per-triple`")
            }
            RegimeName::OneVsAll | RegimeName::KVsAll => {
                refuse(&setting, "they make steps of the regimes `per-triple` and `shared`")
            }
        }
    }

    /// Has a device make the steps from now on: tables, the optimizer's state, triples and negatives are there, and come
    /// back to be validated and saved. `artifacts` are the kernels of [`Trainer::device_training`], for the device.
    ///
    /// What comes out is a function of what the trainer's is, and of the device.
    ///
    /// # Errors
    /// As [`Trainer::device_training`], and when the device has no room, refuses a kernel or is lost.
    pub fn train_on<D: Device + 'static>(&mut self, device: D, artifacts: Vec<Artifact>) -> Result<()> {
        self.device_training()?;
        let config = self.config.clone();
        let positives = Positives::new(&config, &self.dataset);
        let work = Work::new(&config, &self.dataset, &positives);
        let facts = columns(&positives.triples);
        let relations = config.relation_rows(self.dataset.relations().len());
        let (thresholds, sharing, filtered) = match &work {
            Work::PerTriple { sampler, .. } => (sampler.head_thresholds().to_vec(), None, config.sampler.filtered),
            // Sets are drawn for the ends that are asked for, not for relations.
            Work::Blocks(_) => (vec![0; relations], Some(self.sharing()), config.regime.filtered),
        };
        let known = filtered.then(|| known_columns(&positives.triples));
        let filter = known.as_ref().map(|known| Filter { known: borrowed(known), resamples: SamplerConfig::RESAMPLES });
        let device_loss = self.device_loss();
        let loss: Vec<(&'static str, f32)> = ["margin", "adversarial", "sharpness", "stands_for"]
            .into_iter()
            .filter_map(|name| Some((name, device_loss.coefficient(name)?)))
            .collect();
        let batch = config.batch_size.min(positives.triples.len()).max(1);
        let setup = LearnerSetup {
            artifacts,
            facts: borrowed(&facts),
            negatives: NegativesSetup { seed: config.seed, each: config.negatives, thresholds: &thresholds, filter },
            sharing,
            loss: &loss,
            rule: config.optimizer.rule(),
            batch,
        };
        let learner = Learner::like(&self.engine, device, setup).map_err(|error| no_room(error, &config, batch))?;
        self.device = Some(OnDevice { learner: Box::new(learner), ahead: false, bundle: 1 });
        Ok(())
    }

    /// The loss, as shared negatives have it where they are.
    fn device_loss(&self) -> Loss {
        match self.config.regime.name {
            // A vocabulary has fewer than 2^32 names.
            RegimeName::Shared => {
                let entities = self.dataset.entities().len() as u32;
                Loss::standing_for(&self.config.loss, regime::stands_for(&self.config, entities))
            }
            RegimeName::PerTriple | RegimeName::OneVsAll | RegimeName::KVsAll => self.loss,
        }
    }

    /// Which negatives the positives of a batch share.
    fn sharing(&self) -> Sharing {
        let RegimeConfig { chunk, .. } = self.config.regime;
        let [of_positives, of_rivals] = [(1, 0), (0, 1)].map(|(a, b)| self.loss.terms_and_scale(a, b).0 as u32);
        Sharing {
            missing: regime::missing(&self.config),
            chunk: if chunk == 0 { self.config.batch_size } else { chunk },
            terms: [of_positives, of_rivals],
            mean: self.config.loss.reduction == Reduction::Mean,
        }
    }

    /// How often a positive is asked for.
    fn questions(&self) -> usize {
        match self.config.regime.name {
            RegimeName::Shared => regime::missing(&self.config).len(),
            RegimeName::PerTriple | RegimeName::OneVsAll | RegimeName::KVsAll => 1,
        }
    }

    /// Sends the order of the epoch under way to the device, where there is one.
    pub(super) fn begin_on_device(&mut self, order: &[u32]) -> Result<(), RunError> {
        match self.device.as_mut().map(|device| device.learner.begin_epoch(order)) {
            Some(Err(source)) => Err(self.device_failed(source)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Makes the next steps of an epoch on the device, as many as take a moment, and counts them. Gives the last one's
    /// loss.
    pub(super) fn steps_on_device(
        &mut self,
        order: &[u32],
        batches: u32,
        schedule: &Schedule,
        began: Instant,
    ) -> Result<LossValue, RunError> {
        let Some(mut device) = self.device.take() else {
            unreachable!("only what trains on a device makes its steps there")
        };
        let numbers = self.progress.batch..(self.progress.batch + device.bundle).min(batches);
        let losses = self.ask_steps(&mut device, numbers.clone(), order.len(), schedule, began);
        self.device = Some(device);
        let losses = losses.map_err(|source| self.device_failed(source))?;
        let (mut last, mut losses) = (LossValue::default(), losses.as_slice());
        for number in numbers {
            let (own, others) = losses.split_at(self.positives_of(number, order.len()).len());
            losses = others;
            last = self.loss_of(own);
            if !last.finite {
                self.fetch()?;
                return Err(self.non_finite(last.sum));
            }
            self.count_step(last);
        }
        Ok(last)
    }

    /// The places of a batch's positives in an order of so many.
    fn positives_of(&self, batch: u32, count: usize) -> Range<usize> {
        let first = batch as usize * self.config.batch_size;
        first..(first + self.config.batch_size).min(count)
    }

    /// Asks for steps, and for their losses.
    fn ask_steps(
        &self,
        device: &mut OnDevice,
        numbers: Range<u32>,
        count: usize,
        schedule: &Schedule,
        began: Instant,
    ) -> Result<Vec<PositiveLoss>, DeviceError> {
        let places = self.positives_of(numbers.start, count).start..self.positives_of(numbers.end - 1, count).end;
        device.ahead = true;
        for (done, number) in (self.progress.step..).zip(numbers) {
            let positives = self.positives_of(number, count);
            let negatives = positives.len() * self.config.negatives as usize;
            let (_, scale) = self.loss.terms_and_scale(positives.len(), negatives);
            // `Trainer::new` has ruled out that 2^32 triples are visited.
            let (epoch, first) = (self.progress.epoch, positives.start as u32);
            let place = BatchPlace { epoch, number, first, positives: positives.len(), scale };
            device.learner.step(place, self.plain_step(done, schedule))?;
        }
        let losses = device.learner.losses(places)?;
        device.pace(began.elapsed());
        Ok(losses)
    }

    /// The loss of a batch by those of its positives.
    fn loss_of(&self, positives: &[PositiveLoss]) -> LossValue {
        let rivals = positives.iter().map(|loss| loss.rivals).sum();
        let (terms, _) = self.loss.terms_and_scale(self.questions() * positives.len(), rivals);
        LossValue {
            sum: positives.iter().map(|loss| f64::from(loss.sum)).sum(),
            terms,
            finite: positives.iter().all(|loss| loss.finite),
        }
    }

    /// Brings the tables and the optimizer's state from the device, where steps were made on one.
    pub(super) fn fetch(&mut self) -> Result<(), RunError> {
        if let Some(device) = self.device.as_mut().filter(|device| device.ahead) {
            match device.learner.download(&mut self.engine) {
                Ok(()) => device.ahead = false,
                Err(source) => return Err(self.device_failed(source)),
            }
        }
        Ok(())
    }

    /// The error for a device that failed in the epoch under way.
    pub(super) fn device_failed(&self, source: DeviceError) -> RunError {
        RunError::DeviceFailed { epoch: self.progress.epoch + 1, source }
    }
}

/// Says what takes the room.
fn no_room(error: sptx_runtime::Error, config: &Config, batch: usize) -> crate::Error {
    match error {
        sptx_runtime::Error::Device(DeviceError::OutOfMemory { bytes, reason }) => {
            let triples = batch as u64 * (1 + u64::from(config.negatives));
            RunError::NoRoomOnDevice { bytes, reason, triples }.into()
        }
        other => other.into(),
    }
}

/// Heads, relations and tails.
fn columns(triples: &[Triple]) -> [Vec<u32>; 3] {
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect();
    [column(|it| it.head), column(|it| it.relation), column(|it| it.tail)]
}

/// The same of distinct triples in order.
fn known_columns(triples: &[Triple]) -> [Vec<u32>; 3] {
    let mut known = triples.to_vec();
    known.sort_unstable_by_key(|it| (it.head, it.relation, it.tail));
    known.dedup();
    columns(&known)
}

fn borrowed(columns: &[Vec<u32>; 3]) -> [&[u32]; 3] {
    columns.each_ref().map(Vec::as_slice)
}
