//! The loop-level IR: what one thread of a GPU kernel does.
//!
//! A [`Kernel`] is run by a grid of workgroups of threads. Its body is structured: assignments to values, which are
//! defined once, and to variables, which are not; loads and stores; `if`, counted loops, barriers. It knows nothing of a
//! score and nothing of a target: `gpu` makes kernels from programs under a schedule, `legalize` rewrites what a target
//! lacks, and each emitter is a printer.
//!
//! **Meaning.** Arithmetic on f32 is that of IEEE 754 with any rounding of [`Expression::MultiplyAdd`], functions as exact
//! as the target has them; u32 wraps. An operation on vectors is done lane by lane. A buffer is an array of 32-bit words;
//! an index counts words, and an access of several lanes starts at a multiple of them. Threads of a workgroup see one
//! another's writes to shared memory after a [`Barrier::Shared`], to buffers after a [`Barrier::Buffers`]; other
//! workgroups' writes only in a later launch. Two accesses of one word by two threads, one of them a write, with nothing
//! between them that orders them, are a race, and a kernel must have none; atomic operations and changes do not race with
//! one another. Every thread of a workgroup comes to the same barriers, and to the same exchanges within subgroups. A grid
//! has fewer than 2^32 threads.
//!
//! [`execute()`] is this meaning as a program, and finds the faults that a launch comes to; [`verify()`] rules out what can
//! be ruled out for every launch, and says what that is. A kernel's text, for readers, is its `Display`.
mod builder;
mod execute;
mod kernel;
mod op;
mod print;
#[cfg(test)]
mod testing;
mod types;
mod verify;

pub use builder::Builder;
pub use execute::{Fault, Launch, What, execute};
pub use kernel::{
    Access, Barrier, Block, Buffer, BufferId, Constant, Expression, Kernel, Parameter, ParameterId, Place, Shared,
    SharedId, Statement, Value, VariableId,
};
pub use op::{Atomic, Binary, Builtin, Unary};
pub use types::{Scalar, Type};
pub use verify::{Mistake, Rule, verify};
