//! The corpus on a device: kernels under many schedules against the reference interpreter.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use indicatif::ProgressBar;
use serde::Serialize;
use sptx::gpu::Gpu;
use sptx::runtime::Error;
use sptx::runtime::cpu::Engine;
use sptx::runtime::gpu::{Backward, DeviceError, Saved, Schedule};

use super::Arguments;
use super::subjects::Subject;
use crate::command::check::compare::{Expected, Found, How, compare};
use crate::command::check::draw::{self, Case, Draw};
use crate::command::check::subject;
use crate::command::failure::Failure;
use crate::command::interrupt;
use crate::command::options::Dimensions;

/// The largest relative error that passes of kernels in PTX.
const TOLERANCE: f64 = 1e-4;

/// The same of WGSL, which leaves some things to a device: functions that are exact to some 2^-11 of 1, and divisions to 2.5
/// units in the last place.
const TOLERANCE_OF_WGSL: f64 = 1e-3;

/// What saving columns in 16 bits, 8 of them significant, adds: half a unit in the last place of each term, of which there
/// are several that partly cancel, the largest of them several times the root mean square.
const TOLERANCE_OF_BF16: f64 = 1.0 / 32.0;

/// What rounding the tables does to a number, this often, is no error.
const ROUNDINGS: f64 = 32.0;

/// How near a kink a triple may be: rounding decides on which side it is, nearer than that.
const MARGIN: f64 = 1e-5;

/// Triples of a batch that is made into blocks as well.
const TRIPLES: u32 = 21;

/// Triples of a batch whose rows have more hits than a piece, and several pieces.
const MANY_TRIPLES: u32 = 1500;

/// The size of dimensions in that batch.
const SIZE_OF_MANY: usize = 18;

/// What the corpus came to on a device.
#[derive(Debug, Default, Serialize)]
pub(super) struct CorpusReport {
    /// Scores: models with their choices, and random ones.
    pub(super) scores: usize,
    /// Batches: a score, sizes, a schedule.
    pub(super) cases: usize,
    /// Numbers that were compared with the interpreter's.
    pub(super) numbers: usize,
    /// Cases that were not run, by why.
    pub(super) left_out: BTreeMap<String, usize>,
    /// The largest relative error of a case that passed.
    pub(super) worst: f64,
    /// The same of schedules that save columns in 16 bits.
    pub(super) worst_of_16_bits: f64,
    /// Those that failed.
    pub(super) failed: Vec<FailedCase>,
    /// Whether it went through to its end.
    pub(super) complete: bool,
}

/// A case that failed.
#[derive(Debug, Serialize)]
pub(super) struct FailedCase {
    pub(super) model: String,
    pub(super) choices: String,
    pub(super) dimensions: String,
    pub(super) triples: u32,
    pub(super) schedule: String,
    /// The largest relative error; none where no numbers came back.
    pub(super) error: Option<f64>,
    /// Which number it is of, or what was refused.
    pub(super) at: String,
    /// The command that runs this case and no other.
    pub(super) rerun: String,
}

/// Tables, a batch, and what the interpreter makes of it.
struct Prepared {
    sizes: BTreeMap<String, usize>,
    /// Triples that were asked for; those that always lie near a kink are not among the case's.
    triples: u32,
    engine: Engine,
    case: Case,
    expected: Expected,
    /// How much rounding the tables changes; found where it is asked for.
    rounding: Option<f64>,
}

/// The corpus under way on a device.
pub(super) struct Corpus<'a> {
    pub(super) arguments: &'a Arguments,
    /// What `--device` takes.
    pub(super) device: &'a str,
    pub(super) gpu: &'a Gpu,
    /// The schedules that a score is tried under, by its place.
    pub(super) schedules: &'a dyn Fn(usize) -> Vec<Schedule>,
}

impl Corpus<'_> {
    /// Runs it. A lost device ends it: the report then has what there is, and the error is beside it.
    pub(super) fn run(&self, subjects: &[Subject], bar: &ProgressBar) -> (CorpusReport, Option<DeviceError>) {
        let mut report = CorpusReport { scores: subjects.len(), ..CorpusReport::default() };
        bar.set_length(subjects.len() as u64);
        for (place, subject) in subjects.iter().enumerate() {
            bar.set_message(format!("{} {}: {} failed", subject.model, subject.choices(), report.failed.len()));
            if let Err(lost) = self.score(place, subject, &mut report) {
                return (report, Some(lost));
            }
            if interrupt::requested() {
                return (report, None);
            }
            bar.inc(1);
        }
        report.complete = true;
        (report, None)
    }

    /// One score, at all sizes, under its schedules.
    fn score(&self, place: usize, subject: &Subject, report: &mut CorpusReport) -> Result<(), DeviceError> {
        let mut prepared = Vec::new();
        for (size, triples) in self.sizes() {
            match self.prepare(subject, &size, triples) {
                Ok(it) => prepared.push(it),
                Err(why) => *report.left_out.entry(why.into_message()).or_default() += 1,
            }
        }
        for schedule in (self.schedules)(place) {
            for it in &mut prepared {
                report.cases += 1;
                match self.case(subject, it, schedule) {
                    Ok(Verdict::Passed(error)) => {
                        let of_16_bits = schedule.saved == Saved::Bf16;
                        let worst = if of_16_bits { &mut report.worst_of_16_bits } else { &mut report.worst };
                        *worst = worst.max(error);
                    }
                    Ok(Verdict::Failed(failed)) => report.failed.push(*failed),
                    Err(lost) => {
                        report.failed.push(self.failed(subject, it, schedule, None, lost.to_string()));
                        return Err(lost);
                    }
                }
                report.numbers += it.expected.numbers();
            }
        }
        Ok(())
    }

    /// Sizes, each with the triples of its batch.
    fn sizes(&self) -> Vec<(Dimensions, u32)> {
        let mut sizes: Vec<_> = self.arguments.corpus_sizes().into_iter().map(|size| (size, TRIPLES)).collect();
        if let Some(triples) = self.arguments.triples {
            sizes.iter_mut().for_each(|(_, own)| *own = triples);
        } else {
            sizes.push((Dimensions::All(SIZE_OF_MANY), MANY_TRIPLES));
        }
        sizes
    }

    fn prepare(&self, subject: &Subject, size: &Dimensions, triples: u32) -> Result<Prepared, Failure> {
        let Subject { compiled, .. } = subject;
        let model = subject.kernels();
        let sizes = draw::spread(&model.model, size)?;
        let draw = Draw { triples, seed: self.arguments.seed, margin: MARGIN, blocks: triples <= 2 * TRIPLES };
        let (engine, case) = Case::new(compiled, &model, &sizes, draw)?;
        let expected = Expected::of(compiled, &case);
        Ok(Prepared { sizes, triples, engine, case, expected, rounding: None })
    }

    /// Runs a case. What fails is a verdict, a lost device an error.
    fn case(&self, subject: &Subject, it: &mut Prepared, schedule: Schedule) -> Result<Verdict, DeviceError> {
        // A defect of the compiler in one kernel should not keep the others from being tried.
        let found = catch_unwind(AssertUnwindSafe(|| self.found(it, schedule)));
        let failed = |error, at| Ok(Verdict::Failed(Box::new(self.failed(subject, it, schedule, error, at))));
        let found = match found {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) => return failed(None, "a second run gives other bits".to_owned()),
            Ok(Err(Error::Device(DeviceError::Lost(why)))) => return Err(DeviceError::Lost(why)),
            Ok(Err(error)) => return failed(None, error.to_string()),
            Err(panic) => return failed(None, format!("panicked: {}", message_of(panic.as_ref()))),
        };
        let tolerance = self.tolerance(schedule);
        let mut errors = compare(&subject.compiled, &mut it.case, &it.expected, &found, How::default());
        if exceeds(errors.worst(), tolerance) {
            let nudged = || Expected::of(&subject.compiled, &it.case.nudged(&subject.compiled));
            let rounding = *it.rounding.get_or_insert_with(|| ROUNDINGS * it.expected.distance(&nudged()));
            let how = How { differences: false, rounding: Some(rounding) };
            errors = compare(&subject.compiled, &mut it.case, &it.expected, &found, how);
        }
        if exceeds(errors.worst(), tolerance) {
            return Ok(Verdict::Failed(Box::new(self.failed(
                subject,
                it,
                schedule,
                Some(errors.worst()),
                errors.worst_at,
            ))));
        }
        Ok(Verdict::Passed(errors.worst()))
    }

    /// What the device makes of a case; none where a second run has other bits though none is added atomically.
    fn found(&self, it: &Prepared, schedule: Schedule) -> Result<Option<Found>, Error> {
        let mut engine = subject::on(&it.engine, self.gpu, schedule)?;
        let found = Found::by(&mut engine, &it.case)?;
        let again = Found::by(&mut engine, &it.case)?;
        Ok((schedule.backward == Backward::Atomic || found == again).then_some(found))
    }

    fn tolerance(&self, schedule: Schedule) -> f64 {
        let exact = if self.gpu.target() == "ptx" { TOLERANCE } else { TOLERANCE_OF_WGSL };
        if schedule.saved == Saved::Bf16 { exact + TOLERANCE_OF_BF16 } else { exact }
    }

    fn failed(
        &self,
        subject: &Subject,
        Prepared { sizes, triples, .. }: &Prepared,
        schedule: Schedule,
        error: Option<f64>,
        at: String,
    ) -> FailedCase {
        let [spaced, listed] = [" ", ","]
            .map(|between| sizes.iter().map(|(name, size)| format!("{name}={size}")).collect::<Vec<_>>().join(between));
        let options = subject.options();
        let Self { device, arguments: Arguments { seed, .. }, .. } = self;
        FailedCase {
            model: subject.model.clone(),
            choices: subject.choices(),
            dimensions: spaced,
            triples: *triples,
            schedule: schedule.to_string(),
            error,
            at,
            rerun: format!(
                "sptx gpu-check --part corpus --device {device} {options} --dim {listed} --triples {triples} --schedule \
                 {schedule} --seed {seed}"
            ),
        }
    }
}

/// What a case came to.
enum Verdict {
    /// Its largest relative error.
    Passed(f64),
    Failed(Box<FailedCase>),
}

/// Whether an error is larger than allowed, or no number.
fn exceeds(error: f64, allowed: f64) -> bool {
    error.is_nan() || error > allowed
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("with no message")
}
