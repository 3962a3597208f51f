//! The command, run as a user runs it: in a folder of its own, with small data.

mod support;

mod ask;
mod begin;
mod check;
mod compile;
mod cuda;
mod durability;
mod gpu;
mod gpu_check;
mod mistakes;
mod outputs;
mod queries;
mod search;
