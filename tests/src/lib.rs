//! The corpus, goldens and cross-target tests of sptx.
//!
//! [`Case`] is one score with tables and a batch; [`Case::check`] holds an engine against the f64 interpreter on it.

mod adapter;
mod case;
mod corpus;
mod executor;
mod lane;
mod ptx;
mod schedules;

pub use adapter::adapter;
pub use case::{Case, Disagreement};
pub use corpus::{lowered, papers, random_scores, some_random_scores, zoo};
pub use executor::Executor;
pub use lane::{
    Lane, TOLERANCE, TOLERANCE_OF_WGSL, artifacts_of, assert_repeats, bits, check, dims, disagreements, has_rounds_for,
    kernels, one_of, skip,
};
pub use ptx::PtxMachine;
pub use schedules::{
    RESIDENT_THREADS, STRATEGY_LAYOUTS, grouping, persistent, schedules, schedules_run_on, staging, strategies,
};

/// The examples of README compile, and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
