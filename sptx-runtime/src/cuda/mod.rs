//! NVIDIA's GPUs through their driver, whose kernels are PTX.
//!
//! The driver's library is looked for at run time: a program with this module builds and runs where there is no CUDA. An
//! artifact's text is one PTX module, which the driver compiles for the GPU that it finds. Its entry point takes the
//! address of each buffer, then the parameters, each 32 bits, in the artifact's order. Grids have one axis.
//!
//! Launches, reads and writes go to one stream of the device's own, in the order in which they are asked for. What goes
//! wrong in a launch is told by a call that follows it, by a read at the latest. A text that is loaded twice in a process
//! is one module. Launches that are made again and again, those of a training step, the driver keeps as a graph. Dot products of many queries with many candidates are cuBLAS's
//! work where its library is found; kernels do it elsewhere.

mod blas;
mod call;
mod device;
mod driver;
mod graph;
mod module;

pub use device::{CudaBuffer, CudaDevice};
pub use driver::{GpuInfo, OLDEST, gpus};
pub use graph::CudaSequence;
pub use module::CudaKernel;
