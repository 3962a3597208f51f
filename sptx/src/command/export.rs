//! `sptx export`.

use std::path::{Path, PathBuf};

use sptx::train::{ExportFormat, RunFolder, export};

use super::{Outcome, output};

const ABOUT: &str = "\
Write a run's tables in a format of other programs.

safetensors  the tables as the run has them, with the names beside
npy          an array of NumPy for each table or part of one, with the names beside
parquet      a row for each entity or relation: id, name, a column for each table or part
projector    vectors.tsv and metadata.tsv, for the embedding projector of TensorFlow

Parts of complex tables are named .re and .im. The paths of the files are printed.";

const EXAMPLES: &str = "\
Examples:
  sptx export runs/countries-transe-1 --format npy
  sptx export runs/countries-transe-1 --format parquet --out tables";

/// Write a run's tables in a format of other programs.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, verbatim_doc_comment, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of a run that has ended.
    run: PathBuf,
    /// `safetensors`, `npy`, `parquet` or `projector`.
    #[arg(long)]
    format: ExportFormat,
    /// Where the files go; `export/FORMAT` in the run's folder when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let run = RunFolder::open(&arguments.run)?;
    let beside = || run.path().join("export").join(arguments.format.name());
    let folder = arguments.out.clone().unwrap_or_else(beside);
    let files = export(&run, arguments.format, &folder)?;
    files.iter().try_for_each(|file| output::line(Path::display(file)))
}
