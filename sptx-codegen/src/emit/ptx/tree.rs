//! PTX as a tree.

use super::arch::{Feature, Needs};
use super::spell::Operation;

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// True or false.
    Predicate,
    /// An unsigned number of 32 bits.
    U32,
    /// A number.
    F32,
    /// An address.
    U64,
    /// Two numbers side by side.
    Pair,
}

impl Class {
    /// Every class.
    pub(super) const ALL: [Self; 5] = [Self::Predicate, Self::U32, Self::F32, Self::U64, Self::Pair];
}

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Register {
    pub class: Class,
    pub number: u32,
}

/// What an instruction reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Register(Register),
    U32(u32),
    /// The bits of a number.
    F32(u32),
    /// What the hardware knows of the thread's place, a u32.
    Special(&'static str),
    /// The address of a shared array, a u32.
    Shared(String),
}

impl Operand {
    /// What it is.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Register(register) => register.class,
            Self::U32(_) | Self::Special(_) | Self::Shared(_) => Class::U32,
            Self::F32(_) => Class::F32,
        }
    }
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(pub u32);

/// Memory outside of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// A buffer that the kernel writes to.
    Global,
    /// A buffer that nobody writes to while the kernel runs.
    Constant,
    /// A buffer of which other threads change words meanwhile, each in one indivisible step.
    Changing,
    /// A workgroup's memory.
    Shared,
}

/// One line of a body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// An operation on registers.
    Plain { operation: &'static Operation, result: Register, operands: Vec<Operand> },
    /// Puts two numbers side by side.
    Pack { result: Register, numbers: [Register; 2] },
    /// The two numbers of a pair.
    Unpack { results: [Register; 2], pair: Register },
    /// Reads a parameter.
    Parameter { result: Register, name: String },
    /// Reads memory, as many words as there are registers.
    Load { space: Space, results: Vec<Register>, address: Register },
    /// Writes memory.
    Store { space: Space, address: Register, values: Vec<Register> },
    /// Begins to copy 4, 8 or 16 bytes of a buffer to a workgroup's memory.
    Copy { to: Register, from: Register, bytes: u32 },
    /// Waits for the thread's copies.
    AwaitCopies,
    /// Changes words of a buffer, as many as there are registers, each in one indivisible step.
    Reduce { operation: &'static str, address: Register, values: Vec<Register> },
    /// Writes a word of a buffer if it holds `held`, in one indivisible step; gives what it held.
    Exchange { result: Register, address: Register, held: Register, value: Register },
    /// What the thread of the warp has whose number differs in these bits.
    Shuffle { result: Register, value: Register, mask: u32 },
    /// Waits for the workgroup's other threads.
    Barrier,
    /// A place to go on at.
    Label(Label),
    /// Goes on there; where there is a condition, only if it is `when`.
    Branch { to: Label, condition: Option<(Register, bool)> },
    /// Ends the thread.
    Return,
}

impl Line {
    /// What it needs a GPU to have.
    pub(super) fn feature(&self) -> Feature {
        match self {
            Self::Plain { operation, .. } => operation.feature,
            Self::Copy { .. } | Self::AwaitCopies => Feature::Copies,
            Self::Reduce { values, .. } if values.len() > 1 => Feature::VectorAtomics,
            Self::Pack { .. }
            | Self::Reduce { .. }
            | Self::Unpack { .. }
            | Self::Parameter { .. }
            | Self::Load { .. }
            | Self::Store { .. }
            | Self::Exchange { .. }
            | Self::Shuffle { .. }
            | Self::Barrier
            | Self::Label(_)
            | Self::Branch { .. }
            | Self::Return => Feature::Common,
        }
    }
}

/// A parameter of the entry point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub name: String,
    pub class: Class,
}

/// A shared array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shared {
    pub name: String,
    pub class: Class,
    pub words: u32,
}

/// An entry point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub doc: String,
    pub name: String,
    pub threads: u32,
    pub parameters: Vec<Parameter>,
    pub shared: Vec<Shared>,
    /// How many registers there are of each class.
    pub registers: [u32; Class::ALL.len()],
    pub body: Vec<Line>,
}

/// A module.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Module {
    pub entries: Vec<Entry>,
}

impl Module {
    /// The least that all of its lines need.
    pub(super) fn needs(&self) -> Needs {
        let lines = self.entries.iter().flat_map(|entry| &entry.body);
        lines.map(|line| line.feature().needs()).fold(Feature::Common.needs(), Needs::and)
    }
}
