//! `report.html`: a run to look at, in one file that needs nothing else.
//!
//! The page has the run's curves, its metrics by side, tie, category and relation, a picture of the entities, and what
//! it was made from. It loads nothing from anywhere, and its policy forbids it to. A run that has not ended is shown as
//! far as it is. Every text goes through `maud`, which escapes it.

mod axis;
mod curves;
mod line_chart;
mod page;
mod principal;
mod projection;
mod scatter;
mod settings;
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::atomic;
use crate::config::Config;
use crate::dataset::{Dataset, Split};
use crate::error::Result;
use crate::evaluate::Metrics;
use crate::manifest::Manifest;
use crate::run_folder::RunFolder;
use crate::trainer::EpochRecord;

use projection::Projection;

/// What a report tells of.
struct Material<'a> {
    manifest: Manifest,
    config: Config,
    epochs: Vec<EpochRecord>,
    metrics: BTreeMap<Split, Metrics>,
    projection: Option<Projection>,
    dataset: Option<&'a Dataset>,
}

/// Writes a run's report into its folder, in place of an earlier one, and gives its path. With the dataset the report
/// also tells the categories of relations and the degrees of entities.
///
/// # Errors
/// When a file of the run cannot be read or has been damaged, or the folder cannot be written.
///
/// ```
/// # use std::sync::Arc;
/// # use sptx_train::{Config, Dataset, RunFolder, Silent, Trainer};
/// use sptx_train::write_report;
/// # let path = tempfile::tempdir().unwrap();
/// # let dataset = Arc::new(Dataset::from_texts("toy", "a\tr\tb\nb\tr\tc\n", "", "a\tr\tc\n").unwrap());
/// # let compiled = (kernels_generated::find("complex").unwrap().load)(&[]).unwrap();
/// # let config = Config { dim: 4, epochs: 1, ..Config::defaults_for("complex") };
/// # let mut trainer = Trainer::new(compiled, dataset, config).unwrap();
/// # trainer.keep_in(RunFolder::create(path.path().join("run")).unwrap(), None).unwrap();
/// # trainer.train(&mut Silent).unwrap();
/// # trainer.finish(None).unwrap();
/// let run = RunFolder::open(path.path().join("run")).unwrap();
/// let page = std::fs::read_to_string(write_report(&run, None).unwrap()).unwrap();
/// assert!(page.contains("ComplEx on toy"));
/// ```
pub fn write_report(run: &RunFolder, dataset: Option<&Dataset>) -> Result<PathBuf> {
    let page = page::page(&gather(run, dataset)?).into_string();
    let path = run.file(RunFolder::REPORT);
    atomic::write(&path, |out| out.write_all(page.as_bytes()))?;
    Ok(path)
}

fn gather<'a>(run: &RunFolder, dataset: Option<&'a Dataset>) -> Result<Material<'a>> {
    let manifest = run.manifest()?;
    // A run that goes on has the metrics of its earlier end, which are no longer those of its tables.
    let metrics = if manifest.ended.is_some() { run.metrics()? } else { BTreeMap::new() };
    let projection = projection::project(run, &manifest, dataset)?;
    Ok(Material { config: run.config()?, epochs: run.epochs()?, manifest, metrics, projection, dataset })
}
