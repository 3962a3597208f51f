//! The sptx compiler: from a score function's text to fused forward and backward kernels.

pub mod diagnostics;
pub mod expand;
pub mod ir;
pub mod sema;
pub mod syntax;

pub use syntax::ast;
