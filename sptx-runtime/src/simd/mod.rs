//! Vectors of 16 `f32` for AVX-512, AVX2 with FMA, and any CPU.
//!
//! Code is written once, generic over [`Simd`], as a [`Task`]; [`dispatch`] compiles it for each instruction set and
//! runs the version for the widest one that the CPU has.
//!
//! ```
//! use sptx_runtime::simd::{self, LANES, Simd, Task};
//!
//! /// The inner product of two rows.
//! struct Dot<'a>(&'a [[f32; LANES]], &'a [[f32; LANES]]);
//!
//! impl Task for Dot<'_> {
//!     type Output = f32;
//!
//!     #[inline(always)]
//!     fn run<S: Simd>(self, simd: S) -> f32 {
//!         let mut sum = simd.splat(0.0);
//!         for (a, b) in self.0.iter().zip(self.1) {
//!             sum = simd.mul_add(simd.load(a), simd.load(b), sum);
//!         }
//!         simd.sum(sum)
//!     }
//! }
//!
//! assert_eq!(simd::dispatch(Dot(&[[2.0; LANES]; 4], &[[0.5; LANES]; 4])), 64.0);
//! ```
//!
//! # Rules for fast tasks
//! - Dispatch once a batch, never once a row: the call through [`dispatch`] does not inline.
//! - Mark [`Task::run`], and every function generic over [`Simd`] that it calls, `#[inline(always)]`. A function that
//!   is not inlined is compiled without the instruction set: it is right, but each operation in it becomes a call.
//!   Closures cannot be marked on stable Rust: write a loop or a function instead.
//! - Threads are started outside: each dispatches its own part of the batch.
//!
//! # Which results have the same bits
//! [`Simd::sum`], [`Simd::min_of`] and [`Simd::max_of`] fold in one fixed order, and every operation but
//! [`Simd::mul_add`] is rounded once, as IEEE 754 says: all of these agree on every instruction set (only the payload of
//! a NaN may differ). `mul_add` is rounded once where the CPU has a fused instruction and twice where it has none, so
//! `mul_add` and [`math`] agree between AVX-512 and AVX2, and differ from [`Baseline`] by rounding.

pub mod math;

mod baseline;
mod dispatch;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

pub use baseline::Baseline;
pub use dispatch::{InstructionSet, Task, dispatch, dispatch_on};
pub use vector::{LANES, Simd};
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};
