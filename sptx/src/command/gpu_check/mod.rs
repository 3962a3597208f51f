//! `sptx gpu-check`: whether kernels are right and fast on a machine's GPUs. It needs nothing but the command itself.

mod corpus;
mod training;

mod graph;
mod measure;
mod rivals;
mod samples;

mod report;
mod subjects;
mod tables;

use std::path::PathBuf;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use sptx::gpu::Gpu;
use sptx::runtime::gpu::{Capabilities, Device, DeviceError, Schedule};
use sptx::train::Dataset;

use super::failure::Failure;
use super::options::{self, DimensionList, Dimensions};
use super::{Outcome, devices, interrupt, output};
use graph::{FB15K237, Synthetic};
use report::{DeviceReport, Report};
use subjects::Subject;

const ABOUT: &str = "\
Check and measure kernels on this machine's GPUs.

It is one file that can be carried to a machine with a GPU and nothing else. In this order, for each GPU:

corpus    every model of the zoo in all its choices, and random scores, at several sizes, under several schedules: scores \
and gradients of triples and of blocks are held against the reference interpreter (f64), and a second run against the first, \
to the bit. An error is relative to the larger of the value and the root mean square of its kind; at most 1e-4 passes in \
PTX, 1e-3 in WGSL, 2^-5 more where columns are saved in 16 bits, and what rounding the tables changes.
training  a few steps by every optimizer against those of the CPU.
measure   seconds of the forward kernel and of whole training steps, by the device's own clock where it has one, under all of its schedules, beside those of a copy in its memory; bytes of rows as `sptx explain` counts them. On a synthetic graph of fb15k-237's size, or `--data`.
rivals    the same models, sizes, losses, optimizers and graph in PyTorch (eager, torch.compile, torch.sparse), where a Python with torch that finds a GPU is there; on the CPU where `--part` names them.

A case that fails is listed with the command that runs it alone. A device that is lost ends the work on it; what there is is \
reported. Exit code 0: nothing failed.";

const EXAMPLES: &str = "\
Examples:
  sptx gpu-check --json gpu.json                 every NVIDIA GPU by its driver, and every GPU that Vulkan has
  sptx gpu-check --device cuda:0 --quick         a few minutes, on one of them
  sptx gpu-check --part measure --model transe --set norm=1 --dim 1024 --schedule all
  sptx gpu-check --device wgpu --part corpus --model transe --dim 64 --schedule w64l8v4u1t2";

/// Check and measure kernels on this machine's GPUs.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// GPUs as `sptx devices` lists them: `cuda`, `wgpu:1`, `wgpu:` and a part of its name. All but software when left
    /// out.
    #[arg(long, value_delimiter = ',')]
    device: Vec<String>,
    /// What is done; everything when left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    part: Vec<Part>,
    /// Models of the zoo, `.sptx` files, or random scores by their seed (`random:7`); the whole zoo and some random scores
    /// when left out.
    #[arg(long, value_delimiter = ',')]
    model: Vec<String>,
    /// The value of a choice, such as `norm=2`; may be given several times. All combinations when left out.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = options::assignment)]
    set: Vec<(String, f64)>,
    /// Sizes of every dimension (`1,3,64`), or sizes by name (`d=64,k=32`).
    #[arg(long, value_name = "SIZES")]
    dim: Option<DimensionList>,
    /// Schedules by name, or `all` that the device has; some of them for each model, in turn, when left out. An unknown name
    /// lists them.
    #[arg(long, value_delimiter = ',')]
    schedule: Vec<String>,
    /// Triples of the corpus' batches; a small one for each size, and a large one, when left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    triples: Option<u32>,
    /// Positives of a measured batch.
    #[arg(long, default_value_t = 32_768, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: u32,
    /// The optimizer of measured steps: `sgd`, `adagrad`, `row-adagrad`, `adam` or `lazy-adam`.
    #[arg(long, default_value = "adam")]
    optimizer: String,
    /// Samples of each time; the median counts. 15, or 5 with `--quick`, when left out.
    #[arg(long, value_parser = options::count())]
    rounds: Option<usize>,
    /// MiB that are copied at a time.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=8192))]
    copied: u32,
    /// A folder with the graph to measure on: train.txt; a synthetic graph when left out.
    #[arg(long, value_name = "DIR", conflicts_with = "entities")]
    data: Option<PathBuf>,
    /// Entities of the synthetic graph.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=16_000_000))]
    entities: Option<u32>,
    /// The Python that is asked for torch; `python3` when left out.
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Seconds that the rivals of a model and size may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Fewer sizes, schedules, scores, models and runs.
    #[arg(long)]
    quick: bool,
    /// What everything random is drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where all results are written, for a machine.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Kernels against the interpreter.
    Corpus,
    /// Steps against the CPU.
    Training,
    /// Times of kernels and steps beside those of a copy.
    Measure,
    /// The same in PyTorch.
    Rivals,
}

/// The sizes of the corpus: single elements, short of a line, whole lines, and beyond them.
const SIZES: [usize; 6] = [1, 3, 64, 100, 128, 257];

/// The same with `--quick`.
const FEW_SIZES: [usize; 2] = [3, 100];

/// The sizes that are measured at.
const MEASURED_SIZES: [usize; 2] = [1024, 128];

/// The learning rate of measured steps: small enough that nothing diverges.
const LEARNING_RATE: f64 = 1e-4;

impl Arguments {
    fn does(&self, part: Part) -> bool {
        self.part.is_empty() || self.part.contains(&part)
    }

    /// Whether a model of the zoo is among those asked for.
    fn wants(&self, model: &str) -> bool {
        self.model.is_empty() || self.model.iter().any(|asked| asked == model)
    }

    fn corpus_sizes(&self) -> Vec<Dimensions> {
        match &self.dim {
            Some(DimensionList(sizes)) => sizes.clone(),
            None if self.quick => FEW_SIZES.map(Dimensions::All).to_vec(),
            None => SIZES.map(Dimensions::All).to_vec(),
        }
    }

    fn measured_sizes(&self) -> Vec<Dimensions> {
        match &self.dim {
            Some(DimensionList(sizes)) => sizes.clone(),
            None => MEASURED_SIZES.map(Dimensions::All).to_vec(),
        }
    }

    fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 5 } else { 15 })
    }

    /// The graph that is measured on.
    fn graph(&self) -> Result<Dataset, Failure> {
        let size = Synthetic { entities: self.entities.unwrap_or(FB15K237.entities), ..FB15K237 };
        graph::load(self.data.as_deref(), size, self.seed)
    }

    fn random_scores(&self) -> u32 {
        if self.quick { 10 } else { 60 }
    }

    /// The schedules that are tried of a device's candidates.
    fn schedules(&self, device: &Capabilities) -> Result<Vec<Schedule>, Failure> {
        let candidates = Schedule::candidates(device);
        if self.schedule.is_empty() || self.schedule == ["all"] {
            return Ok(candidates);
        }
        let named = |name: &String| candidates.iter().find(|schedule| schedule.to_string() == *name).copied();
        let unknown = |name: &String| {
            let names: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            Failure::new(format!("no schedule of this device is named `{name}`"))
                .help(format!("there are: {}", names.join(", ")))
        };
        self.schedule.iter().map(|name| named(name).ok_or_else(|| unknown(name))).collect()
    }

    /// How many of them each score is tried under.
    fn schedules_of_each(&self, there_are: usize) -> usize {
        match (self.schedule.is_empty(), self.quick) {
            (false, _) => there_are,
            (true, false) => there_are.min(8),
            (true, true) => there_are.min(3),
        }
    }
}

/// What is checked and measured on every device.
struct Work {
    corpus: Vec<Subject>,
    measured: Vec<Subject>,
    /// The graph that is measured on; none where nothing is.
    graph: Option<Dataset>,
}

impl Work {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let measures = arguments.does(Part::Measure) || arguments.does(Part::Rivals);
        Ok(Self {
            corpus: subjects::corpus(arguments)?,
            measured: subjects::measured(arguments)?,
            graph: if measures { Some(arguments.graph()?) } else { None },
        })
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let names = devices_to_check(&arguments.device)?;
    // What is wrong with an option is found before anything takes long.
    let work = Work::of(arguments)?;
    interrupt::listen()?;
    let mut report = Report::new(arguments);
    for name in names {
        let gpu = match Gpu::open(&name) {
            Ok(gpu) => gpu.by_kernels_alone(),
            Err(why) => {
                report.absent.push(format!("{name}: {why}"));
                continue;
            }
        };
        report.devices.push(DeviceReport::new(&name, &gpu));
        output::note(&format!("device  {name}: {gpu}"));
        let outcome = on_device(arguments, &name, &gpu, &work, &mut report);
        report.save(arguments.json.as_deref())?;
        outcome?;
        if interrupt::requested() {
            break;
        }
    }
    let rivals = arguments.does(Part::Rivals) && !report.devices.is_empty() && !interrupt::requested();
    if let Some(graph) = work.graph.as_ref().filter(|_| rivals) {
        let run = |bar: &ProgressBar| rivals::Rivals { arguments, dataset: graph, bar }.run(&work.measured);
        report.rivals = Some(watched("rivals", run));
        report.save(arguments.json.as_deref())?;
    }
    report.print()?;
    if interrupt::requested() {
        return Err(Failure::Interrupted("interrupted; what was done until then is above".to_owned()));
    }
    report.verdict()
}

/// Does what is asked for on one device. A lost device is in its report, and no failure.
fn on_device(arguments: &Arguments, name: &str, gpu: &Gpu, work: &Work, report: &mut Report) -> Outcome {
    let schedules = arguments.schedules(&gpu.capabilities())?;
    let each = arguments.schedules_of_each(schedules.len());
    // Another part of them for the next, so that each comes to its turn.
    let of_turn =
        |turn: usize| schedules.iter().cycle().skip(turn * each % schedules.len()).take(each).copied().collect();
    let mut lost: Option<DeviceError> = None;
    let goes_on = |lost: &Option<DeviceError>, part| lost.is_none() && !interrupt::requested() && arguments.does(part);
    if goes_on(&lost, Part::Corpus) {
        let corpus = corpus::Corpus { arguments, device: name, gpu, schedules: &of_turn };
        let (found, why) = watched("corpus", |bar| corpus.run(&work.corpus, bar));
        lost = why;
        report.last().corpus = Some(found);
        report.save(arguments.json.as_deref())?;
    }
    if goes_on(&lost, Part::Training) {
        let (found, why) = watched("training", |bar| training::run(arguments, name, &of_turn, bar))?;
        lost = why;
        report.last().training = Some(found);
        report.save(arguments.json.as_deref())?;
    }
    if let Some(dataset) = work.graph.as_ref().filter(|_| goes_on(&lost, Part::Measure)) {
        let run = |bar: &ProgressBar| {
            let schedules = &schedules;
            measure::Measuring { arguments, gpu, schedules, dataset, bar }.run(&work.measured)
        };
        let (found, why) = watched("measure", run);
        lost = why;
        report.last().measure = Some(found);
    }
    report.last().lost = lost.map(|why| why.to_string());
    Ok(())
}

/// Does some work beneath a bar that shows how far it is.
fn watched<T>(what: &str, work: impl FnOnce(&ProgressBar) -> T) -> T {
    let bar = ProgressBar::no_length();
    // The template is fixed; were it wrong, the default one shows.
    if let Ok(style) = ProgressStyle::with_template("{prefix:9} {bar:32.cyan/blue} {pos}/{len}  {msg}  [{elapsed}]") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_prefix(what.to_owned());
    bar.enable_steady_tick(std::time::Duration::from_millis(500));
    let done = work(&bar);
    bar.finish_and_clear();
    done
}

/// The GPUs that are asked for, or all that there are but for software.
fn devices_to_check(asked: &[String]) -> Result<Vec<String>, Failure> {
    for name in asked {
        devices::check(name, "GPUs are named")?;
        if !Gpu::is_name(name) {
            return Err(Failure::new(format!("`{name}` is no GPU")).help("`sptx check` holds the CPU's kernels"));
        }
    }
    let names = if asked.is_empty() { Gpu::hardware() } else { asked.to_vec() };
    if names.is_empty() {
        return Err(Failure::new("there is no GPU here: NVIDIA's driver has none, nor has Vulkan").help(
            "`sptx devices` lists what there is; `--device wgpu` takes a driver that runs kernels on the CPU, too",
        ));
    }
    Ok(names)
}
