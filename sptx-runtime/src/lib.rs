//! Tables, devices and launchers that run the kernels sptx compiles.
//!
//! - [`program`]: what a compiled score is, as plain data. The compiler depends on this module and `gpu` alone (the crate
//!   without its `cpu` feature); the runtime never depends on the compiler.
//! - [`gpu`]: what a GPU's kernel is, how it is scheduled and launched. Plain data too, and the trait of devices.
//! - `table`: rows in memory.
//! - `kernel`: what a device asks of compiled code.
//! - `optimizer`: what is done to a row once its gradient is known.
//! - `cpu`: the CPU device, with the block interpreter.
//! - `wgpu`: GPUs through Vulkan, Metal or Direct3D 12 (feature `wgpu`).
//! - `cuda`: NVIDIA's GPUs through their driver (feature `cuda`).
//! - `simd`: 16-lane vectors, for the widest instruction set that the CPU has.
//! - `incidence`: sparse incidence matrices of batches, in and out.
//!
//! ```
//! use sptx_runtime::simd::InstructionSet;
//! assert!(InstructionSet::available().next().is_some());
//! ```

pub mod gpu;
pub mod program;

#[cfg(feature = "cpu")]
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(feature = "cpu")]
mod error;
#[cfg(feature = "cpu")]
pub mod incidence;
#[cfg(feature = "cpu")]
pub mod kernel;
#[cfg(feature = "cpu")]
pub mod optimizer;
#[cfg(feature = "cpu")]
pub mod simd;
#[cfg(feature = "cpu")]
pub mod table;
#[cfg(feature = "wgpu")]
pub mod wgpu;

#[cfg(feature = "cpu")]
pub use error::Error;
