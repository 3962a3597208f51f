//! Training on a device: a few steps by every optimizer against those of the CPU.

use std::fmt::Write as _;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Serialize;
use sptx::codegen::sema::Choices;
use sptx::gpu::Gpu;
use sptx::models::{KernelChoice, Source, zoo};
use sptx::runtime::gpu::{DeviceError, Schedule, table_words_of};
use sptx::train::{Config, Dataset, Error, RunError, Silent, Trainer};

use super::Arguments;
use crate::command::failure::Failure;
use crate::command::interrupt;

/// The optimizers, by their names in settings.
const OPTIMIZERS: [&str; 5] = ["sgd", "adagrad", "row-adagrad", "adam", "lazy-adam"];

/// The losses, by their names in settings.
const LOSSES: [&str; 4] = ["logistic", "softmax", "bce", "margin"];

/// Small runs, of which the last batch of an epoch is smaller than the others.
const SETTINGS: &str = "dim=10 epochs=2 batch_size=16 negatives=3 validation.every=0";

/// Against negatives that positives share.
const SHARED: &str = "regime.name=shared sampler.corruption=uniform regime.chunk=5";

/// How far an element of a table may be from the CPU's after these steps, relative to 1 and its size.
const TOLERANCE: f32 = 2e-3;

/// The learning rates of the runs that show what rounding does: a score's kinks make much of little.
const RATES: [&str; 3] = ["0.05", "0.0500001", "0.0499999"];

/// Differences up to so many times what these change are no errors.
const ROUNDINGS: f32 = 4.0;

/// Elements that may be further from the CPU's, half a row of them: at a kink the sign of a number that is nothing but
/// rounding decides where an optimizer goes that divides by a gradient's size. A wrong kernel is wrong in rows or in columns.
const STRAYS: usize = 5;

/// What training came to on a device.
#[derive(Debug, Default, Serialize)]
pub(super) struct TrainingReport {
    /// Runs: a model, an optimizer, a loss, a regime, a schedule.
    pub(super) runs: usize,
    /// The largest difference of an element from the CPU's, beyond what rounding does, relative to 1 and its size, among the
    /// runs that passed.
    pub(super) worst: f32,
    /// Elements that are further from the CPU's, a few of a run, as rounding at a score's kinks has it.
    pub(super) strays: usize,
    /// Those that failed.
    pub(super) failed: Vec<FailedRun>,
    /// Whether it went through to its end.
    pub(super) complete: bool,
}

/// A run that failed.
#[derive(Debug, Serialize)]
pub(super) struct FailedRun {
    pub(super) model: String,
    pub(super) settings: String,
    pub(super) schedule: String,
    /// Which element differs, or what was refused.
    pub(super) at: String,
    /// The command that makes this model's runs under this schedule, and no others.
    pub(super) rerun: String,
}

/// Makes the runs. A lost device ends them: the report then has what there is, and the error is beside it.
pub(super) fn run(
    arguments: &Arguments,
    device: &str,
    schedules: &dyn Fn(usize) -> Vec<Schedule>,
    bar: &ProgressBar,
) -> Result<(TrainingReport, Option<DeviceError>), Failure> {
    let mut report = TrainingReport::default();
    let models: Vec<&str> = zoo().map(|(name, _)| name).filter(|name| arguments.wants(name)).collect();
    let (graph, each) = (graph()?, if arguments.quick { 1 } else { OPTIMIZERS.len() });
    bar.set_length((models.len() * each) as u64);
    for (place, model) in models.iter().enumerate() {
        let source = Source::find(model)?;
        for turn in 0..each {
            let number = place * each + turn;
            let schedules = schedules(place);
            let schedule = schedules[turn % schedules.len()];
            bar.set_message(format!("{model}: {} failed", report.failed.len()));
            let optimizer = OPTIMIZERS[(place + turn) % OPTIMIZERS.len()];
            let settings = format!("{SETTINGS} optimizer.name={optimizer} loss.name={}", LOSSES[number % LOSSES.len()]);
            let run = Run { source: &source, graph: &graph, device, settings, shared: number % 2 == 1, schedule };
            report.runs += 1;
            match run.difference() {
                Ok(Difference { largest, strays, .. }) if strays <= STRAYS => {
                    report.worst = report.worst.max(largest);
                    report.strays += strays;
                }
                Ok(Difference { strays, at, .. }) => {
                    report.failed.push(run.failed(format!("{strays} elements, such as {at}")));
                }
                Err(Failed::Lost(lost)) => {
                    report.failed.push(run.failed(lost.to_string()));
                    return Ok((report, Some(lost)));
                }
                Err(Failed::Other(why)) => report.failed.push(run.failed(why)),
            }
            if interrupt::requested() {
                return Ok((report, None));
            }
            bar.inc(1);
        }
    }
    report.complete = true;
    Ok((report, None))
}

/// One run, to be made twice.
struct Run<'a> {
    source: &'a Source,
    graph: &'a Arc<Dataset>,
    device: &'a str,
    settings: String,
    /// Whether positives share their negatives, where the score splits.
    shared: bool,
    schedule: Schedule,
}

/// How far tables are from others.
#[derive(Debug, Default)]
struct Difference {
    /// The largest relative difference of an element that is near enough.
    largest: f32,
    /// Elements that are not.
    strays: usize,
    /// One of these.
    at: String,
}

/// Why a run has no end.
enum Failed {
    Lost(DeviceError),
    Other(String),
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        match error.into() {
            Error::Run(RunError::DeviceFailed { source: lost @ DeviceError::Lost(_), .. }) => Self::Lost(lost),
            Error::Engine(sptx::runtime::Error::Device(lost @ DeviceError::Lost(_))) => Self::Lost(lost),
            other => Self::Other(other.to_string()),
        }
    }
}

impl Run<'_> {
    fn begin(&self, shared: bool, rate: &str) -> Result<Trainer, Failed> {
        // The smoothest of a model's choices: squares in the place of absolute values.
        let sum = |choices: &Choices| choices.iter().map(|(_, value)| value).sum::<f64>();
        let choices = self.source.choices().into_iter().max_by(|a, b| sum(a).total_cmp(&sum(b))).unwrap_or_default();
        let choices: Vec<(&str, f64)> = choices.iter().collect();
        let compiled = self.source.compile(&choices, KernelChoice::Best);
        let compiled = compiled.map_err(|error| Failed::Other(error.to_string()))?;
        let mut config = Config::defaults_for(self.source.name());
        let shared = if shared { SHARED } else { "" };
        config.set(&format!("optimizer.learning_rate={rate}")).map_err(Error::from)?;
        for setting in self.settings.split_whitespace().chain(shared.split_whitespace()) {
            config.set(setting).map_err(Error::from)?;
        }
        Ok(Trainer::new(compiled, Arc::clone(self.graph), config)?)
    }

    /// The trainer of a run that a device can make.
    fn trainer(&self, rate: &str) -> Result<Trainer, Failed> {
        let shared = self.begin(self.shared, rate)?;
        if shared.device_training().is_ok() { Ok(shared) } else { self.begin(false, rate) }
    }

    /// Every element of every table, after the run on the CPU.
    fn on_cpu(&self, rate: &str) -> Result<Vec<Vec<f32>>, Failed> {
        let mut trainer = self.trainer(rate)?;
        trainer.train(&mut Silent)?;
        Ok(tables(&trainer))
    }

    /// The same after the run on the device.
    fn on_device(&self) -> Result<(Trainer, Vec<Vec<f32>>), Failed> {
        let mut trainer = self.trainer(RATES[0])?;
        let steps = trainer.device_training().map_err(Error::from)?;
        let device = Gpu::open(self.device).map_err(sptx::runtime::Error::from)?;
        let plans = sptx::codegen::gpu::steps(trainer.engine().model(), &self.schedule, &steps);
        let artifacts = device.artifacts(plans, self.schedule, table_words_of(trainer.engine()));
        trainer.train_on(device, artifacts)?;
        trainer.train(&mut Silent)?;
        let found = tables(&trainer);
        Ok((trainer, found))
    }

    /// How far the device's tables are from the CPU's after the run.
    fn difference(&self) -> Result<Difference, Failed> {
        let [expected, above, below] = [self.on_cpu(RATES[0])?, self.on_cpu(RATES[1])?, self.on_cpu(RATES[2])?];
        let (trainer, found) = self.on_device()?;
        let mut apart = Difference::default();
        for (plane, expected) in expected.iter().enumerate() {
            for (index, expected) in expected.iter().enumerate() {
                let [above, below, found] = [&above, &below, &found].map(|tables| tables[plane][index]);
                let rounding = ROUNDINGS * (above - expected).abs().max((below - expected).abs());
                let difference = ((found - expected).abs() - rounding) / (1.0 + expected.abs());
                if difference <= TOLERANCE {
                    apart.largest = apart.largest.max(difference);
                    continue;
                }
                apart.strays += 1;
                let name = trainer.engine().model().plane_name(plane);
                apart.at = format!("{name}[{index}]: {found:.6}, not {expected:.6}");
            }
        }
        Ok(apart)
    }

    fn failed(&self, at: String) -> FailedRun {
        let (model, schedule) = (self.source.name().to_owned(), self.schedule.to_string());
        let rerun =
            format!("sptx gpu-check --part training --device {} --model {model} --schedule {schedule}", self.device);
        let shared = if self.shared { format!(" {SHARED}") } else { String::new() };
        FailedRun { model, settings: format!("{}{shared}", self.settings), schedule, at, rerun }
    }
}

/// Every element of every table.
fn tables(trainer: &Trainer) -> Vec<Vec<f32>> {
    let engine = trainer.engine();
    (0..engine.model().planes.len()).map(|plane| engine.tables().export(plane)).collect()
}

/// A small graph: a ring, pairs, and a star whose middle is in many triples.
fn graph() -> Result<Arc<Dataset>, Failure> {
    let mut train = String::new();
    let mut line = |head: u32, relation: u32, tail: u32| {
        // A string takes what is written to it.
        let _ = writeln!(train, "e{head}\tr{relation}\te{tail}");
    };
    (0..19).for_each(|i| line(i, 0, (i + 1) % 19));
    (0..12).for_each(|i| line(i, 1, 18 - i));
    (1..14).for_each(|i| line(0, 2, i));
    Ok(Arc::new(Dataset::from_texts("small", &train, "", "")?))
}
