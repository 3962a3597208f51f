//! The sptx compiler: from a score function's text to fused forward and backward kernels.

pub mod ir;

pub mod differentiate;
pub mod interp;
pub mod lower;
pub mod notation;
pub mod passes;
#[doc(hidden)]
pub mod testing;

pub use differentiate::differentiate;
pub use lower::lower;
