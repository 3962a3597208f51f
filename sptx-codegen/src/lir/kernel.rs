//! Kernels and what their bodies are made of.

use crate::ir::arena::{Arena, handle};

use super::{Atomic, Binary, Builtin, Scalar, Type, Unary};

handle! {
    /// A value: what an expression gave, once.
    Value("v");
    /// A variable of each thread.
    VariableId("x");
    /// A buffer.
    BufferId("b");
    /// An array in memory that the threads of a workgroup share.
    SharedId("s");
    /// A parameter.
    ParameterId("p");
}

/// A kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Its name: a name in every target, and no word of theirs.
    pub name: String,
    /// What it does, for whoever reads it.
    pub doc: String,
    /// Threads of a workgroup.
    pub workgroup: u32,
    /// What is given anew with each launch.
    pub parameters: Arena<ParameterId, Parameter>,
    /// Memory that outlives it.
    pub buffers: Arena<BufferId, Buffer>,
    /// Memory of a workgroup.
    pub shared: Arena<SharedId, Shared>,
    /// Variables of each thread.
    pub variables: Arena<VariableId, Type>,
    /// The type of each value, and a name for readers where it has one.
    pub values: Arena<Value, (Type, Option<&'static str>)>,
    /// What a thread does.
    pub body: Block,
}

/// A word that is given anew with each launch, the same for all threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// U32 or F32.
    pub scalar: Scalar,
    /// What it is a multiple of, as whoever launches sees to.
    pub multiple_of: u32,
}

/// An array of words in the device's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Its name.
    pub name: String,
    /// U32 or F32.
    pub scalar: Scalar,
    /// The most lanes that one access has.
    pub lanes: u8,
    /// What is done with it.
    pub access: Access,
}

/// What a kernel does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Loads.
    Read,
    /// Loads and stores.
    ReadWrite,
    /// Atomic operations and changes, and nothing else.
    Atomic,
}

/// An array that the threads of a workgroup share; its words are undefined at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its name.
    pub name: String,
    /// U32 or F32.
    pub scalar: Scalar,
    /// Number of words.
    pub words: u32,
}

/// Statements in order.
pub type Block = Vec<Statement>;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// Defines a value, for the rest of the block.
    Let(Value, Expression),
    /// Sets a variable.
    Set(VariableId, Value),
    /// Writes memory.
    Store {
        /// Where.
        place: Place,
        /// Which word, the first of as many as the value has lanes.
        index: Value,
        /// What.
        value: Value,
    },
    /// Begins to copy words of a buffer that is read to shared memory. Until this thread has waited for its copies nobody may
    /// touch the words there.
    Copy {
        /// Where to.
        shared: SharedId,
        /// Which word, the first of `lanes`.
        at: Value,
        /// Where from.
        buffer: BufferId,
        /// Which word, the first of `lanes`.
        from: Value,
        /// How many.
        lanes: u8,
    },
    /// Waits for the copies that this thread has begun. Other threads see what they wrote after a barrier.
    Await,
    /// Changes words of a buffer, each in an indivisible step of its own.
    Atomic {
        /// How.
        op: Atomic,
        /// Where.
        buffer: BufferId,
        /// Which word, the first of as many as the value has lanes.
        index: Value,
        /// By what: for the addition of numbers maybe a vector.
        value: Value,
    },
    /// Changes a word of a buffer of u32, in one indivisible step, to what is made of what it holds.
    Change {
        /// Where.
        buffer: BufferId,
        /// Which word.
        index: Value,
        /// What it holds, which the statement defines for its body.
        held: Value,
        /// Definitions by operations alone; some threads may run them more than once.
        body: Block,
        /// What it then holds, a value that the body may define.
        value: Value,
    },
    /// One block or the other.
    If {
        /// Which.
        condition: Value,
        /// Where it is true.
        then: Block,
        /// Where it is not.
        otherwise: Block,
    },
    /// A loop over `from`, `from + step`, … as long as it is less than `until`, which does not wrap.
    For {
        /// Where it stands, a u32 that the loop defines.
        index: Value,
        /// Where it begins.
        from: Value,
        /// Where it ends.
        until: Value,
        /// By how much it goes on, at least 1.
        step: Value,
        /// What it repeats.
        body: Block,
    },
    /// Waits for the workgroup's other threads.
    Barrier(Barrier),
}

/// Which writes of the workgroup's threads are seen after a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Barrier {
    /// Those to shared memory.
    Shared,
    /// Those to buffers.
    Buffers,
}

/// Memory that is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A buffer.
    Buffer(BufferId),
    /// A workgroup's array.
    Shared(SharedId),
}

/// A number that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// True or false.
    Bool(bool),
    /// An unsigned number.
    U32(u32),
    /// The bits of an f32.
    F32(u32),
}

impl Constant {
    /// A number.
    pub fn f32(value: f32) -> Self {
        Self::F32(value.to_bits())
    }

    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Self::Bool(_) => Type::BOOL,
            Self::U32(_) => Type::U32,
            Self::F32(_) => Type::F32,
        }
    }
}

/// What defines a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expression {
    /// A number.
    Constant(Constant),
    /// A parameter.
    Parameter(ParameterId),
    /// The thread's place.
    Builtin(Builtin),
    /// What a variable holds.
    Get(VariableId),
    /// An operation on one operand.
    Unary(Unary, Value),
    /// An operation on two operands.
    Binary(Binary, Value, Value),
    /// `a · b + c`, of f32.
    MultiplyAdd(Value, Value, Value),
    /// `yes` or `no`, lane by lane.
    Select {
        /// Truth values.
        condition: Value,
        /// Where true.
        yes: Value,
        /// Where not.
        no: Value,
    },
    /// The number as another scalar: truth as 0 or 1, u32 rounded to f32, f32 cut off towards 0.
    Convert(Scalar, Value),
    /// The bits as another scalar, U32 or F32.
    Bits(Scalar, Value),
    /// One number in every lane.
    Splat(Value, u8),
    /// One lane.
    Lane(Value, u8),
    /// Numbers as the lanes of a vector.
    Join(Vec<Value>),
    /// What memory holds.
    Load {
        /// Where.
        place: Place,
        /// Which word, the first of `lanes`.
        index: Value,
        /// How many.
        lanes: u8,
    },
    /// What the thread of the subgroup has whose number differs in these bits. All threads of the subgroup take part.
    Exchange {
        /// What.
        value: Value,
        /// The bits: less than the size of the subgroup.
        mask: u32,
    },
}

impl Expression {
    /// The values it reads.
    pub fn operands(&self) -> Vec<Value> {
        match self {
            Self::Constant(_) | Self::Parameter(_) | Self::Builtin(_) | Self::Get(_) => Vec::new(),
            Self::Unary(_, a) | Self::Convert(_, a) | Self::Bits(_, a) | Self::Splat(a, _) | Self::Lane(a, _) => {
                vec![*a]
            }
            Self::Binary(_, a, b) => vec![*a, *b],
            Self::MultiplyAdd(a, b, c) => vec![*a, *b, *c],
            Self::Select { condition, yes, no } => vec![*condition, *yes, *no],
            Self::Join(lanes) => lanes.clone(),
            Self::Load { index, .. } => vec![*index],
            Self::Exchange { value, .. } => vec![*value],
        }
    }

    /// The same of other values.
    pub fn with_operands(mut self, mut other: impl FnMut(Value) -> Value) -> Self {
        match &mut self {
            Self::Constant(_) | Self::Parameter(_) | Self::Builtin(_) | Self::Get(_) => {}
            Self::Unary(_, a) | Self::Convert(_, a) | Self::Bits(_, a) | Self::Splat(a, _) | Self::Lane(a, _) => {
                *a = other(*a);
            }
            Self::Binary(_, a, b) => [a, b].into_iter().for_each(|it| *it = other(*it)),
            Self::MultiplyAdd(a, b, c) => [a, b, c].into_iter().for_each(|it| *it = other(*it)),
            Self::Select { condition, yes, no } => [condition, yes, no].into_iter().for_each(|it| *it = other(*it)),
            Self::Join(lanes) => lanes.iter_mut().for_each(|it| *it = other(*it)),
            Self::Load { index, .. } => *index = other(*index),
            Self::Exchange { value, .. } => *value = other(*value),
        }
        self
    }

    /// Whether it gives the same wherever it stands: it reads neither variables nor memory, nor other threads.
    pub fn is_fixed(&self) -> bool {
        !matches!(self, Self::Get(_) | Self::Load { .. } | Self::Exchange { .. })
    }
}

impl Statement {
    /// The values that it reads itself; those of its blocks are not among them.
    pub fn operands(&self) -> Vec<Value> {
        match self {
            Self::Let(_, expression) => expression.operands(),
            Self::Set(_, value) => vec![*value],
            Self::Store { index, value, .. } | Self::Atomic { index, value, .. } => vec![*index, *value],
            Self::Copy { at, from, .. } => vec![*at, *from],
            Self::Change { index, .. } => vec![*index],
            Self::If { condition, .. } => vec![*condition],
            Self::For { from, until, step, .. } => vec![*from, *until, *step],
            Self::Await | Self::Barrier(_) => Vec::new(),
        }
    }

    /// The blocks within it.
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Self::If { then, otherwise, .. } => vec![then, otherwise],
            Self::For { body, .. } | Self::Change { body, .. } => vec![body],
            Self::Let(..)
            | Self::Set(..)
            | Self::Store { .. }
            | Self::Copy { .. }
            | Self::Await
            | Self::Atomic { .. }
            | Self::Barrier(_) => Vec::new(),
        }
    }
}

impl Kernel {
    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.values[value].0
    }

    /// Bytes of a workgroup's memory.
    pub fn shared_bytes(&self) -> u32 {
        self.shared.iter().map(|(_, shared)| 4 * shared.words).sum()
    }

    /// Calls `visit` for each statement, a statement before those within it.
    pub fn for_each(&self, mut visit: impl FnMut(&Statement)) {
        fn walk(block: &Block, visit: &mut impl FnMut(&Statement)) {
            for statement in block {
                visit(statement);
                statement.blocks().into_iter().for_each(|block| walk(block, visit));
            }
        }
        walk(&self.body, &mut visit);
    }

    /// Whether it speaks of subgroups.
    pub fn uses_subgroups(&self) -> bool {
        let mut found = false;
        self.for_each(|statement| {
            if let Statement::Let(_, expression) = statement {
                found |= matches!(
                    expression,
                    Expression::Exchange { .. }
                        | Expression::Builtin(Builtin::Subgroup | Builtin::SubgroupThread | Builtin::SubgroupSize)
                );
            }
        });
        found
    }

    /// Whether it begins copies to shared memory, which few devices have words for.
    pub fn uses_copies(&self) -> bool {
        let mut found = false;
        self.for_each(|statement| found |= matches!(statement, Statement::Copy { .. }));
        found
    }

    /// Whether it adds vectors of numbers to memory atomically, which few devices can.
    pub fn uses_vector_atomics(&self) -> bool {
        let mut found = false;
        self.for_each(|statement| {
            found |= matches!(statement, Statement::Atomic { value, .. } if self.ty(*value).lanes > 1);
        });
        found
    }

    /// Whether it adds numbers to memory atomically, which not every adapter can.
    pub fn uses_float_atomics(&self) -> bool {
        self.buffers.iter().any(|(_, buffer)| buffer.access == Access::Atomic && buffer.scalar == Scalar::F32)
    }
}
