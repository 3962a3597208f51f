//! The command line: one file a verb.

mod train;
mod training;

mod search;

mod eval;
mod neighbours;
mod predict;

mod export;
mod report;

mod check;
mod explain;
mod gpu_check;

mod compile;
mod completions;
mod devices;
mod list;

mod answers;
mod data;
mod failure;
mod interrupt;
mod metrics;
mod model;
mod options;
mod output;
mod progress;
mod queries;
mod scoring;
mod settings;
mod showcase;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// What every verb gives.
type Outcome = Result<(), Failure>;

const AFTER_HELP: &str = "\
Examples:
  sptx train                                    learn the bundled graph of countries with TransE
  sptx train rotate --data wn18rr --dim 200     learn a graph of your own
  sptx search recipes/search/example.toml       find settings by validation
  sptx predict runs/countries-transe-1 --head portugal --relation neighbour
  sptx check my_model.sptx                      hold a score function's gradient against differences

Exit codes: 0 done, 1 an error, 2 a mistake on the command line, 130 interrupted.
Colours follow the terminal and NO_COLOR.";

/// Knowledge graph embeddings from score functions you declare.
#[derive(Debug, Parser)]
#[command(name = "sptx", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Train(Box<train::Arguments>),
    Search(search::Arguments),
    Eval(eval::Arguments),
    Predict(predict::Arguments),
    #[command(alias = "neighbors")]
    Neighbours(neighbours::Arguments),
    Report(report::Arguments),
    Export(export::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    GpuCheck(Box<gpu_check::Arguments>),
    Compile(compile::Arguments),
    Models(list::Arguments),
    Devices(devices::Arguments),
    Completions(completions::Arguments),
}

/// Reads the command line, does what it says, and gives the exit code.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.verb {
        Verb::Train(arguments) => train::run(&arguments),
        Verb::Search(arguments) => search::run(&arguments),
        Verb::Eval(arguments) => eval::run(&arguments),
        Verb::Predict(arguments) => predict::run(&arguments),
        Verb::Neighbours(arguments) => neighbours::run(&arguments),
        Verb::Report(arguments) => report::run(&arguments),
        Verb::Export(arguments) => export::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Explain(arguments) => explain::run(&arguments),
        Verb::GpuCheck(arguments) => gpu_check::run(&arguments),
        Verb::Compile(arguments) => compile::run(&arguments),
        Verb::Models(arguments) => list::run(&arguments),
        Verb::Devices(arguments) => devices::run(&arguments),
        Verb::Completions(arguments) => completions::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
