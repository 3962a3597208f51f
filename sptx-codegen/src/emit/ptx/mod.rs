//! Emission: kernels to PTX, one module a kernel, with neither nvcc nor NVRTC.
//!
//! `tree` is PTX as a tree and `print` its one printer; `spell` is the table of operations with the classes of their
//! registers, which every instruction is held against; `body` writes statements, `expression` expressions, `functions` those
//! functions that the hardware has in another form.
//!
//! **Parameters.** The entry point takes the address of each buffer, then the parameters, in the kernel's order.
//!
//! **Grids** have one axis; a subgroup is a warp of 32 threads.
//!
//! **Generations.** What is written for an [`Arch`] may use what that generation added; `arch` is the table of what each
//! [`Feature`] needs. A module asks for no more than its lines need, so that a kernel which uses nothing new is the same
//! for every generation. A driver compiles it for the GPU that it finds.

mod arch;
mod body;
mod expression;
mod functions;
mod pairs;
mod print;
mod spell;
#[cfg(test)]
mod tests;
mod tree;

use sptx_runtime::gpu::{Artifact, Capabilities, RESIDENT_THREADS, Schedule};

use crate::gpu::Plan;
use crate::legalize::{Target, legalize};
use crate::lir::Kernel;

pub use arch::{Arch, Feature, UnknownArch};
use body::{Body, class, parameter_name, shared_name};
use tree::{Class, Entry, Module, Parameter, Shared};

/// Threads of a warp.
pub const WARP: u32 = 32;

/// What PTX has for a generation.
pub fn target(arch: Arch) -> Target {
    Target {
        upper_products: true,
        non_finite_numbers: true,
        operations_on_numbers: true,
        mixed_widths: true,
        float_atomics: true,
        vector_atomics: arch.has(Feature::VectorAtomics),
        copies: arch.has(Feature::Copies),
    }
}

/// What every GPU that is written for can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    workgroup: 1024,
    shared_bytes: 48 << 10,
    workgroups: i32::MAX as u32,
    // Addresses are parameters, of which a kernel takes 4352 bytes.
    buffers: 64,
    binding_words: u32::MAX,
    subgroups: Some((WARP, WARP)),
    float_atomics: true,
    processors: None,
    resident_threads: RESIDENT_THREADS,
};

/// The text of kernels for the GPUs from a generation on, a module. A kernel's name is its entry point's.
///
/// ```
/// use sptx_codegen::emit::ptx::{Arch, module};
/// use sptx_codegen::lir::{Access, Builder, Builtin, Place, Scalar};
///
/// let mut k = Builder::new("double", "Doubles each number.", 64);
/// let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::ReadWrite));
/// let thread = k.builtin(Builtin::Thread);
/// let number = k.load(numbers, thread, 1);
/// let doubled = k.add(number, number);
/// k.store(numbers, thread, doubled);
///
/// let text = module([&k.finish()], Arch::Sm90);
/// assert!(text.contains("add.rn.f32 %f1, %f0, %f0;"), "{text}");
/// // It uses nothing that is newer than Turing.
/// assert!(text.starts_with(".version 6.3\n.target sm_75\n"), "{text}");
/// ```
pub fn module<'a>(kernels: impl IntoIterator<Item = &'a Kernel>, arch: Arch) -> String {
    let entries = kernels.into_iter().map(|kernel| entry(&legalize(kernel, &target(arch)), arch)).collect();
    Module { entries }.to_string()
}

/// Kernels that were made under a schedule, as what a device of that generation or a later one launches: a module each.
pub fn artifacts(plans: &[Plan], schedule: Schedule, arch: Arch) -> Vec<Artifact> {
    let artifact =
        |Plan { role, kernel, rows }: &Plan| super::artifact(*role, schedule, kernel, *rows, module([kernel], arch));
    plans.iter().map(artifact).collect()
}

fn entry(kernel: &Kernel, arch: Arch) -> Entry {
    let body = Body::new(kernel, arch);
    let buffers = kernel.buffers.iter().map(|(_, it)| (&it.name, Class::U64));
    let words = kernel.parameters.iter().map(|(_, it)| (&it.name, class(it.scalar)));
    let parameters = buffers.chain(words).map(|(name, class)| Parameter { name: parameter_name(name), class });
    let shared = kernel.shared.iter().map(|(_, it)| Shared {
        name: shared_name(&it.name),
        class: class(it.scalar),
        words: it.words,
    });
    Entry {
        doc: kernel.doc.clone(),
        name: kernel.name.clone(),
        threads: kernel.workgroup,
        parameters: parameters.collect(),
        shared: shared.collect(),
        registers: body.registers,
        body: body.lines,
    }
}
