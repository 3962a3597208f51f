//! Datasets, samplers, losses, optimizers and evaluation for knowledge graph embeddings.

mod error;

mod philox;

mod dataset;

mod filter;

mod category;

mod sampler;

mod evaluate;

mod config;

mod loss;

mod schedule;

mod reciprocal;

mod regime;

mod dropout;

mod initialize;

mod batch;

mod score;

mod predict;

mod questions;

mod neighbours;

mod run_error;

mod atomic;

mod lock;

mod tensors;

mod tensor_file;

mod trainer;

mod checkpoint;

mod manifest;

mod run_folder;

mod export;

mod report;

mod tensorboard;

pub mod search;

pub use atomic::AtomicFile;
pub use category::{Cardinality, Category};
pub use config::{
    CheckpointConfig, Config, ConfigError, DropoutConfig, EvaluationConfig, InitialConfig, LogQ, LossConfig, LossName,
    MetricName, ModelReference, OptimizerConfig, OptimizerName, OutputsConfig, Reduction, RegimeConfig, RegimeName,
    RegularizerConfig, SamplerConfig, ScheduleConfig, ScheduleName, Sides, ValidationConfig,
};
pub use dataset::{Dataset, Split, SplitSummary, Summary, Triple, Vocabulary, Warning};
pub use error::{ColumnHint, Columns, Error, IdHint, Kind, Number, Place, Result};
pub use evaluate::{
    Asked, CandidateScorer, EvaluateOptions, Evaluator, Metrics, Prediction, Query, Rank, RankMetrics, Ranks, Side,
    SideMetrics, TieMetrics, rank, top_k, top_k_many,
};
pub use export::{ExportFormat, export};
pub use filter::KnownTriples;
pub use initialize::initialize;
pub use loss::{Loss, LossValue};
pub use manifest::{DatasetEntry, Machine, Manifest, ModelEntry};
pub use neighbours::{Metric, Neighbour, nearest};
pub use philox::{Purpose, Stream, bounded, normal_f64, philox4x32_10, uniform_f32, uniform_f64};
pub use predict::{Answer, PredictOptions, Question, predict, predict_many, predict_with};
pub use questions::Questions;
pub use report::write_report;
pub use run_error::RunError;
pub use run_folder::RunFolder;
pub use sampler::{Corruption, NegativeSet, Negatives, Sampler, SamplerOptions, epoch_order, shared_negatives};
pub use schedule::Schedule;
pub use score::{DeviceScorer, EngineScorer, RelationScorer};
pub use trainer::{EpochRecord, Observer, Outcome, Silent, Trainer, Validation};
