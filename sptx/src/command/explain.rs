//! `sptx explain`.

use sptx::models::{KernelChoice, Source};

use super::failure::Failure;
use super::options::{self, Dimensions};
use super::{Outcome, output};

const ABOUT: &str = "\
Show what the compiler made of a score function.

The tables; the score as declared and in sparse incidence form, with each row's coefficients and semiring; how the \
score compares a candidate with a query; the gradient; bytes and FLOPs of one triple.";

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
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let source = Source::find(&arguments.model)?;
    let choices = options::borrowed(&arguments.choices);
    let compiled = sptx::codegen::compile(source.analyze(&choices)?);
    let model = source.compile(&choices, KernelChoice::Best)?;
    let sizes = arguments.dim.bind(&model.model)?;
    let sizes = compiled.lowered.bind_dims(&sizes).map_err(|error| Failure::new(error.to_string()))?;
    let report = sptx::codegen::explain(&compiled, &sizes);
    if arguments.json {
        return output::json(&report);
    }
    output::text(&report.to_string())?;
    output::line(format!("kernels on this machine\n  {}", model.kernels.kind()))
}
