//! Hand-written kernels: what each instruction gives, and that each fault is found.

mod compare;
mod convert;
mod copies;
mod damaged;
mod exchange;
mod faults;
mod floats;
mod flow;
mod integers;
mod memory;
mod mistakes;
mod races;
mod random;
mod support;
