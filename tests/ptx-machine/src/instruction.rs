//! Instructions as they are run: registers have numbers, operations are functions.

/// The number of a register.
pub(crate) type Slot = u32;

/// What an instruction reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    Register(Slot),
    Constant(u64),
    Special(Special),
}

/// What a thread knows of its place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Special {
    Thread,
    Threads,
    Workgroup,
    Workgroups,
    Lane,
    Warp,
}

/// Only threads whose predicate holds take part, or whose predicate does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) slot: Slot,
    pub(crate) negated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) line: u32,
    pub(crate) guard: Option<Guard>,
    pub(crate) operation: Operation,
}

/// A function of bits.
pub(crate) type OfBits = fn([u64; 3]) -> u64;
/// A function of numbers.
pub(crate) type OfFloats = fn([f32; 3]) -> f32;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Bits {
        function: OfBits,
        to: Slot,
        from: [Operand; 3],
    },
    /// The second operand must not be 0.
    Divide {
        function: OfBits,
        to: Slot,
        from: [Operand; 3],
    },
    Floats(Floats),
    Compare(Compare),
    /// The lower and the upper half of `from`.
    Unpack {
        to: [Slot; 2],
        from: Operand,
        half: u32,
    },
    Parameter {
        to: Slot,
        index: usize,
    },
    Load(Load),
    Store(Store),
    Atomic(Atomic),
    Copy(Copy),
    Commit,
    /// Waits until no more than so many groups of copies are under way; for all copies where there is no number.
    Wait(Option<u32>),
    Shuffle(Shuffle),
    Vote(Vote),
    Active {
        to: Slot,
    },
    /// The fold of the values of all threads of the mask.
    Reduce {
        function: OfBits,
        to: Slot,
        value: Operand,
        mask: Operand,
    },
    WarpBarrier {
        mask: Operand,
    },
    Barrier {
        number: u32,
    },
    /// Orders what races are found without.
    Fence,
    Branch(Branch),
    Exit,
    Trap,
}

#[derive(Clone, Debug)]
pub(crate) struct Floats {
    pub(crate) function: OfFloats,
    pub(crate) to: Slot,
    pub(crate) from: [Operand; 3],
    /// Subnormal operands and results are 0.
    pub(crate) flush: bool,
    /// The result is cut to 0 … 1, NaN being 0.
    pub(crate) saturate: bool,
    /// Operands and result are two numbers each, side by side.
    pub(crate) paired: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Compare {
    pub(crate) function: fn(u64, u64) -> bool,
    pub(crate) yes: Option<Slot>,
    pub(crate) no: Option<Slot>,
    pub(crate) from: [Operand; 2],
    /// Subnormal operands are 0.
    pub(crate) flush: bool,
    pub(crate) with: Option<Combine>,
}

/// A comparison's result is joined with a predicate.
#[derive(Clone, Debug)]
pub(crate) struct Combine {
    pub(crate) function: fn(bool, bool) -> bool,
    pub(crate) predicate: Operand,
    pub(crate) negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Global,
    Shared,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) base: Operand,
    pub(crate) offset: i64,
}

/// How an access is ordered with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Weak,
    /// Does not race with others of its strength.
    Atomic,
    /// The word must not be written during the launch.
    Constant,
}

/// Up to four values side by side in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<T> {
    pub(crate) items: [T; 4],
    pub(crate) lanes: u32,
    /// Bytes of one: 4 or 8.
    pub(crate) bytes: u32,
}

impl<T: std::marker::Copy> Vector<T> {
    /// Each with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, T)> {
        (0..self.lanes).zip(self.items)
    }

    /// Bytes of all.
    pub(crate) fn size(&self) -> u32 {
        self.lanes * self.bytes
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) space: Space,
    pub(crate) strength: Strength,
    pub(crate) address: Address,
    pub(crate) to: Vector<Slot>,
}

#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) space: Space,
    pub(crate) strength: Strength,
    pub(crate) address: Address,
    pub(crate) from: Vector<Operand>,
}

#[derive(Clone, Debug)]
pub(crate) struct Atomic {
    pub(crate) space: Space,
    /// Of the old value, the operand and the third operand: the new value.
    pub(crate) function: OfBits,
    /// Gets the old value; of scalar operations only.
    pub(crate) to: Option<Slot>,
    pub(crate) address: Address,
    pub(crate) from: Vector<Operand>,
    pub(crate) third: Operand,
}

/// An asynchronous copy from global to shared memory.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) to: Address,
    pub(crate) from: Address,
    pub(crate) bytes: u32,
    /// So many bytes are read, the rest is 0.
    pub(crate) read: Option<Operand>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    Down,
    Butterfly,
    Index,
}

#[derive(Clone, Debug)]
pub(crate) struct Shuffle {
    pub(crate) mode: Mode,
    pub(crate) to: Option<Slot>,
    /// Whether the lane asked lies in the segment.
    pub(crate) inside: Option<Slot>,
    pub(crate) value: Operand,
    pub(crate) by: Operand,
    pub(crate) clamp: Operand,
    pub(crate) mask: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ballot {
    All,
    Any,
    Uniform,
    Which,
}

#[derive(Clone, Debug)]
pub(crate) struct Vote {
    pub(crate) ballot: Ballot,
    pub(crate) to: Slot,
    pub(crate) predicate: Operand,
    pub(crate) negated: bool,
    pub(crate) mask: Operand,
}

#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) to: usize,
    /// Threads of a warp must agree.
    pub(crate) uniform: bool,
    /// Where threads that went apart come together.
    pub(crate) join: usize,
}
