//! The models of runs.

use std::path::{Path, PathBuf};

use sptx::models::{KernelChoice, ModelError, Source};
use sptx::runtime::cpu::Engine;
use sptx::runtime::kernel::CompiledModel;
use sptx::train::{Dataset, ModelReference, RunFolder};

use super::data;
use super::failure::Failure;
use super::options;

/// Compiles the model that a configuration refers to.
pub(super) fn compile(source: &Source, reference: &ModelReference) -> Result<CompiledModel, ModelError> {
    let choices: Vec<(&str, f64)> = reference.choices.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    source.compile(&choices, KernelChoice::Best)
}

/// The declaration of a run's model: the copy in its folder, where it is the user's own, so that a run does not depend
/// on files that may have changed since.
pub(super) fn of_run(folder: &RunFolder, reference: &ModelReference) -> Result<Source, Failure> {
    let copy = folder.file(RunFolder::MODEL);
    if !copy.is_file() {
        return Ok(Source::find(&reference.name)?);
    }
    let text = std::fs::read_to_string(&copy).map_err(|error| Failure::file(&copy, "read", &error))?;
    let score = reference.name.rsplit_once('#').map(|(_, score)| score);
    Ok(Source::parse(&reference.name, &copy.to_string_lossy(), &text, score)?)
}

/// A run that has ended, to be asked.
pub(super) struct Run {
    pub(super) engine: Engine,
    pub(super) dataset: Dataset,
}

/// Options that say which run is asked.
#[derive(Debug, clap::Args)]
pub(super) struct EndedRun {
    /// The folder of a run that has ended.
    run: PathBuf,
    /// The folder of the dataset, if it is no longer where it was.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Threads; 0 for as many as there are cores.
    #[arg(long, value_name = "T", default_value_t = 0, value_parser = options::threads())]
    threads: u32,
}

impl EndedRun {
    /// Opens the run: its model with its tables, and its dataset, which must be the one it was trained on.
    pub(super) fn open(&self) -> Result<Run, Failure> {
        let folder = RunFolder::open(&self.run)?;
        let config = folder.config()?;
        let compiled = compile(&of_run(&folder, &config.model)?, &config.model)?;
        let engine = folder.load_engine(&|_| Ok(compiled.clone()), self.threads as usize)?;
        let dataset = dataset_of_run(&folder, self.data.as_deref())?;
        Ok(Run { engine, dataset })
    }
}

/// The dataset that a run was trained on, from `moved` or from where it was.
pub(super) fn dataset_of_run(folder: &RunFolder, moved: Option<&Path>) -> Result<Dataset, Failure> {
    let config = folder.config()?;
    let dataset = data::load(moved.unwrap_or(&config.data))
        .map_err(|failure| failure.help("if the data has moved since the run began, name its folder with `--data`"))?;
    if dataset.digest() != folder.manifest()?.dataset.digest {
        let message = format!("{}: the dataset is not the one that the run was trained on", folder.path().display());
        let help = "name the folder of the dataset that it was trained on with `--data`";
        return Err(Failure::new(message).help(help));
    }
    Ok(dataset)
}
