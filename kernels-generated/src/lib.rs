//! The model zoo of sptx: declarations and the kernels compiled from them.
//!
//! The declarations are in `models/`, written by hand, each with its paper. Everything under `src/generated` is written
//! by `cargo xtask codegen`; a test fails when it is stale.
//!
//! ```
//! let transe = kernels_generated::find("transe").unwrap();
//! let compiled = (transe.load)(&[("norm", 1.0)]).unwrap();
//! assert_eq!(compiled.model.name, "TransE");
//! ```

use sptx_runtime::kernel::CompiledModel;

#[rustfmt::skip]
mod generated;

pub use generated::*;

/// A model of the zoo.
#[derive(Clone, Copy, Debug)]
pub struct ZooModel {
    /// Its name on the command line: `transe`.
    pub name: &'static str,
    /// Its name in the literature: `TransE`.
    pub title: &'static str,
    /// The text of its declaration.
    pub source: &'static str,
    /// Its compiled kernels for some choices, the others at their defaults; `None` when there is no such choice.
    pub load: fn(&[(&str, f64)]) -> Option<CompiledModel>,
}

/// All models, by name.
pub fn models() -> &'static [ZooModel] {
    generated::MODELS
}

/// The model of that name, in any case.
pub fn find(name: &str) -> Option<&'static ZooModel> {
    models().iter().find(|model| model.name.eq_ignore_ascii_case(name))
}
