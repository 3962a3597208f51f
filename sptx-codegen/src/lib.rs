//! The sptx compiler: from a score function's text to fused forward and backward kernels.

pub mod diagnostics;
pub mod expand;
pub mod ir;
pub mod sema;
pub mod syntax;

pub mod build;
pub mod compile;
pub mod cost;
pub mod differentiate;
pub mod emit;
pub mod explain;
pub mod gpu;
pub mod interp;
pub mod legalize;
pub mod lir;
pub mod lower;
pub mod notation;
pub mod passes;
pub mod sign;
pub mod split;
#[doc(hidden)]
pub mod testing;
pub mod text;
pub mod verify;

pub use build::{Build, BuildError};
pub use compile::{Compiled, compile};
pub use differentiate::differentiate;
pub use explain::explain;
pub use lower::lower;
pub use syntax::ast;
