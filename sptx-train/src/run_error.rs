//! What can go wrong with a run: while it trains, and with its folder.

use std::fmt;
use std::io;
use std::path::PathBuf;

use sptx_runtime::gpu::DeviceError;

/// A failure of a training run, with the mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A score or the loss is not a finite number.
    #[error(
        "epoch {epoch}, batch {batch}: the loss is {loss}, because {}; training stopped {}. Lower \
         `optimizer.learning_rate`, or bound the rows with `where max_norm(1)`",
        NonFinite(tables),
        if *changed { "soon after" } else { "before the batch changed anything" }
    )]
    NonFinite {
        /// The epoch, from 1.
        epoch: u32,
        /// The batch within the epoch, from 1.
        batch: u32,
        /// The loss.
        loss: f64,
        /// The tables with values that are not finite, each with the number of such rows and the first of them.
        tables: Vec<(String, usize, usize)>,
        /// Whether parameters were changed by the batch: a device makes steps before their losses are known. What the
        /// last checkpoint has is from before.
        changed: bool,
    },
    /// What a device makes no steps of.
    #[error("GPUs do not train with {what}; change it, or train with `--device cpu`")]
    NotOnDevice {
        /// The setting, and what they do.
        what: String,
    },
    /// A device without room for the tables or for a batch.
    #[error(
        "the device has no room for {bytes} more bytes, for a model with batches of {triples} triples: {reason}; lower \
         `batch_size`, `negatives` or `dim`, or train with `--device cpu`"
    )]
    NoRoomOnDevice {
        /// How much was asked for.
        bytes: u64,
        /// What the device says.
        reason: String,
        /// Triples of a batch, negatives included.
        triples: u64,
    },
    /// A device that failed while it trained.
    #[error(
        "epoch {epoch}: {source}; what the last checkpoint has is intact: resume the run, on this device or on another"
    )]
    DeviceFailed {
        /// The epoch, from 1.
        epoch: u32,
        /// What happened.
        source: DeviceError,
    },
    /// A file could not be written.
    #[error("{}: cannot write: {source}{}", path.display(), mend(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of a run could not be read.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder that holds other things.
    #[error("{}: the folder is not empty and holds no run (it has `{found}`); choose a new folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// One of the things.
        found: String,
    },
    /// A folder that holds a run already.
    #[error("{}: the folder holds a run already; resume it, or choose a new folder", path.display())]
    AlreadyARun {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that another process trains into.
    #[error("{}: another process is training into this folder; wait for it, or choose another", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that holds no run.
    #[error("{}: no run here: `{missing}` is missing", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What a run would have.
        missing: String,
    },
    /// A run that has not ended.
    #[error("{}: the run has not ended: it has no `embeddings.safetensors` yet; resume it", path.display())]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },
    /// A name that is no format of exports.
    #[error("no format is named `{name}`; there are `safetensors`, `npy`, `parquet` and `projector`")]
    UnknownFormat {
        /// The name.
        name: String,
    },
    /// A file that is not what a run writes.
    #[error("{}: damaged: {what}; restore the file, or begin a new run", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A run resumed with other settings.
    #[error(
        "{}: the run cannot go on with other settings: {}; set them back, or begin a new run \
         (only `epochs` (unless the learning rate falls until the last of them), `threads`, `device`, `checkpoint`, \
         `evaluation`, `outputs` and the path in `data` may change)",
        path.display(),
        differences.join(", ")
    )]
    ConfigChanged {
        /// The folder.
        path: PathBuf,
        /// The settings that differ.
        differences: Vec<String>,
    },
    /// A run resumed to end before where it is.
    #[error("{}: the run has done {done} epochs already, more than the {asked} asked for", path.display())]
    FewerEpochs {
        /// The folder.
        path: PathBuf,
        /// Epochs done.
        done: u32,
        /// Epochs asked for.
        asked: u32,
    },
    /// A run resumed with another dataset or another model.
    #[error("{}: {what} is not the one that the run began with; restore it, or begin a new run", path.display())]
    InputChanged {
        /// The folder.
        path: PathBuf,
        /// `the dataset` or `the model`.
        what: &'static str,
    },
    /// Tables that do not fit in memory.
    #[error(
        "the model has {numbers} parameters, which need {:.1} GB in training: more than there is; lower `dim`, or \
         choose an optimizer that keeps less, such as `row-adagrad`",
        *bytes as f64 / 1e9
    )]
    TooLarge {
        /// Numbers in its tables.
        numbers: u64,
        /// Bytes that training takes.
        bytes: u64,
    },
    /// More training triples than positions of 32 bits.
    #[error("{count} training triples, or queries, are too many: an epoch has fewer than 2^32")]
    TooManyTriples {
        /// How many.
        count: usize,
    },
    /// Inverse relations asked for where the dataset has them.
    #[error(
        "the dataset has inverse relations already: `{inverse}` holds the triples of `{relation}` turned round, and so \
         it is with {pairs} pairs of its {relations} relations; set `reciprocal` to false and `regime.sides` to `tail`"
    )]
    AlreadyReciprocal {
        /// A relation.
        relation: String,
        /// Its inverse.
        inverse: String,
        /// How many such pairs there are.
        pairs: usize,
        /// Relations of the dataset.
        relations: usize,
    },
    /// An inverse relation whose name another relation has.
    #[error(
        "the inverse of `{name}` would be called `{inverse}`, as another relation of the dataset is; rename that one, \
         or set `reciprocal` to false"
    )]
    InverseNamed {
        /// The relation.
        name: String,
        /// The name of its inverse.
        inverse: String,
    },
}

fn mend(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and resume the run: what was saved before is intact"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that you may write to"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "; a file is in the way: choose another folder",
        _ => "",
    }
}

struct NonFinite<'a>(&'a [(String, usize, usize)]);

impl fmt::Display for NonFinite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("a score overflowed (every table is finite)");
        }
        for (index, (table, rows, first)) in self.0.iter().enumerate() {
            let joint = if index == 0 { "" } else { " and " };
            write!(f, "{joint}`{table}` is not finite in {rows} rows, the first of them row {first}")?;
        }
        Ok(())
    }
}
