//! A machine that runs PTX, the assembly of NVIDIA's GPUs, with no GPU, and finds what kernels must not do.
//!
//! It reads text and knows nothing of who wrote it, so that it can be held against a compiler. It takes what one kernel
//! of plain numbers needs: entry points with buffers and words as parameters, 32-bit floats, integers of 32 and 64 bits,
//! bf16 by conversion, shared memory, asynchronous copies, atomic operations, barriers, and exchanges within warps. What
//! it does not know is an error with its line, never skipped.
//!
//! **Found by [`Module::parse`]**: unknown instructions, modifiers and directives, undeclared names, registers whose class
//! does not fit an instruction's type (`.b32` fits `.u32`, `.s32` and `.f32`; `.u32` does not fit `.f32`), literals out of
//! range.
//!
//! **Found by [`Machine::launch`]**, each a [`Fault`] with its line, workgroup and thread: a register that is read before
//! it is written; accesses that are misaligned, beyond the end of a buffer or of a shared array, or nowhere; shared memory
//! that is read before the workgroup wrote it, or while a copy to it is under way; a barrier that a thread of the
//! workgroup does not come to; a mask that names other threads than came, and an exchange with a lane that does not take
//! part; words that `ld.global.nc` reads and the launch writes; division of integers by 0, of which PTX leaves the result
//! open; launches that do not end; and races: two accesses of one word by two threads, one of them a write and not both
//! atomic, with no barrier of their workgroup between. Nothing orders two workgroups of a launch; fences and
//! `bar.warp.sync` order nothing here.
//!
//! **Meaning**, where PTX leaves a choice: approximate functions are those of f64, rounded. `add` and `mul` without `.rn`
//! are not fused. NaN results have the bits `7fffffff`. `red.add.f32` and `atom.add.f32` on global memory flush
//! subnormals, as GPUs do. `barrier.sync` wants all threads of a warp to come together, as `bar.sync` does. Shared
//! arrays are aligned as declared and no further.
//!
//! ```
//! use sptx_ptx_machine::{Launch, Machine, Module};
//!
//! let text = "
//!     .version 7.0
//!     .target sm_80
//!     .address_size 64
//!     .visible .entry double(.param .u64 numbers, .param .u32 count)
//!     .reqntid 32, 1, 1
//!     {
//!         .reg .pred %p<1>;
//!         .reg .u32 %r<3>;
//!         .reg .f32 %f<1>;
//!         .reg .u64 %rd<1>;
//!         ld.param.u32 %r0, [count];
//!         mov.u32 %r1, %ctaid.x;
//!         mov.u32 %r2, %tid.x;
//!         mad.lo.u32 %r1, %r1, 32, %r2;
//!         setp.ge.u32 %p0, %r1, %r0;
//!         @%p0 bra $END;
//!         ld.param.u64 %rd0, [numbers];
//!         cvta.to.global.u64 %rd0, %rd0;
//!         mad.wide.u32 %rd0, %r1, 4, %rd0;
//!         ld.global.f32 %f0, [%rd0];
//!         add.rn.f32 %f0, %f0, %f0;
//!         st.global.f32 [%rd0], %f0;
//!     $END:
//!         ret;
//!     }";
//! let module = Module::parse(text)?;
//! let entry = module.entry("double").ok_or("no such entry point")?;
//! let mut buffers = [(0..40).map(|number| (number as f32).to_bits()).collect::<Vec<_>>()];
//! let launch = Launch { workgroups: 2, threads: 32, parameters: &[40] };
//! let statistics = Machine::default().launch(entry, launch, &mut buffers)?;
//! assert_eq!(f32::from_bits(buffers[0][39]), 78.0);
//! assert_eq!((statistics.loads, statistics.sectors), (2, 10));
//!
//! // One word more than there is.
//! let launch = Launch { parameters: &[41], ..launch };
//! let fault = Machine::default().launch(entry, launch, &mut buffers).unwrap_err();
//! assert_eq!(
//!     fault.to_string(),
//!     "kernel `double`, workgroup 1, thread 8, line 21 `ld.global.f32 %f0, [%rd0];`: \
//!      4 bytes at byte 160 of `numbers`, which has 160 bytes"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod decode;
mod error;
mod functions;
mod graph;
mod instruction;
mod machine;
mod module;
mod text;
mod types;

pub use error::{At, Fault, Mistake, ParseError, What};
pub use machine::{Launch, Machine, Order, Statistics};
pub use module::{Entry, Module};
pub use types::Type;
