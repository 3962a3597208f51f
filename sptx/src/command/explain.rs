//! `sptx explain`.

use serde::Serialize;
use sptx::codegen::explain::{GpuReport, Report};
use sptx::codegen::gpu::StepShape;
use sptx::models::{KernelChoice, Source};
use sptx::train::Config;

use super::failure::Failure;
use super::options::{self, Dimensions};
use super::{Outcome, output};

const ABOUT: &str = "\
Show what the compiler made of a score function.

The tables; the score as declared and in sparse incidence form, with each row's coefficients and semiring; how the \
score compares a candidate with a query; the gradient; bytes and FLOPs of one triple; those of a batch's scores and of a \
training step on a GPU, for each form in which kernels save columns. There rows are hit evenly, each positive has one \
negative, and nothing is cached.";

const EXAMPLES: &str = "\
Examples:
  sptx explain transr --dim d=128,k=64
  sptx explain transe --set norm=2 --json
  sptx explain my_model.sptx";

/// Show what the compiler made of a score function.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A model of the zoo, or a `.sptx` file (`file.sptx#Score` where it declares several).
    model: String,
    /// A size for every dimension, or sizes by name (`d=64,k=32`).
    #[arg(long, default_value = "64")]
    dim: Dimensions,
    /// The value of a choice, such as `norm=2`; may be given several times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = options::assignment)]
    choices: Vec<(String, f64)>,
    /// Positives of the batch that is counted on a GPU.
    #[arg(long, default_value_t = 32_768, value_parser = rows())]
    batch: usize,
    /// Rows of the tables of entities, where it matters how many there are.
    #[arg(long, default_value_t = 14_541, value_parser = rows())]
    entities: usize,
    /// Rows of the tables of relations.
    #[arg(long, default_value_t = 237, value_parser = rows())]
    relations: usize,
    /// The optimizer of the step: `sgd`, `adagrad`, `row-adagrad`, `adam` or `lazy-adam`.
    #[arg(long, default_value = "adam")]
    optimizer: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Reads a number of rows or of triples: as many as tables can have.
fn rows() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=u64::from(u32::MAX))
}

/// What is printed, for a machine.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    report: &'a Report,
    gpu: &'a GpuReport,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let source = Source::find(&arguments.model)?;
    let choices = options::borrowed(&arguments.choices);
    let compiled = sptx::codegen::compile(source.analyze(&choices)?);
    let model = source.compile(&choices, KernelChoice::Best)?;
    let sizes = arguments.dim.bind(&model.model)?;
    let sizes = compiled.lowered.bind_dims(&sizes).map_err(|error| Failure::new(error.to_string()))?;
    let mut config = Config::default();
    config.set(&format!("optimizer.name={}", arguments.optimizer))?;
    let (rows, rule) = ([arguments.entities, arguments.relations], config.optimizer.rule().kind());
    let report = sptx::codegen::explain(&compiled, &sizes);
    let step = GpuReport::of(&compiled, &sizes, &StepShape::even(2 * arguments.batch, rows, rule));
    if arguments.json {
        return output::json(&Explained { report: &report, gpu: &step });
    }
    output::text(&report.to_string())?;
    output::text(&step.to_string())?;
    output::line(format!("kernels on this machine\n  {}", model.kernels.kind()))
}
