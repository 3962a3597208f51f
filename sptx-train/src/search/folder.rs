//! The folder of a search: its space, its memory, and its runs.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::SearchError;
use super::leaderboard::Leaderboard;
use super::record::Record;
use super::space::Space;
use crate::atomic;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::lock;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;

/// A folder that one process at a time searches in.
#[derive(Debug)]
pub(super) struct SearchFolder {
    path: PathBuf,
    /// Keeps other processes away.
    _lock: File,
}

impl SearchFolder {
    const SPACE: &str = "search.toml";
    const RECORDS: &str = "leaderboard.jsonl";
    const LEADERBOARD: &str = "leaderboard.json";
    const BEST: &str = "best.toml";
    const TRIALS: &str = "trials";

    /// Makes the folder of a new search, or opens that of an earlier one, whose space must be the same.
    pub(super) fn open(path: &Path, space: &Space) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|source| RunError::Write { path: path.to_owned(), source })?;
        let folder = Self { path: path.to_owned(), _lock: lock::folder(path)? };
        atomic::remove_unfinished(path).map_err(|source| RunError::Write { path: path.to_owned(), source })?;
        let kept = folder.file(Self::SPACE);
        if kept.is_file() {
            if let Some(what) = Space::load(&kept)?.difference(space) {
                return Err(SearchError::SpaceChanged { path: folder.path, what }.into());
            }
        } else if let Some(found) = folder.stranger()? {
            return Err(SearchError::NotEmpty { path: folder.path, found }.into());
        }
        folder.write(Self::SPACE, space.text())?;
        Ok(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Something in a folder that holds no search.
    fn stranger(&self) -> Result<Option<String>, RunError> {
        let cannot_read = |source| RunError::Read { path: self.path.clone(), source };
        let mut entries = std::fs::read_dir(&self.path).map_err(cannot_read)?;
        let first = entries.next().transpose().map_err(cannot_read)?;
        Ok(first.map(|entry| entry.file_name().to_string_lossy().into_owned()))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), RunError> {
        atomic::write(&self.file(name), |out| out.write_all(text.as_bytes()))
    }

    /// Where a trial's run is kept.
    pub(super) fn trial(&self, trial: u32) -> PathBuf {
        self.file(Self::TRIALS).join(format!("{trial:04}"))
    }

    /// What is remembered.
    pub(super) fn records(&self) -> Result<Vec<Record>> {
        let path = self.file(Self::RECORDS);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(&path).map_err(|source| RunError::Read { path: path.clone(), source })?;
        let read = |(index, line): (usize, &str)| {
            let damaged = |error: serde_json::Error| {
                SearchError::Damaged { path: path.clone(), line: index + 1, what: error.to_string() }.into()
            };
            serde_json::from_str(line).map_err(damaged)
        };
        text.lines().enumerate().map(read).collect()
    }

    /// Remembers.
    pub(super) fn set_records(&self, records: &[Record]) -> Result<(), RunError> {
        atomic::write(&self.file(Self::RECORDS), |out| {
            for record in records {
                serde_json::to_writer(&mut *out, record)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// Checks that the runs there are were made from this dataset.
    pub(super) fn check_dataset(&self, trials: u32, dataset: &Dataset) -> Result<()> {
        let begun = (0..trials).map(|trial| self.trial(trial)).find(|run| run.join(RunFolder::MANIFEST).is_file());
        match begun {
            Some(run) if RunFolder::open(&run)?.manifest()?.dataset.digest != dataset.digest() => {
                Err(SearchError::DatasetChanged { path: self.path.clone() }.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes what has come out: the leaderboard, and the configuration of the best trial, where there is one.
    pub(super) fn write_results(&self, leaderboard: &Leaderboard, best: Option<&str>) -> Result<(), RunError> {
        atomic::write(&self.file(Self::LEADERBOARD), |out| {
            serde_json::to_writer_pretty(&mut *out, leaderboard)?;
            out.write_all(b"\n")
        })?;
        best.map_or(Ok(()), |best| self.write(Self::BEST, best))
    }

    /// Where the best configuration is written.
    pub(super) fn best(&self) -> PathBuf {
        self.file(Self::BEST)
    }

    /// Where the folder is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
