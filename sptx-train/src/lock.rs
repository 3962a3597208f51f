//! One process at a time works in a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::run_error::RunError;

/// Keeps other processes from working in a folder for as long as what it returns lives.
pub(crate) fn folder(path: &Path) -> Result<File, RunError> {
    let folder = File::open(path).map_err(|source| RunError::Read { path: path.to_owned(), source })?;
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => Err(RunError::InUse { path: path.to_owned() }),
        // Where the file system has no locks, runs are kept apart by their users.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(folder),
    }
}
