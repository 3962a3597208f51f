//! The tables of a run as an export goes through them: those of entities, then those of relations.

use sptx_runtime::program::Owner;

use crate::dataset::Vocabulary;
use crate::error::Result;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensor_file::{TensorEntry, TensorFile};

/// The tables of a run, with the names of their rows.
pub(super) struct Tables {
    pub(super) file: TensorFile,
    entities: Vocabulary,
    relations: Vocabulary,
}

/// The tables whose rows are entities, or those whose rows are relations.
pub(super) struct Owned<'a> {
    pub(super) file: &'a TensorFile,
    /// `entities` or `relations`.
    pub(super) title: &'static str,
    pub(super) names: &'a Vocabulary,
    /// Each table or part of one, with its name: `v.re`.
    pub(super) columns: Vec<(&'a TensorEntry, &'a str)>,
}

impl Tables {
    /// Opens the tables of a run that has ended.
    pub(super) fn open(run: &RunFolder) -> Result<Self> {
        let path = run.embeddings()?;
        let tables = Self { file: TensorFile::open(&path)?, entities: run.entities()?, relations: run.relations()? };
        for owned in tables.by_owner() {
            let (title, names) = (owned.title, owned.names.len());
            if let Some((tensor, _)) = owned.columns.iter().find(|(tensor, _)| tensor.rows() != names) {
                let what = format!("`{}` has {} rows for {names} {title}", tensor.name, tensor.rows());
                return Err(RunError::Damaged { path, what }.into());
            }
        }
        Ok(tables)
    }

    /// The tables of entities and those of relations, where there are any.
    pub(super) fn by_owner(&self) -> impl Iterator<Item = Owned<'_>> {
        let owners = [(Owner::Entity, "entities", &self.entities), (Owner::Relation, "relations", &self.relations)];
        owners.into_iter().filter_map(|(owner, title, names)| {
            let column = |tensor| match TensorEntry::owner(tensor) {
                Some((its, slot)) if its == owner => Some((tensor, slot)),
                _ => None,
            };
            let columns: Vec<_> = self.file.tensors().iter().filter_map(column).collect();
            (!columns.is_empty()).then_some(Owned { file: &self.file, title, names, columns })
        })
    }
}

/// Rows of an export that are in memory at a time, at most: about 4 MiB of them.
pub(super) fn rows_at_a_time(row_len: usize) -> usize {
    ((1 << 20) / row_len.max(1)).clamp(1, 1 << 12)
}
