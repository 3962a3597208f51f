//! Models that come back from a run folder.

use std::path::{Path, PathBuf};

use sptx_runtime::cpu::{Engine, EngineOptions};
use sptx_runtime::kernel::CompiledModel;

use super::RunFolder;
use crate::config::ModelReference;
use crate::dataset::Vocabulary;
use crate::error::Result;
use crate::manifest::file_digest;
use crate::run_error::RunError;
use crate::tensors;

impl RunFolder {
    /// The model that the run trains. Where the folder has a copy of its declaration, the name is the copy's path.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn model_reference(&self) -> Result<ModelReference> {
        let mut reference = self.config()?.model;
        let copy = self.file(Self::MODEL);
        if copy.is_file() {
            reference.name = copy.to_string_lossy().into_owned();
        }
        Ok(reference)
    }

    /// An engine with the run's tables, on `threads` threads (0 for as many as the machine has). `resolve` finds the
    /// model.
    ///
    /// # Errors
    /// When the run has not ended, its files are damaged, or `resolve` fails.
    pub fn load_engine(
        &self,
        resolve: &dyn Fn(&ModelReference) -> Result<CompiledModel>,
        threads: usize,
    ) -> Result<Engine> {
        let path = self.embeddings()?;
        let config = self.config()?;
        let compiled = resolve(&self.model_reference()?)?;
        let dataset = self.manifest()?.dataset;
        let sizes = config.sizes(&compiled.model);
        let relations = config.relation_rows(dataset.relations);
        let options = EngineOptions { threads, parameters: config.model.parameters };
        let mut engine = Engine::new(compiled, &sizes, dataset.entities, relations, &options)?;
        if config.reciprocal {
            engine.set_reciprocal();
        }
        import(&mut engine, &path)?;
        Ok(engine)
    }

    /// The path of the run's tables, which are what the run wrote.
    pub(crate) fn embeddings(&self) -> Result<PathBuf> {
        let path = self.file(Self::EMBEDDINGS);
        if !path.is_file() {
            return Err(RunError::Unfinished { path: self.path().to_owned() }.into());
        }
        check_digest(&path, self.manifest()?.embeddings.as_deref())?;
        Ok(path)
    }

    /// The names of the run's entities.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn entities(&self) -> Result<Vocabulary> {
        Ok(names(&self.file(Self::ENTITIES))?)
    }

    /// The names of the rows of the run's relation tables: its relations, and where `reciprocal` is set the inverse of
    /// each, `r⁻¹` for `r`, in the same order.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn relations(&self) -> Result<Vocabulary> {
        Ok(names(&self.file(Self::RELATIONS))?)
    }
}

/// Compares a file to the digest that the manifest has of it, once the run has ended.
fn check_digest(path: &Path, expected: Option<&str>) -> Result<(), RunError> {
    let Some(expected) = expected else { return Ok(()) };
    if file_digest(path)? != expected {
        let what = format!("it is not what the run wrote, by the digest in {}", RunFolder::MANIFEST);
        return Err(RunError::Damaged { path: path.to_owned(), what });
    }
    Ok(())
}

fn import(engine: &mut Engine, path: &Path) -> Result<(), RunError> {
    let loaded = tensors::load(path)?;
    for plane in 0..engine.model().planes.len() {
        let name = engine.model().plane_name(plane);
        let len: usize = tensors::shape(engine, plane).iter().product();
        let Some(rows) = loaded.tensors.get(&name).filter(|rows| rows.len() == len) else {
            return Err(RunError::Damaged {
                path: path.to_owned(),
                what: format!("it has no `{name}` of the right size"),
            });
        };
        engine.tables_mut().import(plane, rows);
    }
    Ok(())
}

fn names(path: &Path) -> Result<Vocabulary, RunError> {
    let text = std::fs::read_to_string(path).map_err(|source| RunError::Read { path: path.to_owned(), source })?;
    let damaged =
        |line: usize| RunError::Damaged { path: path.to_owned(), what: format!("line {line} is no `id TAB name`") };
    let mut names = Vec::new();
    for (id, line) in text.lines().enumerate() {
        let name = line.split_once('\t').filter(|(number, _)| number.parse() == Ok(id)).map(|(_, name)| name);
        names.push(name.ok_or_else(|| damaged(id + 1))?);
    }
    let vocabulary: Vocabulary = names.iter().copied().collect();
    if vocabulary.len() == names.len() { Ok(vocabulary) } else { Err(damaged(names.len())) }
}
