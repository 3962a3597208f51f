//! The sptx compiler: from a score function's text to fused forward and backward kernels.

pub mod ir;

pub mod compile;
pub mod differentiate;
pub mod interp;
pub mod notation;
pub mod passes;
#[doc(hidden)]
pub mod testing;
pub mod verify;

pub use compile::{Compiled, compile};
pub use differentiate::differentiate;
