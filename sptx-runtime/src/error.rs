//! What can go wrong at run time.

use crate::gpu::DeviceError;
use crate::program::BindError;

/// An error of the runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Dimensions do not fit the model.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A GPU's device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A matrix that must be square is not.
    #[error("`{plane}` is declared symmetric, so its two dimensions must be equal; they are {rows} and {columns}")]
    NotSquare {
        /// The plane's name.
        plane: String,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// A row number outside its table.
    #[error("{side} {index} is out of range: the table has {count} rows")]
    IndexOutOfRange {
        /// `head`, `relation` or `tail`.
        side: &'static str,
        /// The row number.
        index: u32,
        /// Rows of the table.
        count: usize,
    },
    /// Columns of a batch of different lengths.
    #[error("a batch needs as many heads as relations and tails; it has {heads}, {relations} and {tails}")]
    UnequalBatch {
        /// Number of heads.
        heads: usize,
        /// Number of relations.
        relations: usize,
        /// Number of tails.
        tails: usize,
    },
    /// Lists of a block of different lengths.
    #[error(
        "a block needs as many relations and answers as queries; it has {queries} queries, {relations} relations and \
         {answers} answers"
    )]
    UnequalBlock {
        /// Number of queries.
        queries: usize,
        /// Number of relations.
        relations: usize,
        /// Number of answers.
        answers: usize,
    },
    /// A block that asks for relations.
    #[error("a block asks for heads or for tails, not for relations")]
    RelationBlock,
    /// A block whose pairs are triples and no more.
    #[error(
        "the score of {model} does not split where a {missing} is missing, so there are no gradients over its blocks"
    )]
    NoSplit {
        /// The model.
        model: String,
        /// `head` or `tail`.
        missing: &'static str,
    },
    /// A parameter the model does not have.
    #[error("{model} has no parameter `{name}`{}", if known.is_empty() { "; it has none".to_owned() } else { format!("; it has {known}") })]
    UnknownParameter {
        /// The model.
        model: String,
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// More threads than are of any use.
    #[error("{threads} threads are too many: at most {most}; 0 takes as many as the machine has")]
    TooManyThreads {
        /// How many were asked for.
        threads: usize,
        /// How many there may be.
        most: usize,
    },
    /// Threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}
