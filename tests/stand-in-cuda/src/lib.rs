//! What NVIDIA's driver exports, with [the PTX machine](sptx_ptx_machine) in the place of a GPU: a program that is given
//! this library as `libcuda.so` runs its CUDA code where there is no GPU.
//!
//! It has what sptx's device calls and no more. A kernel that does what it must not do ends like one on a GPU: with
//! `CUDA_ERROR_ILLEGAL_ADDRESS`, now and ever after; what it did is told on standard error. With `SPTX_STAND_IN_LAUNCHES`
//! the GPU falls off the bus after so many launches, with `SPTX_STAND_IN_BYTES` it has as much memory.

mod code;
mod gpu;
mod interface;

pub use code::Code;
