//! Tables, devices and launchers that run the kernels sptx compiles.

pub mod simd;
