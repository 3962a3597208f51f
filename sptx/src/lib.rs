//! Knowledge graph embeddings from score functions you declare.
//!
//! A person writes one score function; the compiler derives the sparse incidence form, the gradient and the kernels, and
//! the trainer learns the tables. This crate is the door to all of it and holds no logic of its own:
//!
//! - [`dsl`]: the `score!` and `semiring!` macros. - [`codegen`]: the compiler behind them, as a library.
//! - [`runtime`]: tables, devices, kernels. - [`train`]: datasets, training, evaluation, prediction.
//! - [`models`]: a model by the name it has in the zoo, or by its `.sptx` file. - [`bundled`]: a graph to begin with.
//!
//! ```
//! let model = sptx::models::Source::find("transe").unwrap();
//! let compiled = model.compile(&[("norm", 2.0)], sptx::models::KernelChoice::Best).unwrap();
//! assert_eq!(compiled.model.name, "TransE");
//! ```
//!
//! The same from a shell: `sptx train`, `sptx eval`, `sptx predict`; see `sptx help`.

pub mod bundled;
pub mod models;

pub use sptx_codegen as codegen;
pub use sptx_dsl as dsl;
pub use sptx_runtime as runtime;
pub use sptx_train as train;
