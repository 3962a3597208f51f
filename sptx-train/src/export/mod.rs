//! A run's tables in the formats of other programs.
//!
//! | Format | Files |
//! |---|---|
//! | `safetensors` | `embeddings.safetensors`, `entities.tsv`, `relations.tsv` |
//! | `npy` | `entity.v.npy` and so on, one for each table or part of one; `entities.tsv`, `relations.tsv` |
//! | `parquet` | `entities.parquet`, `relations.parquet`: `id`, `name`, a column for each table or part |
//! | `projector` | `entities/vectors.tsv`, `entities/metadata.tsv`, and the same for relations |
//!
//! The parts of complex tables are named as the model names them: `entity.v.re`, `entity.v.im`. Rows are read from the
//! run's folder as they are written, so that an export needs the memory of a few thousand rows and not that of a table.

mod npy;
mod parquet;
mod projector;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sptx_runtime::program::Owner;

use crate::atomic;
use crate::dataset::Vocabulary;
use crate::error::{Error, Result};
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensor_file::{TensorEntry, TensorFile};

/// A format that tables are exported in.
///
/// ```
/// use sptx_train::ExportFormat;
/// assert_eq!("npy".parse::<ExportFormat>().unwrap(), ExportFormat::Npy);
/// assert_eq!(
///     "numpy".parse::<ExportFormat>().unwrap_err().to_string(),
///     "no format is named `numpy`; there are `safetensors`, `npy`, `parquet` and `projector`",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The tables as the run has them, with the names beside.
    Safetensors,
    /// Arrays of NumPy, with the names beside.
    Npy,
    /// Apache Parquet: a row for each entity or relation.
    Parquet,
    /// The text files of TensorFlow's embedding projector.
    Projector,
}

impl ExportFormat {
    /// The formats, in the order they are documented in.
    pub const ALL: [ExportFormat; 4] =
        [ExportFormat::Safetensors, ExportFormat::Npy, ExportFormat::Parquet, ExportFormat::Projector];

    /// The format's name.
    pub fn name(self) -> &'static str {
        match self {
            ExportFormat::Safetensors => "safetensors",
            ExportFormat::Npy => "npy",
            ExportFormat::Parquet => "parquet",
            ExportFormat::Projector => "projector",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExportFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = ExportFormat::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| RunError::UnknownFormat { name: name.to_owned() }.into())
    }
}

/// Writes the tables of a run that has ended into a folder, which is made where it is missing, and gives the paths of
/// the files. Each file is there whole or not at all; files of an earlier export are replaced.
///
/// # Errors
/// When the run has not ended, its files are damaged, or the folder cannot be written.
///
/// ```
/// # use std::sync::Arc;
/// # use sptx_train::{Config, Dataset, RunFolder, Silent, Trainer};
/// use sptx_train::{ExportFormat, export};
/// # let path = tempfile::tempdir().unwrap();
/// # let dataset = Arc::new(Dataset::from_texts("toy", "a\tr\tb\nb\tr\tc\n", "", "").unwrap());
/// # let compiled = (kernels_generated::find("complex").unwrap().load)(&[]).unwrap();
/// # let config = Config { dim: 4, epochs: 1, ..Config::defaults_for("complex") };
/// # let mut trainer = Trainer::new(compiled, dataset, config).unwrap();
/// # trainer.keep_in(RunFolder::create(path.path().join("run")).unwrap(), None).unwrap();
/// # trainer.train(&mut Silent).unwrap();
/// # trainer.finish(None).unwrap();
/// let run = RunFolder::open(path.path().join("run")).unwrap();
/// let files = export(&run, ExportFormat::Npy, &path.path().join("arrays")).unwrap();
/// assert!(files[0].ends_with("arrays/entity.v.re.npy"));
/// ```
pub fn export(run: &RunFolder, format: ExportFormat, folder: &Path) -> Result<Vec<PathBuf>> {
    let tables = Tables::open(run)?;
    make_folder(folder)?;
    let files = match format {
        ExportFormat::Safetensors => safetensors(run, folder),
        ExportFormat::Npy => npy::write(run, &tables.file, folder),
        ExportFormat::Parquet => parquet::write(&tables, folder),
        ExportFormat::Projector => projector::write(&tables, folder),
    }?;
    Ok(files)
}

/// Rows of an export that are in memory at a time, at most: about 4 MiB of them.
fn rows_at_a_time(row_len: usize) -> usize {
    ((1 << 20) / row_len.max(1)).clamp(1, 1 << 12)
}

/// The tables of a run, with the names of their rows.
struct Tables {
    file: TensorFile,
    entities: Vocabulary,
    relations: Vocabulary,
}

/// The tables whose rows are entities, or those whose rows are relations.
struct Owned<'a> {
    file: &'a TensorFile,
    /// `entities` or `relations`.
    title: &'static str,
    names: &'a Vocabulary,
    /// Each table or part of one, with its name: `v.re`.
    columns: Vec<(&'a TensorEntry, &'a str)>,
}

impl Tables {
    fn open(run: &RunFolder) -> Result<Self> {
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
    fn by_owner(&self) -> impl Iterator<Item = Owned<'_>> {
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

fn make_folder(path: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(path).map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// The run's own file, with the names beside.
fn safetensors(run: &RunFolder, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let tables = copy(run, RunFolder::EMBEDDINGS, folder)?;
    Ok([vec![tables], copy_names(run, folder)?].concat())
}

/// Copies the files of names: id TAB name.
fn copy_names(run: &RunFolder, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    [RunFolder::ENTITIES, RunFolder::RELATIONS].map(|name| copy(run, name, folder)).into_iter().collect()
}

fn copy(run: &RunFolder, name: &str, folder: &Path) -> Result<PathBuf, RunError> {
    let (from, to) = (run.file(name), folder.join(name));
    let mut source = std::fs::File::open(&from).map_err(|source| RunError::Read { path: from.clone(), source })?;
    atomic::write(&to, |out| io::copy(&mut source, out).map(|_| ()))?;
    Ok(to)
}

/// Writes a file whose content comes from another that may not be readable either.
fn write_from(
    path: PathBuf,
    content: impl FnOnce(&mut atomic::Sink<'_>) -> Result<(), Failure>,
) -> Result<PathBuf, RunError> {
    let mut unread = None;
    let written = atomic::write(&path, |out| {
        content(out).map_err(|failure| match failure {
            Failure::Read(error) => {
                unread = Some(error);
                io::ErrorKind::Other.into()
            }
            Failure::Write(error) => error,
        })
    });
    match unread {
        Some(error) => Err(error),
        None => written.map(|()| path),
    }
}

/// Which end of an export failed.
enum Failure {
    Read(RunError),
    Write(io::Error),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
