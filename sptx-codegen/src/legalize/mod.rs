//! Rewrites of kernels: what a target lacks, in terms of what it has; and what is known before a launch.
//!
//! Each is from a kernel to a kernel of the same meaning, so that an emitter stays a printer.
//!
//! | Rewrite | What it does | When |
//! |---|---|---|
//! | [`bind`] | parameters become numbers, and what follows from them is worked out | sizes are known |
//! | [`shard`] | a buffer becomes several | it is larger than one binding may be |
//! | [`persist`] | workgroups go round over what there is to do | a schedule says so |
//! | [`legalize`] | what a [`Target`] lacks is made of what it has | always; emitters call it |

mod arithmetic;
mod atomics;
mod bind;
mod copies;
mod fold;
mod persist;
mod rebuild;
mod shard;
mod touched;
mod widths;

pub use bind::bind;
pub use persist::persist;
pub use shard::shard;
pub(crate) use touched::touched;
pub(crate) use widths::Widths;

use crate::lir::Kernel;

/// What a target has of what kernels ask for and not every target offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The upper half of a product, `MulHigh`.
    pub upper_products: bool,
    /// Infinities and NaN as numbers in its text.
    pub non_finite_numbers: bool,
    /// Operations on numbers of its text alone, whatever comes of them. Without this, such an operation is worked out
    /// here, or one of its operands goes through a variable.
    pub operations_on_numbers: bool,
    /// Accesses of one memory by lanes and by vectors. Without this all stores to a buffer or to an array have one width,
    /// and loads have that width or are of one lane.
    pub mixed_widths: bool,
    /// Atomic additions of numbers. Without this, such an addition is a change of the word's bits.
    pub float_atomics: bool,
    /// Atomic additions of vectors of numbers. Without this, a vector's lanes are added one after another.
    pub vector_atomics: bool,
    /// Copies to shared memory while threads do other things. Without this, a copy is a load and a store.
    pub copies: bool,
}

/// Rewrites what the target lacks. What is legal stays as it is.
pub fn legalize(kernel: &Kernel, target: &Target) -> Kernel {
    let mut legal = kernel.clone();
    if !target.vector_atomics && legal.uses_vector_atomics() {
        legal = atomics::lane_by_lane(&legal);
    }
    if !target.copies && legal.uses_copies() {
        legal = copies::as_stores(&legal);
    }
    if !target.mixed_widths {
        legal = widths::one_width(&legal);
    }
    if !target.float_atomics && legal.uses_float_atomics() {
        legal = atomics::as_changes(&legal);
    }
    arithmetic::available(&legal, target)
}

#[cfg(test)]
mod tests;
