//! The corpus, goldens and cross-target tests of sptx.
//!
//! [`Case`] is one score with tables and a batch; [`Case::check`] holds an engine against the f64 interpreter on it.

mod case;
mod corpus;
mod executor;

pub use case::{Case, Disagreement};
pub use corpus::{lowered, papers, random_scores, some_random_scores, zoo};
pub use executor::Executor;

/// The examples of README compile, and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
