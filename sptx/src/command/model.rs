//! The models of runs.

use sptx::models::{KernelChoice, ModelError, Source};
use sptx::runtime::cpu::Engine;
use sptx::runtime::kernel::CompiledModel;
use sptx::train::{Dataset, ModelReference, RunFolder};

use super::data;
use super::failure::Failure;

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

/// Opens a run: its model with its tables, and its dataset, which must be the one it was trained on.
pub(super) fn open(path: &std::path::Path, data: Option<&std::path::Path>, threads: usize) -> Result<Run, Failure> {
    let folder = RunFolder::open(path)?;
    let config = folder.config()?;
    let compiled = compile(&of_run(&folder, &config.model)?, &config.model)?;
    let engine = folder.load_engine(&|_| Ok(compiled.clone()), threads)?;
    let dataset = data::load(data.unwrap_or(&config.data))
        .map_err(|failure| failure.help("if the data has moved since the run began, name its folder with `--data`"))?;
    if dataset.digest() != folder.manifest()?.dataset.digest {
        return Err(Failure::new(format!(
            "{}: the dataset is not the one that the run was trained on",
            path.display()
        ))
        .help("name the folder of the dataset that it was trained on with `--data`"));
    }
    Ok(Run { engine, dataset })
}
