//! `sptx train`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use sptx::models::{KernelChoice, Source};
use sptx::runtime::simd::InstructionSet;
use sptx::train::{Config, Dataset, Metrics, Outcome as Ending, RunFolder, Split, Trainer};

use super::failure::Failure;
use super::progress::Watch;
use super::settings::Settings;
use super::{Outcome, data, evaluation, interrupt, metrics, model, output, showcase};

const ABOUT: &str = "\
Train a model on a graph.

Without MODEL and --data, TransE learns the bundled graph of countries. The run is kept in a folder: settings, \
checkpoints, a trace of the epochs, embeddings, metrics. Ctrl-C saves a checkpoint and ends with exit code 130; \
`--resume DIR` goes on from there, to the same bits as if nothing had happened.";

const EXAMPLES: &str = "\
Examples:
  sptx train
  sptx train rotate --data wn18rr --dim 200 --negatives 64 --set loss.margin=6
  sptx train my_model.sptx --data fb15k-237 --config settings.toml --out runs/mine
  sptx train --resume runs/countries-transe-1";

/// Train a model on a graph.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A model of the zoo, or a `.sptx` file (`file.sptx#Score` where it declares several).
    model: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Where the run is kept; a fresh folder under `runs` when left out.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder. Options given beside it change its settings, where they may change.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    resume: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What a finished run is, for a machine.
#[derive(Serialize)]
struct Summary<'a> {
    run: &'a Path,
    model: &'a str,
    dataset: &'a str,
    epochs: u32,
    best_epoch: Option<u32>,
    seconds: f64,
    metrics: &'a [(Split, Metrics)],
}
