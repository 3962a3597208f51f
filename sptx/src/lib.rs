//! Knowledge graph embeddings from score functions you declare.
//!
//! A person writes one score function; the compiler derives the sparse incidence form, the gradient and the kernels, and
//! the trainer learns the tables. This crate is the door to all of it and holds no logic of its own:
//!
//! - [`dsl`]: the `score!` and `semiring!` macros.
//! - [`codegen`]: the compiler behind them, as a library.
//! - [`runtime`]: tables, devices, kernels.
//! - [`train`]: datasets, training, evaluation, prediction.
//! - [`models`]: a model by the name it has in the zoo, or by its `.sptx` file.
//! - [`gpu`]: a GPU by its name, whatever reaches it.
//! - [`bundled`]: a graph to begin with.
//!
//! ```
//! use std::sync::Arc;
//! use sptx::dsl::score;
//! use sptx::train::{Config, Silent, Trainer};
//!
//! score! {
//!     pub Mine {
//!         entity    { v: real[d] }
//!         relation  { v: real[d] }
//!         incidence x = h.v + r.v - t.v;
//!         score     = -sq_norm2(x);
//!     }
//! }
//!
//! # fn main() -> Result<(), sptx::train::Error> {
//! let countries = Arc::new(sptx::bundled::countries()?);
//! let config = Config { dim: 16, epochs: 2, ..Config::default() };
//! let mut trainer = Trainer::new(Mine::compiled(), Arc::clone(&countries), config)?;
//! trainer.train(&mut Silent)?;
//! let test = trainer.finish(None)?[&sptx::train::Split::Test].both.realistic;
//! assert!(test.mean_reciprocal_rank > 0.0);
//! # Ok(())
//! # }
//! ```
//! The code that the macros make names `::sptx_runtime`, so a crate that uses them depends on `sptx-runtime` as well.
//!
//! The same from a shell: `sptx train`, `sptx eval`, `sptx predict`; see `sptx help`.

pub mod bundled;
pub mod gpu;
pub mod models;

pub use sptx_codegen as codegen;
pub use sptx_dsl as dsl;
pub use sptx_runtime as runtime;
pub use sptx_train as train;
