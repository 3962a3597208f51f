//! What comes out: a table for people, and JSON.

use std::path::Path;

use serde::Serialize;
use sptx::gpu::Gpu;
use sptx::runtime::gpu::{Capabilities, Device, Schedule};

use super::Arguments;
use super::corpus::CorpusReport;
use super::measure::MeasureReport;
use super::rivals::RivalsReport;
use super::tables;
use super::training::TrainingReport;
use crate::command::Outcome;
use crate::command::failure::Failure;
use crate::command::output::{self, Sink};

/// Failed cases that are printed; the file has all.
const SHOWN: usize = 12;

/// All results. Times are in seconds, sizes in bytes unless their names say otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The version of this form.
    schema: u32,
    /// The version of sptx.
    sptx: &'static str,
    /// The system and the processor.
    system: [&'static str; 2],
    seed: u64,
    quick: bool,
    pub(super) devices: Vec<DeviceReport>,
    /// Those that cannot be opened, each with why.
    pub(super) absent: Vec<String>,
    pub(super) rivals: Option<RivalsReport>,
}

/// The results of a device.
#[derive(Debug, Serialize)]
pub(super) struct DeviceReport {
    /// What `--device` takes.
    device: String,
    /// What it calls itself, and how it is reached.
    name: String,
    /// What its kernels are written in: `ptx` or `wgsl`.
    target: &'static str,
    capabilities: Capabilities,
    /// The names of the schedules that there are for it.
    candidates: Vec<String>,
    /// Why it was lost, where it was.
    pub(super) lost: Option<String>,
    pub(super) corpus: Option<CorpusReport>,
    pub(super) training: Option<TrainingReport>,
    pub(super) measure: Option<MeasureReport>,
}

impl Report {
    pub(super) fn new(arguments: &Arguments) -> Self {
        Self {
            schema: 1,
            sptx: env!("CARGO_PKG_VERSION"),
            system: [std::env::consts::OS, std::env::consts::ARCH],
            seed: arguments.seed,
            quick: arguments.quick,
            devices: Vec::new(),
            absent: Vec::new(),
            rivals: None,
        }
    }

    /// The device under way.
    pub(super) fn last(&mut self) -> &mut DeviceReport {
        let last = self.devices.len() - 1;
        &mut self.devices[last]
    }

    /// Writes the file that was asked for.
    pub(super) fn save(&self, path: Option<&Path>) -> Outcome {
        let Some(path) = path else { return Ok(()) };
        let mut sink = Sink::open(Some(path))?;
        sink.write(|out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)
        })?;
        sink.finish()
    }

    pub(super) fn print(&self) -> Outcome {
        self.devices.iter().try_for_each(|device| device.print(self.rivals.as_ref()))?;
        self.rivals.as_ref().map_or(Ok(()), RivalsReport::print)
    }

    /// Whether nothing failed.
    pub(super) fn verdict(&self) -> Outcome {
        let failed: usize = self.devices.iter().map(DeviceReport::failed).sum();
        let lost = self.devices.iter().filter(|device| device.lost.is_some()).count();
        match (failed, lost) {
            _ if !self.absent.is_empty() => Err(Failure::new(self.absent.join("; "))),
            (0, 0) => Ok(()),
            (_, 0) => Err(Failure::new(format!("{failed} case{} failed", output::plural(failed)))),
            _ => Err(Failure::new(format!("{lost} device{} lost, {failed} failed", output::plural(lost)))),
        }
    }
}

impl DeviceReport {
    pub(super) fn new(device: &str, gpu: &Gpu) -> Self {
        let capabilities = gpu.capabilities();
        Self {
            device: device.to_owned(),
            name: gpu.to_string(),
            target: gpu.target(),
            capabilities,
            candidates: Schedule::candidates(&capabilities).iter().map(ToString::to_string).collect(),
            lost: None,
            corpus: None,
            training: None,
            measure: None,
        }
    }

    fn failed(&self) -> usize {
        let corpus = self.corpus.as_ref().map_or(0, |corpus| corpus.failed.len());
        let training = self.training.as_ref().map_or(0, |training| training.failed.len());
        let measured = self.measure.iter().flat_map(|measure| &measure.kernels);
        corpus + training + measured.filter(|kernel| kernel.failed.is_some()).count()
    }

    fn print(&self, rivals: Option<&RivalsReport>) -> Outcome {
        output::line(format!("{}: {}", self.device, self.name))?;
        if let Some(corpus) = &self.corpus {
            corpus.print()?;
        }
        if let Some(training) = &self.training {
            training.print()?;
        }
        if let Some(measure) = &self.measure {
            tables::print(measure, rivals)?;
        }
        match &self.lost {
            Some(why) => output::line(format!("  LOST      {why}; what follows on it was not done")),
            None => Ok(()),
        }
    }
}

impl RivalsReport {
    fn print(&self) -> Outcome {
        let Self { python, torch, device, failed, .. } = self;
        let torch = torch.as_ref().map_or(String::new(), |version| format!(", torch {version}"));
        let device = device.as_ref().map_or(String::new(), |device| format!(" on {device}"));
        output::line(format!("rivals: {python}{torch}{device}"))?;
        failed.iter().try_for_each(|why| output::line(format!("  not run: {why}")))
    }
}

/// How a part ended.
fn ending(failed: usize, complete: bool) -> String {
    let failed = if failed == 0 { "all passed".to_owned() } else { format!("{failed} FAILED") };
    if complete { failed } else { format!("{failed}, not all were run") }
}

impl CorpusReport {
    fn print(&self) -> Outcome {
        let Self { scores, cases, numbers, left_out, worst, worst_of_16_bits, failed, complete } = self;
        let ending = ending(failed.len(), *complete);
        let about = format!("{scores} scores, {cases} cases, {numbers} numbers");
        let errors = format!("largest error {worst:.1e}, of what is saved in 16 bits {worst_of_16_bits:.1e}");
        output::line(format!("  corpus    {ending}: {about}; {errors}"))?;
        for (why, count) in left_out {
            output::line(format!("            left out {count} times: {why}"))?;
        }
        for case in failed.iter().take(SHOWN) {
            let error = case.error.map_or(String::new(), |error| format!("{error:.1e} at "));
            let [what, at] = [
                [&case.model, &case.choices, &case.dimensions, &case.schedule].map(String::as_str).join(" "),
                case.at.clone(),
            ];
            output::line(format!("    {what}: {error}{at}\n      {}", case.rerun))?;
        }
        more(failed.len())
    }
}

impl TrainingReport {
    fn print(&self) -> Outcome {
        let Self { runs, worst, strays, failed, complete } = self;
        let ending = ending(failed.len(), *complete);
        output::line(format!(
            "  training  {ending}: {runs} runs; largest difference {worst:.1e}, {strays} stray elements"
        ))?;
        for run in failed.iter().take(SHOWN) {
            output::line(format!(
                "    {} {} {}: {}\n      {}",
                run.model, run.settings, run.schedule, run.at, run.rerun
            ))?;
        }
        more(failed.len())
    }
}

/// Says that more failed than are shown.
fn more(failed: usize) -> Outcome {
    let more = failed.saturating_sub(SHOWN);
    if more == 0 { Ok(()) } else { output::line(format!("    and {more} more; `--json FILE` has them all")) }
}
