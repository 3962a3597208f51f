//! Datasets, samplers, losses, optimizers and evaluation for knowledge graph embeddings.

mod error;

mod philox;

mod dataset;

pub use dataset::{Dataset, Split, SplitSummary, Summary, Triple, Vocabulary, Warning};
pub use error::{ColumnHint, Columns, Error, IdHint, Kind, Number, Place, Result};
pub use philox::{Purpose, Stream, bounded, normal_f64, philox4x32_10, uniform_f32, uniform_f64};
