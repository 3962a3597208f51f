//! Rust kernels for the CPU.
//!
//! Each stage of a program becomes a [`Task`](https://docs.rs/sptx-runtime) generic over the instruction set, which the
//! runtime instantiates for AVX-512, AVX2 with FMA, and any CPU, and chooses among once per piece of a batch. The code
//! names `::sptx_runtime` paths only. It holds no `unsafe`, and no closure: closures cannot be marked for inlining, and a
//! body that is not inlined loses its instruction set.

mod columns;
mod expression;
mod model;
mod pairs;
mod scalars;

pub use model::{Specification, model};
