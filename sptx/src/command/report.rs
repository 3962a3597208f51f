//! `sptx report`.

use std::path::{Path, PathBuf};

use sptx::train::{Dataset, RunFolder, write_report};

use super::failure::Failure;
use super::{Outcome, model, output};

const ABOUT: &str = "\
Write a run's report: one page for a browser.

The page, report.html in the run's folder, has curves of loss and validation, metrics by side, tie, category and relation, \
a picture of the entities, the settings and the digests. It needs no other file and no network. A run that has not ended is \
shown as far as it is. `sptx train` writes the report when it ends, unless `--set outputs.report=false` is given.";

const EXAMPLES: &str = "\
Examples:
  sptx report runs/countries-transe-1
  sptx report runs/mine --data /where/the/graph/is/now";

/// Write a run's report: one page for a browser.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of a run.
    run: PathBuf,
    /// The folder of the dataset, if it is no longer where it was.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let folder = RunFolder::open(&arguments.run)?;
    let dataset = dataset(&folder, arguments.data.as_deref())?;
    let path = write_report(&folder, dataset.as_ref())?;
    output::line(path.display())
}

/// The run's dataset. Where it is not found and nobody has said where it is, the report does without.
fn dataset(folder: &RunFolder, moved: Option<&Path>) -> Result<Option<Dataset>, Failure> {
    match model::dataset_of_run(folder, moved) {
        Ok(dataset) => Ok(Some(dataset)),
        Err(failure) if moved.is_some() => Err(failure),
        Err(_) => {
            output::warn("the run's dataset is not where it was, so the report lacks what it would tell; see `--data`");
            Ok(None)
        }
    }
}
