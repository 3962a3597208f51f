//! Emission: programs to the text of a target.
//!
//! An emitter decides nothing: what is computed, in which order and where it is kept stands in the program.

mod artifact;
pub mod cpu;
pub mod ptx;
pub mod wgsl;

pub use artifact::artifact;
