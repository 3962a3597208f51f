//! The corpus on GPUs that have less: small limits, small subgroups, no atomic additions of numbers; and the same bits in
//! every run.

mod repeat;
mod swiftshader;
mod tiny;
