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

mod files;
mod tables;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::run_error::RunError;
use crate::run_folder::RunFolder;

use files::{copy, copy_names, make_folder};
use tables::Tables;

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

/// The run's own file, with the names beside.
fn safetensors(run: &RunFolder, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let tables = copy(run, RunFolder::EMBEDDINGS, folder)?;
    Ok([vec![tables], copy_names(run, folder)?].concat())
}
