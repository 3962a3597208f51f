//! Emission: kernels to WGSL, one module a kernel.
//!
//! `tree` is WGSL as a tree and `print` its one printer; `spell` has WGSL's names of operations; `usage` and `body` say
//! which values get names; `names` sees to it that no name is a word of WGSL's or given twice.
//!
//! **Bindings.** All are of group 0: buffer n of the kernel is binding n, and the parameters, where there are any, are a
//! uniform structure at the binding after the last buffer, word by word in the kernel's order.
//!
//! **Widths.** A buffer is an array of numbers, or of vectors where all of its stores, or without stores its widest load,
//! have as many lanes. A binding of an array of vectors of four must be a multiple of 16 bytes long: what is beyond the
//! last whole element is out of bounds.
//!
//! **Grids** have two axes: a workgroup's number is `y · (number along x) + x`.

mod body;
mod names;
mod print;
mod spell;
mod tree;
mod usage;

use sptx_runtime::gpu::{Artifact, Schedule};

use crate::gpu::Plan;
use crate::legalize::{Target, Widths, legalize};
use crate::lir::{Access, Expression, Kernel, Place, Statement, Type};

use body::Globals;
use names::Names;
use tree::{Element, Input, Module, Parameters, Storage, Workgroup};

/// What WGSL has.
pub const TARGET: Target = Target {
    upper_products: false,
    non_finite_numbers: false,
    operations_on_numbers: false,
    mixed_widths: false,
    float_atomics: false,
    vector_atomics: false,
    copies: false,
};

/// What a text is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// For browsers, whose compilers want extensions enabled in the text. naga, which is wgpu's, refuses such lines.
    pub browser: bool,
    /// For adapters that add numbers to memory atomically, by an extension of naga's that browsers lack: such an addition
    /// is one instruction then. Without it, it is a loop that compares and exchanges: right everywhere, and slow where
    /// many threads add to one word.
    pub float_atomics: bool,
}

/// The text of a kernel, which is made legal first. The kernel's name is the entry point's.
///
/// # Panics
/// With the feature `wgsl-validate`, when naga refuses the text: a defect of the compiler.
///
/// ```
/// use sptx_codegen::emit::wgsl::{Options, module};
/// use sptx_codegen::lir::{Access, Builder, Builtin, Place, Scalar};
///
/// let mut k = Builder::new("double", "Doubles each number.", 64);
/// let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::ReadWrite));
/// let thread = k.builtin(Builtin::Thread);
/// let number = k.load(numbers, thread, 1);
/// let doubled = k.add(number, number);
/// k.store(numbers, thread, doubled);
///
/// let text = module(&k.finish(), &Options::default());
/// assert!(text.contains("numbers[thread] = v0 + v0;"), "{text}");
/// ```
pub fn module(kernel: &Kernel, options: &Options) -> String {
    let legal = legalize(kernel, &Target { float_atomics: options.float_atomics, ..TARGET });
    #[cfg(feature = "wgsl-validate")]
    {
        let text = tree(&legal, &Options { browser: false, ..*options }).to_string();
        if let Err(why) = validate(&text) {
            panic!("naga refuses the kernel `{}`: {why}\n{text}", kernel.name);
        }
    }
    tree(&legal, options).to_string()
}

/// Kernels that were made under a schedule, as what a device launches: a module each.
///
/// # Panics
/// As [`module`] does.
pub fn artifacts(plans: &[Plan], schedule: Schedule, options: &Options) -> Vec<Artifact> {
    let artifact =
        |Plan { role, kernel, rows }: &Plan| super::artifact(*role, schedule, kernel, *rows, module(kernel, options));
    plans.iter().map(artifact).collect()
}

/// Whether naga, wgpu's compiler of WGSL, takes a text.
///
/// # Errors
/// What it says, with the place in the text.
#[cfg(feature = "wgsl-validate")]
pub fn validate(text: &str) -> Result<(), String> {
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    let module = naga::front::wgsl::parse_str(text).map_err(|error| error.emit_to_string(text))?;
    let capabilities = Capabilities::SUBGROUP | Capabilities::SUBGROUP_BARRIER | Capabilities::SHADER_FLOAT32_ATOMIC;
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator.validate(&module).map_err(|error| error.emit_to_string(text))?;
    Ok(())
}

/// A legal kernel as a tree.
fn tree(kernel: &Kernel, options: &Options) -> Module {
    let widths = Widths::of(kernel);
    let mut names = Names::new();
    let entry = names.like(&kernel.name);
    assert_eq!(entry, kernel.name, "a kernel's name is no word of a target's");
    let buffers: Vec<String> = kernel.buffers.iter().map(|(_, it)| names.like(&it.name)).collect();
    let shared: Vec<String> = kernel.shared.iter().map(|(_, it)| names.like(&it.name)).collect();
    let parameters = parameters(kernel, &mut names);
    let given: Vec<_> = given(kernel).into_iter().map(|given| (given, names.like(given.name))).collect();
    let globals = Globals {
        buffers: buffers.clone(),
        shared: shared.clone(),
        parameters: parameters.iter().flat_map(Parameters::reads).collect(),
        given: given.clone(),
    };
    let body = body::body(kernel, &widths, &globals, &mut names);
    let storage = kernel.buffers.iter().zip(buffers).map(|((id, buffer), name)| {
        let word = Type::new(buffer.scalar, 1);
        let element = match buffer.access {
            Access::Atomic => Element::Atomic(word),
            Access::Read | Access::ReadWrite => {
                Element::Plain(Type::new(buffer.scalar, widths.element(Place::Buffer(id))))
            }
        };
        Storage { name, access: spell::access(buffer.access), element }
    });
    let workgroup = kernel.shared.iter().zip(shared).map(|((id, shared), name)| {
        let lanes = widths.element(Place::Shared(id));
        let length = shared.words.div_ceil(lanes.into());
        Workgroup { name, element: Element::Plain(Type::new(shared.scalar, lanes)), length }
    });
    Module {
        doc: kernel.doc.clone(),
        enables: if options.browser && kernel.uses_subgroups() { vec![spell::SUBGROUPS] } else { Vec::new() },
        parameters,
        buffers: storage.collect(),
        shared: workgroup.collect(),
        entry,
        threads: kernel.workgroup,
        inputs: given.into_iter().map(|(given, name)| Input { name, builtin: given.builtin, ty: given.ty }).collect(),
        body,
    }
}

/// The uniform structure, where there are parameters.
fn parameters(kernel: &Kernel, names: &mut Names) -> Option<Parameters> {
    if kernel.parameters.is_empty() {
        return None;
    }
    let structure = names.like("Parameters");
    let variable = names.like("parameters");
    // Fields are in a space of their own, where WGSL's words are not wanted either.
    let mut fields = Names::new();
    let fields = kernel.parameters.iter().map(|(_, it)| (fields.like(&it.name), Type::new(it.scalar, 1))).collect();
    Some(Parameters { structure, variable, fields })
}

impl Parameters {
    /// How each field is read.
    fn reads(&self) -> impl Iterator<Item = tree::Expression> {
        let variable = tree::Expression::Name(self.variable.clone());
        self.fields.iter().map(move |(field, _)| variable.clone().member(field))
    }
}

/// What the entry point asks for, in one order.
fn given(kernel: &Kernel) -> Vec<spell::Given> {
    let mut builtins = std::collections::BTreeSet::new();
    kernel.for_each(|statement| {
        if let Statement::Let(_, Expression::Builtin(builtin)) = statement {
            builtins.insert(*builtin);
        }
    });
    let mut given = Vec::new();
    for it in builtins.into_iter().flat_map(spell::builtin) {
        if !given.contains(it) {
            given.push(*it);
        }
    }
    given
}

#[cfg(test)]
mod tests;
