//! Checkpoints: tables, the optimizer's state, the best tables and the progress, in one file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sptx_runtime::cpu::Engine;

use crate::error::Result;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensors::{self, Loaded, Tensor};
use crate::trainer::Progress;

/// The metadata key that the progress has.
const PROGRESS: &str = "progress";

/// A checkpoint that was read.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    progress: Progress,
    tensors: BTreeMap<String, Vec<f32>>,
}

impl Checkpoint {
    /// Replaces a folder's checkpoint; the old one stays until the new one is on the disk.
    pub(crate) fn save(
        folder: &RunFolder,
        engine: &Engine,
        progress: &Progress,
        best: Option<&[Vec<f32>]>,
    ) -> Result<(), RunError> {
        let path = folder.file(RunFolder::CHECKPOINT);
        let json = serde_json::to_string(progress)
            .map_err(|error| RunError::Write { path: path.clone(), source: error.into() })?;
        let (model, tables, state) = (engine.model(), engine.tables(), engine.optimizer_state());
        let mut tensors: Vec<Tensor<'_>> = Vec::new();
        for plane in 0..model.planes.len() {
            let name = format!("table.{}", model.plane_name(plane));
            let shape = tensors::shape(engine, plane);
            tensors.push(Tensor { name, shape, values: Box::new(move || tables.export(plane).into()) });
        }
        for column in &state {
            let (name, shape) = (format!("optimizer.{}", column.name), vec![column.count()]);
            tensors.push(Tensor { name, shape, values: Box::new(move || column.values()) });
        }
        for (plane, values) in best.into_iter().flatten().enumerate() {
            let name = format!("best.{}", model.plane_name(plane));
            let values = values.as_slice();
            tensors.push(Tensor {
                name,
                shape: tensors::shape(engine, plane),
                values: Box::new(move || values.into()),
            });
        }
        tensors::save(&path, &BTreeMap::from([(PROGRESS.to_owned(), json)]), &tensors)
    }

    /// Reads a folder's checkpoint, if there is one.
    pub(crate) fn load(folder: &RunFolder) -> Result<Option<Self>, RunError> {
        let path = folder.file(RunFolder::CHECKPOINT);
        if !path.exists() {
            return Ok(None);
        }
        let Loaded { metadata, tensors } = tensors::load(&path)?;
        let progress = metadata.get(PROGRESS).map(|json| serde_json::from_str(json));
        match progress {
            Some(Ok(progress)) => Ok(Some(Self { path, progress, tensors })),
            Some(Err(error)) => Err(RunError::Damaged { path, what: error.to_string() }),
            None => Err(RunError::Damaged { path, what: "it says nothing of the progress".to_owned() }),
        }
    }

    /// Puts the tables and the optimizer's state back.
    pub(crate) fn restore(&self, engine: &mut Engine) -> Result<Progress, RunError> {
        for (plane, rows) in self.planes("table", engine)?.iter().enumerate() {
            engine.tables_mut().import(plane, rows);
        }
        let state = self
            .tensors
            .iter()
            .filter_map(|(name, values)| name.strip_prefix("optimizer.").map(|name| (name.to_owned(), values.clone())));
        engine.restore_optimizer_state(&state.collect()).map_err(|name| self.lacks(&format!("optimizer.{name}")))?;
        Ok(self.progress)
    }

    /// The best tables, if any were validated.
    pub(crate) fn best(&self, engine: &Engine) -> Result<Option<Vec<Vec<f32>>>, RunError> {
        self.progress.best.map(|_| self.planes("best", engine)).transpose()
    }

    fn planes(&self, prefix: &str, engine: &Engine) -> Result<Vec<Vec<f32>>, RunError> {
        let plane = |plane: usize| {
            let layout = &engine.tables().planes()[plane].layout;
            let name = format!("{prefix}.{}", engine.model().plane_name(plane));
            let values = self.tensors.get(&name).filter(|values| values.len() == layout.rows() * layout.row_len());
            values.cloned().ok_or_else(|| self.lacks(&name))
        };
        (0..engine.model().planes.len()).map(plane).collect()
    }

    fn lacks(&self, name: &str) -> RunError {
        RunError::Damaged { path: self.path.clone(), what: format!("it has no `{name}` of the right size") }
    }
}
