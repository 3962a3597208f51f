//! Kernels beside a copy: seconds of the forward kernel and of whole training steps under several schedules, and the bytes
//! that they move.

use std::cell::Cell;
use std::collections::BTreeMap;

use indicatif::ProgressBar;
use serde::Serialize;
use sptx::codegen::gpu::{StepShape, saves, step_bytes, steps};
use sptx::gpu::Gpu;
use sptx::runtime::Error;
use sptx::runtime::cpu::{Batch, Engine, EngineOptions};
use sptx::runtime::gpu::{
    self, BatchPlace, Device, DeviceError, Learner, LearnerSetup, LossKind, NegativesSetup, Saved, Schedule, Steps,
    Training, table_words_of,
};
use sptx::runtime::optimizer::Step;
use sptx::runtime::program::Model;
use sptx::train::{Config, Dataset, Negatives, Sampler, Triple, epoch_order, initialize};

use super::samples::Samples;
use super::subjects::Subject;
use super::{Arguments, LEARNING_RATE, graph};
use crate::command::check::draw::{self, columns};
use crate::command::failure::Failure;
use crate::command::interrupt;
use crate::command::options::Dimensions;
use crate::command::output;

/// Schedules of the first round that go on to the last, in which they take turns.
const FINALISTS: usize = 3;

/// Samples of a schedule in the first round.
const FIRST_SAMPLES: usize = 3;

/// Launches that a sample of the forward kernel has between its two times.
const LAUNCHES: u32 = 4;

/// Steps that a sample has between its two times: as in an epoch, the host is ahead of the device.
const STEPS: u32 = 2;

/// Scores that are compared with the CPU's before anything is timed.
const COMPARED: usize = 64;

/// How far they may be from these, relative to 1 and their size.
const TOLERANCE: f32 = 1e-3;

/// What the measurements of a device came to.
#[derive(Debug, Serialize)]
pub(super) struct MeasureReport {
    /// The graph.
    pub(super) graph: String,
    pub(super) entities: usize,
    pub(super) relations: usize,
    pub(super) triples: usize,
    /// Positives of a batch; each has a negative in a step.
    pub(super) batch: usize,
    /// The rule of the step's update.
    pub(super) optimizer: String,
    /// A copy from one buffer to another.
    pub(super) copy: Option<Copied>,
    pub(super) kernels: Vec<Measured>,
}

/// A copy within the device's memory.
#[derive(Debug, Serialize)]
pub(super) struct Copied {
    /// Bytes that are read and bytes that are written, together.
    pub(super) bytes: usize,
    pub(super) seconds: Samples,
    pub(super) gb_per_s: f64,
}

/// A kernel, or all of a step, under one schedule.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) model: String,
    pub(super) choices: String,
    pub(super) dim: String,
    /// `forward`: the scores of the batch's positives. `step`: a whole training step, negatives and update included.
    pub(super) kernel: &'static str,
    pub(super) schedule: String,
    /// Bytes of rows, as `sptx explain` counts them.
    pub(super) bytes: usize,
    /// Of one launch, or of one step.
    pub(super) seconds: Option<Samples>,
    pub(super) gb_per_s: Option<f64>,
    /// Of what the copy reaches.
    pub(super) of_copy: Option<f64>,
    /// Whether it took turns with the other best ones; the others have a few samples.
    pub(super) finalist: bool,
    /// Why there are no times.
    pub(super) failed: Option<String>,
}

/// Measurements under way on a device.
pub(super) struct Measuring<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) gpu: &'a Gpu,
    pub(super) schedules: &'a [Schedule],
    pub(super) dataset: &'a Dataset,
    pub(super) bar: &'a ProgressBar,
}

impl Measuring<'_> {
    /// Makes them. A lost device ends them: the report then has what there is, and the error is beside it.
    pub(super) fn run(&self, subjects: &[Subject]) -> (MeasureReport, Option<DeviceError>) {
        let batch = (self.arguments.batch as usize).min(self.dataset.train().len());
        let mut report = MeasureReport {
            graph: self.dataset.name().to_owned(),
            entities: self.dataset.entities().len(),
            relations: self.dataset.relations().len(),
            triples: self.dataset.train().len(),
            batch,
            optimizer: self.arguments.optimizer.clone(),
            copy: None,
            kernels: Vec::new(),
        };
        let sizes = self.arguments.measured_sizes();
        self.bar.set_length((2 * subjects.len() * sizes.len() * self.schedules.len()) as u64);
        self.bar.set_message("copy");
        match self.copy() {
            Ok(copied) => report.copy = copied,
            Err(lost @ DeviceError::Lost(_)) => return (report, Some(lost)),
            Err(error) => output::warn(&format!("the copy is not measured: {error}")),
        }
        let copy = report.copy.as_ref().map(|copied| copied.gb_per_s);
        for (subject, size) in subjects.iter().flat_map(|subject| sizes.iter().map(move |size| (subject, size))) {
            let model = match Measurable::new(self, subject, size, batch) {
                Ok(model) => model,
                Err(why) => {
                    output::warn(&format!("{} is not measured: {}", subject.model, why.into_message()));
                    continue;
                }
            };
            for kernel in [Kernel::Forward, Kernel::Step] {
                self.bar.set_message(format!("{} {}: {}", subject.model, model.dim, kernel.name()));
                let (found, lost) = model.measure(kernel, copy);
                report.kernels.extend(found);
                if lost.is_some() || interrupt::requested() {
                    return (report, lost);
                }
            }
        }
        (report, None)
    }

    /// The time of a copy, for the bandwidth that there is.
    fn copy(&self) -> Result<Option<Copied>, DeviceError> {
        let words = ((self.arguments.copied as usize) << 18).min(self.gpu.capabilities().binding_words as usize);
        let [from, to] = [self.gpu.allocate(words)?, self.gpu.allocate(words)?];
        // The first of them may have the device do things that later ones find done.
        let mut samples = Vec::new();
        for _ in 0..=self.arguments.rounds() {
            let repeat = &mut || (0..LAUNCHES).try_for_each(|_| self.gpu.copy(&from, &to, words));
            samples.push(self.gpu.seconds(repeat)? / f64::from(LAUNCHES));
        }
        let bytes = 8 * words;
        let of = |seconds: Samples| Copied { bytes, gb_per_s: bytes as f64 / seconds.median / 1e9, seconds };
        Ok(Samples::of(samples.split_off(1)).map(of))
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kernel {
    Forward,
    Step,
}

impl Kernel {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Step => "step",
        }
    }

    /// The schedules that mean different kernels of a model.
    fn schedules(self, model: &Model, candidates: &[Schedule]) -> Vec<Schedule> {
        let mut schedules: Vec<Schedule> = Vec::new();
        for schedule in candidates {
            let schedule = match self {
                // Nothing is saved where scores alone are wanted.
                Self::Forward => Schedule { saved: Saved::Nothing, ..*schedule },
                Self::Step if saves(model, schedule).is_err() => Schedule { saved: Saved::Nothing, ..*schedule },
                Self::Step => *schedule,
            };
            // Training gathers gradients, whatever a schedule says.
            let schedule = Schedule { backward: gpu::Backward::Gathered, ..schedule };
            if !schedules.contains(&schedule) {
                schedules.push(schedule);
            }
        }
        schedules
    }
}

/// A model with tables of the graph's size.
struct Measurable<'a> {
    measuring: &'a Measuring<'a>,
    subject: &'a Subject,
    dim: String,
    sizes: Vec<usize>,
    engine: Engine,
    config: Config,
    sampler: Sampler<'a>,
    batch: usize,
    /// The triples in the order of an epoch.
    order: Vec<u32>,
    /// How many batches were taken so far, so that the next is another.
    taken: Cell<usize>,
}

/// A sample of some seconds.
type Sample<'a> = Box<dyn FnMut() -> Result<f64, Error> + 'a>;

impl<'a> Measurable<'a> {
    fn new(
        measuring: &'a Measuring<'a>,
        subject: &'a Subject,
        size: &Dimensions,
        batch: usize,
    ) -> Result<Self, Failure> {
        let Measuring { arguments, dataset, .. } = measuring;
        let mut config = Config::defaults_for(&subject.model);
        config.set(&format!("optimizer.name={}", arguments.optimizer))?;
        let compiled = subject.kernels();
        let sizes = draw::spread(&compiled.model, size)?;
        let bound = compiled.model.bind(&sizes)?;
        let counts = graph::counts(dataset);
        let mut engine = Engine::new(compiled, &sizes, counts[0], counts[1], &EngineOptions::default())?;
        initialize(&mut engine, dataset, &config.initial, arguments.seed);
        engine.set_optimizer(config.optimizer.rule());
        let named: BTreeMap<&str, usize> = sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let dim = named.iter().map(|(name, size)| format!("{name}={size}")).collect::<Vec<_>>().join(" ");
        let order = epoch_order(arguments.seed, 0, dataset.train().len() as u32);
        let sampler = graph::sampler(dataset, arguments.seed);
        Ok(Self { measuring, subject, dim, sizes: bound, engine, config, sampler, batch, order, taken: Cell::new(0) })
    }

    /// Where the next batch begins in the epoch's order.
    fn next(&self) -> usize {
        let number = self.taken.replace(self.taken.get() + 1);
        number % (self.order.len() / self.batch).max(1) * self.batch
    }

    /// The triples of the batch that begins at a place.
    fn triples(&self, first: usize) -> Vec<Triple> {
        let train = self.measuring.dataset.train();
        self.order[first..first + self.batch].iter().map(|place| train[*place as usize]).collect()
    }

    /// Measures a kernel under every schedule: a few samples each, then the best ones in turn.
    fn measure(&self, kernel: Kernel, copy: Option<f64>) -> (Vec<Measured>, Option<DeviceError>) {
        let schedules = kernel.schedules(self.engine.model(), self.measuring.schedules);
        let mut measured: Vec<Measured> = schedules.iter().map(|schedule| self.unmeasured(kernel, *schedule)).collect();
        for (schedule, own) in schedules.iter().zip(&mut measured) {
            if interrupt::requested() {
                break;
            }
            if let Some(lost) = self.take_turns(kernel, &[*schedule], &mut [own], FIRST_SAMPLES) {
                return (measured, Some(lost));
            }
            self.measuring.bar.inc(1);
        }
        let mut ranking: Vec<usize> = (0..measured.len()).filter(|it| measured[*it].seconds.is_some()).collect();
        let median = |place: &usize| measured[*place].seconds.as_ref().map_or(f64::INFINITY, |it| it.median);
        ranking.sort_by(|a, b| median(a).total_cmp(&median(b)));
        ranking.truncate(FINALISTS);
        ranking.sort_unstable();
        let finalists: Vec<Schedule> = ranking.iter().map(|place| schedules[*place]).collect();
        let mut turns: Vec<&mut Measured> =
            measured.iter_mut().enumerate().filter(|(place, _)| ranking.contains(place)).map(|(_, it)| it).collect();
        turns.iter_mut().for_each(|it| it.finalist = true);
        let lost = self.take_turns(kernel, &finalists, &mut turns, self.measuring.arguments.rounds());
        for own in &mut measured {
            own.gb_per_s = own.seconds.as_ref().map(|seconds| own.bytes as f64 / seconds.median / 1e9);
            own.of_copy = own.gb_per_s.zip(copy).map(|(speed, copy)| speed / copy);
        }
        (measured, lost)
    }

    /// Samples of some schedules, one after another in each round. Gives the error of a lost device.
    fn take_turns(
        &self,
        kernel: Kernel,
        schedules: &[Schedule],
        measured: &mut [&mut Measured],
        rounds: usize,
    ) -> Option<DeviceError> {
        let mut samplers: Vec<Option<Sample<'_>>> = Vec::new();
        for (schedule, own) in schedules.iter().zip(measured.iter_mut()) {
            let sampler = match kernel {
                Kernel::Forward => self.forward(*schedule),
                Kernel::Step => self.step(*schedule),
            };
            match keep(own, sampler) {
                Ok(sampler) => samplers.push(sampler),
                Err(lost) => return Some(lost),
            }
        }
        let mut samples = vec![Vec::new(); samplers.len()];
        for _ in 0..rounds {
            for (place, own) in measured.iter_mut().enumerate() {
                let Some(sample) = &mut samplers[place] else { continue };
                match keep(own, sample()) {
                    Ok(Some(seconds)) => samples[place].push(seconds),
                    Ok(None) => samplers[place] = None,
                    Err(lost) => return Some(lost),
                }
            }
            if interrupt::requested() {
                break;
            }
        }
        for (own, samples) in measured.iter_mut().zip(samples) {
            own.seconds = Samples::of(samples).or(own.seconds.take());
        }
        None
    }

    fn unmeasured(&self, kernel: Kernel, schedule: Schedule) -> Measured {
        Measured {
            model: self.subject.model.clone(),
            choices: self.subject.choices(),
            dim: self.dim.clone(),
            kernel: kernel.name(),
            schedule: schedule.to_string(),
            bytes: self.bytes(kernel, schedule),
            seconds: None,
            gb_per_s: None,
            of_copy: None,
            finalist: false,
            failed: None,
        }
    }

    /// Bytes of rows, for the first batch.
    fn bytes(&self, kernel: Kernel, schedule: Schedule) -> usize {
        let positives = self.triples(0);
        let rows = graph::counts(self.measuring.dataset);
        let rule = self.config.optimizer.rule().kind();
        let shape = |triples: &[Triple]| {
            let columns = columns(triples);
            StepShape::of(columns.each_ref().map(Vec::as_slice), rows, rule)
        };
        let model = self.engine.model();
        match kernel {
            Kernel::Forward => step_bytes(model, &schedule, &self.sizes, &shape(&positives)).forward,
            Kernel::Step => {
                let Negatives { heads, relations, tails } = self.sampler.draw(0, 0, &positives);
                let negatives = heads.into_iter().zip(relations).zip(tails);
                let negatives = negatives.map(|((head, relation), tail)| Triple { head, relation, tail });
                let all: Vec<Triple> = positives.into_iter().chain(negatives).collect();
                step_bytes(model, &schedule, &self.sizes, &shape(&all)).total()
            }
        }
    }

    /// Samples of the forward kernel.
    fn forward(&self, schedule: Schedule) -> Result<Sample<'_>, Error> {
        let gpu = self.measuring.gpu;
        let mut plans = sptx::codegen::gpu::plan(self.engine.model(), &schedule);
        plans.truncate(1);
        let artifacts = gpu.artifacts(plans, schedule, table_words_of(&self.engine));
        let mut engine = gpu::Engine::like(&self.engine, gpu, artifacts)?;
        self.compare(&mut engine)?;
        let sample = move || {
            let triples = columns(&self.triples(self.next()));
            let placed = engine.placed(batch(&triples))?;
            // Once to have caches as a step before would leave them.
            placed.score()?;
            let repeat = &mut || (0..LAUNCHES).try_for_each(|_| placed.score());
            let launches = f64::from(LAUNCHES) * placed.len() as f64 / self.batch as f64;
            Ok(gpu.seconds(repeat)? / launches)
        };
        Ok(Box::new(sample))
    }

    /// Holds some scores against the CPU's.
    fn compare(&self, engine: &mut gpu::Engine<&Gpu>) -> Result<(), Error> {
        let triples = columns(&self.triples(0)[..COMPARED.min(self.batch)]);
        let found = engine.score(batch(&triples))?;
        let mut expected = vec![0.0; found.len()];
        self.engine.score(batch(&triples), &mut expected)?;
        let differs = |(found, expected): (&f32, &f32)| {
            let difference = (found - expected).abs();
            difference.is_nan() || difference > TOLERANCE * (1.0 + expected.abs())
        };
        match found.iter().zip(&expected).find(|(found, expected)| differs((found, expected))) {
            None => Ok(()),
            Some((found, expected)) => Err(wrong(format!("a score is {found}, and the CPU's {expected}"))),
        }
    }

    /// Samples of whole steps.
    fn step(&self, schedule: Schedule) -> Result<Sample<'_>, Error> {
        let Measuring { gpu, dataset, arguments, .. } = self.measuring;
        let rule = self.config.optimizer.rule();
        let training = Training { filtered: false, loss: LossKind::Logistic, rule: rule.kind() };
        let plans = steps(self.engine.model(), &schedule, &Steps::Triples(training));
        let facts = columns(dataset.train());
        let setup = LearnerSetup {
            artifacts: gpu.artifacts(plans, schedule, table_words_of(&self.engine)),
            facts: facts.each_ref().map(Vec::as_slice),
            negatives: NegativesSetup {
                seed: arguments.seed,
                each: 1,
                thresholds: self.sampler.head_thresholds(),
                filter: None,
            },
            sharing: None,
            // Every triple has a derivative, as bytes are counted.
            loss: &[("margin", 0.0)],
            rule,
            batch: self.batch,
        };
        let mut learner = Learner::like(&self.engine, *gpu, setup)?;
        learner.begin_epoch(&self.order)?;
        let (mut number, batch) = (0, self.batch);
        let mut steps = move |count: u32, learner: &mut Learner<&Gpu>| {
            (0..count).try_for_each(|_| {
                number += 1;
                let place = BatchPlace {
                    epoch: 0,
                    number,
                    first: self.next() as u32,
                    positives: batch,
                    scale: 1.0 / batch as f32,
                };
                learner.step(
                    place,
                    Step { learning_rate: LEARNING_RATE, weight_decay: 0.0, number: number.into(), penalty: None },
                )
            })
        };
        steps(STEPS, &mut learner)?;
        let losses = learner.losses(0..batch)?;
        if let Some(loss) = losses.iter().find(|loss| !loss.finite) {
            return Err(wrong(format!("a loss is {}", loss.sum)));
        }
        Ok(Box::new(move || Ok(gpu.seconds(&mut || steps(STEPS, &mut learner))? / f64::from(STEPS))))
    }
}

/// Keeps an error with the measurement that it ends; a lost device ends more than that.
fn keep<T>(measured: &mut Measured, result: Result<T, Error>) -> Result<Option<T>, DeviceError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            measured.failed = Some(error.to_string());
            match error {
                Error::Device(lost @ DeviceError::Lost(_)) => Err(lost),
                _ => Ok(None),
            }
        }
    }
}

/// Numbers that are not to be trusted: a kernel that is to be refused.
fn wrong(reason: String) -> Error {
    DeviceError::Refused { entry: "measured".to_owned(), reason }.into()
}

fn batch(columns: &[Vec<u32>; 3]) -> Batch<'_> {
    Batch { heads: &columns[0], relations: &columns[1], tails: &columns[2] }
}
