//! The CPU device: batches are worked on stage by stage, stages are split over threads by column tile.
//!
//! A thread owns a tile of every table of the stage's dimension, with its gradient and its optimizer state, so a stage
//! needs no lock and no atomic operation; a triple's sums over tiles are joined in tile order; and gradients are added in
//! the order of the batch. The same bits come out for any number of threads.

mod batch;
mod block;
mod engine;
mod gemm;
mod gradients;
mod interpret;
mod matrix;
mod penalty;
mod stages;
mod state;
mod tile;
mod train;
mod update;

pub use batch::Batch;
pub(crate) use batch::compact;
pub use block::{Block, BlockLoss, Candidates, Queries, RowMask};
pub(crate) use block::{Pairs, groups};
pub use engine::{Engine, EngineOptions};
pub(crate) use engine::{bind_parameters, check_symmetric};
pub use gradients::Gradients;
pub use interpret::Interpreter;
pub use state::StateColumn;
pub(crate) use update::State;
