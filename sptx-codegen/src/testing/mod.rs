//! Scores for tests: a compact way to build them, some models, and random ones with random rows.

mod kinks;
mod models;
mod random;
mod sketch;

pub use kinks::has_kink;
pub use random::{Random, random_rows, random_score};
pub use sketch::{Sketch, rows_of};
