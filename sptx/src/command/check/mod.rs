//! `sptx check`: a model's f32 scores and gradients against the reference interpreter and central differences of it.

pub(super) mod compare;
pub(super) mod draw;
mod reference;
pub(super) mod subject;

use clap::ValueEnum;
use indicatif::ProgressBar;
use serde::Serialize;
use sptx::gpu::Gpu;
use sptx::models::{KernelChoice, Source, zoo};
use sptx::runtime::gpu::Schedule;

use super::failure::Failure;
use super::options::{self, DimensionList, Dimensions};
use super::scoring::ScoringDevice;
use super::{Outcome, output};
use compare::{Errors, Expected, Found, How};
use draw::{Case, Draw};

/// The largest relative error that passes.
const TOLERANCE: f64 = 1e-3;

/// Below a line of floats; above one; over several tiles.
const DEFAULT_SIZES: [usize; 3] = [4, 18, 70];

const ABOUT: &str = "\
Hold a model's scores and gradients against finite differences.

Random tables and a random batch are drawn from the seed. The scores of the CPU's kernels (f32), or with `--device wgpu` \
of a GPU's, are held against the reference interpreter (f64), their gradients against the interpreted gradient and against central differences of the \
interpreted score. The batch is scored and differentiated again as blocks of queries and candidates, for a missing head \
and a missing tail. An error is relative to the larger of the value and the root mean square of its kind (or a thousandth of the largest \
kind's, where a gradient cancels). Triples near a \
kink of the score, where differences mean nothing, are drawn again.";

const EXAMPLES: &str = "\
Examples:
  sptx check my_model.sptx
  sptx check transe --set norm=2 --dim 64
  sptx check all --choices all --dim 1,3,64 --json
  sptx check my_model.sptx --device wgpu";

/// Hold a model's scores and gradients against finite differences.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A model of the zoo, a `.sptx` file (`file.sptx#Score` where it declares several), or `all` for the whole zoo.
    model: String,
    /// Sizes of every dimension (`1,3,64`), or sizes by name (`d=64,k=32`); may be given several times. Several small ones
    /// when left out.
    #[arg(long, value_name = "SIZES")]
    dim: Vec<DimensionList>,
    /// Which combinations of choices are checked.
    #[arg(long, value_enum, default_value_t = Combinations::Default)]
    choices: Combinations,
    /// The value of a choice, such as `norm=2`; may be given several times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = options::assignment, conflicts_with = "choices")]
    set: Vec<(String, f64)>,
    /// Triples in the batch.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    triples: u32,
    /// What the tables and the batch are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Which kernels are checked; compiled ones where there are any when left out.
    #[arg(long, value_enum)]
    kernels: Option<Kernels>,
    #[command(flatten)]
    device: ScoringDevice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Combinations {
    /// Every choice at its default, or as set.
    Default,
    /// Every combination.
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kernels {
    /// Those compiled ahead of time.
    Compiled,
    /// The block interpreter.
    Interpreted,
}

/// The outcome for one model, one combination of choices and one size.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    choices: String,
    dimensions: String,
    kernels: &'static str,
    #[serde(flatten)]
    errors: Errors,
    passed: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let names: Vec<String> = match arguments.model.as_str() {
        "all" => zoo().map(|(name, _)| name.to_owned()).collect(),
        name => vec![name.to_owned()],
    };
    let gpu = arguments.device.gpu()?.map(Gpu::by_kernels_alone);
    if gpu.is_some() && arguments.kernels.is_some() {
        return Err(Failure::Usage {
            message: "`--kernels` are the CPU's, and `--device` asks for a GPU".to_owned(),
            help: "leave one of them out".to_owned(),
        });
    }
    let mut asked = Vec::new();
    for name in names {
        let source = Source::find(&name)?;
        let combinations = options::combinations(&source, arguments.choices == Combinations::All, &arguments.set)?;
        asked.extend(combinations.into_iter().map(|choices| (source.clone(), choices)));
    }
    let bar = ProgressBar::new(asked.len() as u64);
    let mut reports = Vec::new();
    for (source, choices) in asked {
        check(arguments, gpu.as_ref(), &source, &choices, &mut reports)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if reports.is_empty() {
        return Err(Failure::new("no size fits, so nothing was checked".to_owned()));
    }
    print(arguments, &reports)?;
    let failed = reports.iter().filter(|report| !report.passed).count();
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{failed} of {} checks failed", reports.len())))
}

fn check(
    arguments: &Arguments,
    gpu: Option<&Gpu>,
    source: &Source,
    choices: &[(String, f64)],
    reports: &mut Vec<Report>,
) -> Outcome {
    let borrowed = options::borrowed(choices);
    let compiled = sptx::codegen::compile(source.analyze(&borrowed)?);
    let kernels = match arguments.kernels {
        None => KernelChoice::Best,
        Some(Kernels::Compiled) => KernelChoice::Compiled,
        Some(Kernels::Interpreted) => KernelChoice::Interpreted,
    };
    let model = source.compile(&borrowed, kernels)?;
    let asked: Vec<Dimensions> = arguments.dim.iter().flat_map(|list| list.0.clone()).collect();
    let one_of_many = arguments.model == "all" || asked.len() > 1;
    for sizes in draw::sizes(&model.model, &asked, &DEFAULT_SIZES, one_of_many)? {
        let draw = Draw { triples: arguments.triples, seed: arguments.seed, margin: draw::MARGIN, blocks: true };
        let (mut engine, mut case) = Case::new(&compiled, &model, &sizes, draw)?;
        let found = match gpu {
            None => Found::by(&mut engine, &case)?,
            Some(gpu) => Found::by(&mut subject::on(&engine, gpu, Schedule::default())?, &case)?,
        };
        let expected = Expected::of(&compiled, &case);
        let how = How { differences: true, rounding: None };
        let errors = compare::compare(&compiled, &mut case, &expected, &found, how);
        reports.push(Report {
            model: source.name().to_owned(),
            choices: spelled(compiled.declared.choices.iter().map(|choice| (choice.name.as_str(), choice.chosen))),
            dimensions: spelled(sizes.iter().map(|(name, size)| (name.as_str(), *size as f64))),
            kernels: gpu.map_or(model.kernels.kind(), Gpu::target),
            passed: errors.worst() <= TOLERANCE,
            errors,
        });
    }
    Ok(())
}

fn spelled<'a>(values: impl Iterator<Item = (&'a str, f64)>) -> String {
    values.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn print(arguments: &Arguments, reports: &[Report]) -> Outcome {
    if arguments.json {
        return output::json(&reports);
    }
    let headings = [
        "model",
        "choices",
        "dimensions",
        "kernels",
        "triples",
        "score",
        "gradient",
        "differences",
        "blocks",
        "",
        "worst at",
    ];
    let mut table = output::table(&headings, 4);
    for Report { model, choices, dimensions, kernels, errors, passed } in reports {
        let Errors { score, gradient, differences, blocks, .. } = errors;
        let [score, gradient, differences, blocks] =
            [score, gradient, differences, blocks].map(|error| format!("{error:.1e}"));
        let verdict = if *passed { "ok" } else { "FAILED" };
        let place = if *passed { "" } else { &errors.worst_at };
        let triples = errors.triples.to_string();
        table.add_row([
            model,
            choices,
            dimensions,
            *kernels,
            &triples,
            &score,
            &gradient,
            &differences,
            &blocks,
            verdict,
            place,
        ]);
    }
    output::line(table)?;
    output::line(format!("Relative errors of f32 against f64; at most {TOLERANCE:.0e} passes."))
}
