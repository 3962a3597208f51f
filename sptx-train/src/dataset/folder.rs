//! Which of the files in a folder hold a dataset.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The names in a folder.
pub(super) struct Folder {
    path: PathBuf,
    names: Vec<String>,
}

impl Folder {
    /// Lists the folder at `path`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(read)? {
            names.push(entry.map_err(read)?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(Folder { path: path.to_owned(), names })
    }

    /// The folder's own name, which names the dataset.
    pub(super) fn name(&self) -> String {
        let absolute = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        absolute.file_name().map_or_else(|| "dataset".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// The first of `candidates` that is here, plain or with `.gz` after it.
    pub(super) fn find(&self, candidates: &[&str]) -> Option<PathBuf> {
        let compressed = candidates.iter().map(|name| format!("{name}.gz"));
        let mut names = candidates.iter().map(|name| (*name).to_owned()).chain(compressed);
        names.find(|name| self.names.binary_search(name).is_ok()).map(|name| self.path.join(name))
    }

    /// As [`Folder::find`], for a file that must be here.
    pub(super) fn require(&self, candidates: &[&str]) -> Result<PathBuf> {
        self.find(candidates).ok_or_else(|| self.missing(&quoted(candidates)))
    }

    /// The error of a folder without a file that it must have.
    pub(super) fn missing(&self, expected: &str) -> Error {
        Error::MissingFile {
            folder: self.path.clone(),
            expected: format!("{expected} (or the same with `.gz`)"),
            found: self.names.clone(),
        }
    }
}

/// The names as a list to read.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
