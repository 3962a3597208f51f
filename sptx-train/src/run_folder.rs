//! Run folders: where a run is kept, and models come back from.
//!
//! | File | What it holds |
//! |---|---|
//! | `config.toml` | the configuration, every key |
//! | `manifest.json` | digests, seed, versions, machine, times |
//! | `entities.tsv`, `relations.tsv` | id TAB name; inverse relations, where there are any, after the relations |
//! | `model.sptx` | the model's declaration, where it is the user's own |
//! | `trace.jsonl` | a line for each epoch |
//! | `checkpoint.safetensors` | what a resumed run needs |
//! | `embeddings.safetensors` | the tables, once training has ended |
//! | `metrics.json` | the metrics of each split, once training has ended |
//! | `report.html` | all of it to look at, once training has ended or when asked for |
//! | `tensorboard` | a folder of the epochs for TensorBoard, where the configuration asks for it |

mod embeddings;
mod reopen;
mod trace;

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sptx_runtime::cpu::Engine;
use sptx_runtime::program::Model;

use crate::atomic;
use crate::config::Config;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::lock;
use crate::manifest::{Manifest, model_digest};
use crate::reciprocal;
use crate::run_error::RunError;

/// A folder that keeps one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The configuration's file.
    pub const CONFIG: &str = "config.toml";
    /// The manifest's file.
    pub const MANIFEST: &str = "manifest.json";
    /// The names of the entities.
    pub const ENTITIES: &str = "entities.tsv";
    /// The names of the relations.
    pub const RELATIONS: &str = "relations.tsv";
    /// The model's declaration.
    pub const MODEL: &str = "model.sptx";
    /// A line for each epoch.
    pub const TRACE: &str = "trace.jsonl";
    /// What a resumed run needs.
    pub const CHECKPOINT: &str = "checkpoint.safetensors";
    /// The tables.
    pub const EMBEDDINGS: &str = "embeddings.safetensors";
    /// The metrics of each split.
    pub const METRICS: &str = "metrics.json";
    /// The run to look at, in a browser.
    pub const REPORT: &str = "report.html";
    /// The folder of the epochs as TensorBoard reads them.
    pub const TENSORBOARD: &str = "tensorboard";

    /// Files that are written before a run has begun, the manifest being the last.
    const BEFORE: [&str; 4] = [Self::ENTITIES, Self::RELATIONS, Self::MODEL, Self::CONFIG];

    /// Makes a folder for a new run, with the folders above it, and checks that it can be written.
    ///
    /// # Errors
    /// When it cannot be made or written, or holds a run or anything else.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let folder = Self { path: path.into() };
        let cannot_write = |source| RunError::Write { path: folder.path.clone(), source };
        std::fs::create_dir_all(&folder.path).map_err(cannot_write)?;
        if folder.file(Self::MANIFEST).exists() {
            return Err(RunError::AlreadyARun { path: folder.path }.into());
        }
        if let Some(found) = folder.stranger()? {
            return Err(RunError::NotEmpty { path: folder.path, found }.into());
        }
        folder.clean()?;
        tempfile::tempfile_in(&folder.path).map_err(cannot_write)?;
        Ok(folder)
    }

    /// The folder of an earlier run.
    ///
    /// # Errors
    /// When it holds none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let folder = Self { path: path.into() };
        for needed in [Self::CONFIG, Self::MANIFEST, Self::ENTITIES, Self::RELATIONS] {
            if !folder.file(needed).is_file() {
                return Err(RunError::NotARun { path: folder.path, missing: needed.to_owned() }.into());
            }
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Keeps other processes from training into the folder for as long as what it returns lives.
    pub(crate) fn lock(&self) -> Result<File, RunError> {
        lock::folder(&self.path)
    }

    /// An ended run has a checkpoint, without which it would begin anew over what it has.
    pub(crate) fn check_not_ended(&self) -> Result<()> {
        if self.manifest()?.ended.is_some() {
            let what = "the run has ended, but its checkpoint is missing".to_owned();
            return Err(RunError::Damaged { path: self.file(Self::CHECKPOINT), what }.into());
        }
        Ok(())
    }

    /// Says in the manifest that the run goes on: its tables are about to change.
    pub(crate) fn mark_open(&self) -> Result<()> {
        let manifest = Manifest { ended: None, embeddings: None, ..self.manifest()? };
        Ok(self.write_json(Self::MANIFEST, &manifest)?)
    }

    /// Something in the folder that no run that was killed at its very beginning leaves.
    fn stranger(&self) -> Result<Option<String>, RunError> {
        let cannot_read = |source| RunError::Read { path: self.path.clone(), source };
        for entry in std::fs::read_dir(&self.path).map_err(cannot_read)? {
            let name = entry.map_err(cannot_read)?.file_name().to_string_lossy().into_owned();
            if !atomic::is_unfinished(&name) && !Self::BEFORE.contains(&name.as_str()) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Removes what killed processes left unfinished.
    pub(crate) fn clean(&self) -> Result<(), RunError> {
        atomic::remove_unfinished(&self.path).map_err(|source| RunError::Write { path: self.path.clone(), source })
    }

    /// Writes what is known before the first step.
    pub(crate) fn begin(
        &self,
        engine: &Engine,
        dataset: &Dataset,
        config: &Config,
        source: Option<&str>,
    ) -> Result<()> {
        if self.file(Self::MANIFEST).exists() {
            return Err(RunError::AlreadyARun { path: self.path.clone() }.into());
        }
        self.write_names(Self::ENTITIES, dataset.entities().iter())?;
        match config.reciprocal {
            true => self.write_names(Self::RELATIONS, reciprocal::names(dataset.relations()).iter())?,
            false => self.write_names(Self::RELATIONS, dataset.relations().iter())?,
        }
        if let Some(source) = source {
            atomic::write(&self.file(Self::MODEL), |out| out.write_all(source.as_bytes()))?;
        }
        self.set_config(config)?;
        // The manifest is the last: where it is, everything before it is.
        Ok(self.write_json(Self::MANIFEST, &Manifest::new(engine, dataset, config))?)
    }

    fn write_names(&self, file: &str, names: impl Iterator<Item = impl Display>) -> Result<(), RunError> {
        let mut lines = names.enumerate();
        atomic::write(&self.file(file), |out| lines.try_for_each(|(id, name)| writeln!(out, "{id}\t{name}")))
    }

    /// Writes the configuration.
    pub(crate) fn set_config(&self, config: &Config) -> Result<()> {
        let text = config.to_toml()?;
        Ok(atomic::write(&self.file(Self::CONFIG), |out| out.write_all(text.as_bytes()))?)
    }

    /// The run's configuration.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn config(&self) -> Result<Config> {
        let path = self.file(Self::CONFIG);
        let config = Config::load(&path)?;
        if config.model.name.is_empty() {
            return Err(RunError::Damaged { path, what: "it names no model".to_owned() }.into());
        }
        Ok(config)
    }

    /// The run's manifest.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn manifest(&self) -> Result<Manifest> {
        Ok(self.read_json(Self::MANIFEST)?)
    }

    /// Writes a file of JSON, whole or not at all.
    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        atomic::write(&self.file(name), |out| {
            serde_json::to_writer_pretty(&mut *out, value)?;
            out.write_all(b"\n")
        })
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunError> {
        let path = self.file(name);
        let text = std::fs::read(&path).map_err(|source| RunError::Read { path: path.clone(), source })?;
        serde_json::from_slice(&text).map_err(|error| RunError::Damaged { path, what: error.to_string() })
    }

    /// Checks that a run may go on with these.
    pub(crate) fn check_same(&self, model: &Model, dataset: &Dataset, config: &Config) -> Result<()> {
        let changed = |what| Err(RunError::InputChanged { path: self.path.clone(), what }.into());
        let differences = self.config()?.differences(config);
        if !differences.is_empty() {
            return Err(RunError::ConfigChanged { path: self.path.clone(), differences }.into());
        }
        let manifest = self.manifest()?;
        match () {
            () if manifest.dataset.digest != dataset.digest() => changed("the dataset"),
            () if manifest.model.digest != model_digest(model) => changed("the model"),
            () => Ok(()),
        }
    }

    /// Adds a line to the trace, of which `bytes` are good. Returns how many then are.
    pub(crate) fn append_trace(&self, bytes: u64, record: &impl Serialize) -> Result<u64, RunError> {
        self.trace(|file| {
            let mut line = serde_json::to_vec(record)?;
            line.push(b'\n');
            file.seek(SeekFrom::Start(bytes))?;
            if let Err(error) = file.write_all(&line) {
                // Half a line would be worse than none; where even this fails, a resumed run does it.
                let _ = file.set_len(bytes);
                return Err(error);
            }
            Ok(bytes + line.len() as u64)
        })
    }

    /// Drops what the trace has beyond `bytes`. Returns how many are left.
    pub(crate) fn truncate_trace(&self, bytes: u64) -> Result<u64, RunError> {
        self.trace(|file| {
            let kept = bytes.min(file.metadata()?.len());
            file.set_len(kept)?;
            Ok(kept)
        })
    }

    /// Makes sure that the trace is on the disk before a checkpoint counts its bytes.
    pub(crate) fn sync_trace(&self) -> Result<(), RunError> {
        self.trace(|file| file.sync_all())
    }

    fn trace<T>(&self, work: impl FnOnce(&mut File) -> io::Result<T>) -> Result<T, RunError> {
        let path = self.file(Self::TRACE);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        open.and_then(|mut file| work(&mut file)).map_err(|source| RunError::Write { path, source })
    }
}
