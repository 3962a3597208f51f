//! Datasets, samplers, losses, optimizers and evaluation for knowledge graph embeddings.

mod error;

mod philox;

mod dataset;

mod filter;

mod category;

mod sampler;

mod evaluate;

pub use category::{Cardinality, Category};
pub use dataset::{Dataset, Split, SplitSummary, Summary, Triple, Vocabulary, Warning};
pub use error::{ColumnHint, Columns, Error, IdHint, Kind, Number, Place, Result};
pub use evaluate::{
    CandidateScorer, EvaluateOptions, Evaluator, Metrics, Prediction, Query, Rank, RankMetrics, Ranks, Side,
    SideMetrics, TieMetrics, rank, top_k,
};
pub use filter::KnownTriples;
pub use philox::{Purpose, Stream, bounded, normal_f64, philox4x32_10, uniform_f32, uniform_f64};
pub use sampler::{Corruption, Negatives, Sampler, SamplerOptions, epoch_order, shared_negatives};
