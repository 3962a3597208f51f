//! Files of an export, each there whole or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic::{self, Sink};
use crate::run_error::RunError;
use crate::run_folder::RunFolder;

/// Which end of an export failed.
pub(super) enum Failure {
    Read(RunError),
    Write(io::Error),
}

/// Makes a folder, with those above it, where it is missing.
pub(super) fn make_folder(path: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(path).map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// Copies the files of names: id TAB name.
pub(super) fn copy_names(run: &RunFolder, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    [RunFolder::ENTITIES, RunFolder::RELATIONS].map(|name| copy(run, name, folder)).into_iter().collect()
}

/// Copies one of a run's files.
pub(super) fn copy(run: &RunFolder, name: &str, folder: &Path) -> Result<PathBuf, RunError> {
    let (from, to) = (run.file(name), folder.join(name));
    let mut source = File::open(&from).map_err(|source| RunError::Read { path: from.clone(), source })?;
    atomic::write(&to, |out| io::copy(&mut source, out).map(|_| ()))?;
    Ok(to)
}

/// Writes a file whose content comes from another that may not be readable either.
pub(super) fn write_from(
    path: PathBuf,
    content: impl FnOnce(&mut Sink<'_>) -> Result<(), Failure>,
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
