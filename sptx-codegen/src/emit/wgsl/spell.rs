//! How WGSL spells operations.

use crate::lir::{Access, Atomic, Barrier, Binary, Builtin, Type, Unary};

use super::tree::{Infix, Level};

/// How an operation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Before its operand.
    Prefix(char),
    /// Between its operands.
    Infix(&'static Infix),
    /// As a function.
    Call(&'static str),
}

const fn infix(text: &'static str, level: Level, left: Level, right: Level) -> Infix {
    Infix { text, level, left, right }
}

pub(super) const ADD: Infix = infix("+", Level::Additive, Level::Additive, Level::Multiplicative);
const SUB: Infix = infix("-", Level::Additive, Level::Additive, Level::Multiplicative);
pub(super) const MUL: Infix = infix("*", Level::Multiplicative, Level::Multiplicative, Level::Prefix);
const DIV: Infix = infix("/", Level::Multiplicative, Level::Multiplicative, Level::Prefix);
const REM: Infix = infix("%", Level::Multiplicative, Level::Multiplicative, Level::Prefix);
const SHIFT_LEFT: Infix = infix("<<", Level::Shift, Level::Prefix, Level::Prefix);
pub(super) const SHIFT_RIGHT: Infix = infix(">>", Level::Shift, Level::Prefix, Level::Prefix);
pub(super) const AND: Infix = infix("&", Level::Logical, Level::Prefix, Level::Prefix);
const OR: Infix = infix("|", Level::Logical, Level::Prefix, Level::Prefix);
const XOR: Infix = infix("^", Level::Logical, Level::Prefix, Level::Prefix);
const BOTH: Infix = infix("&&", Level::Logical, Level::Relational, Level::Relational);
const EITHER: Infix = infix("||", Level::Logical, Level::Relational, Level::Relational);

/// The grammar would take shifts for operands of comparisons, but not `a < b >> c`, where it sees the template `a<b>`.
const fn relational(text: &'static str) -> Infix {
    infix(text, Level::Relational, Level::Additive, Level::Additive)
}

const LESS: Infix = relational("<");
const LESS_EQUAL: Infix = relational("<=");
const GREATER: Infix = relational(">");
const GREATER_EQUAL: Infix = relational(">=");
const EQUAL: Infix = relational("==");
const NOT_EQUAL: Infix = relational("!=");

/// `a · b + c` in one function.
pub(super) const MULTIPLY_ADD: &str = "fma";
/// The third operand says whether it is the second or the first.
pub(super) const SELECT: &str = "select";
/// The value of the thread whose number in the subgroup differs in the bits of the second operand.
pub(super) const EXCHANGE: &str = "subgroupShuffleXor";
/// What an atomic word holds.
pub(super) const ATOMIC_LOAD: &str = "atomicLoad";
/// Writes the third operand where the word holds the second: what it held, and whether it was written, which may not be
/// even then.
pub(super) const COMPARE_EXCHANGE: &str = "atomicCompareExchangeWeak";
/// The members of what that gives.
pub(super) const HELD: &str = "old_value";
pub(super) const EXCHANGED: &str = "exchanged";
/// The extension that speaks of subgroups.
pub(super) const SUBGROUPS: &str = "subgroups";

pub(super) fn unary(op: Unary) -> Spelling {
    match op {
        Unary::Neg => Spelling::Prefix('-'),
        Unary::Abs => Spelling::Call("abs"),
        Unary::Sqrt => Spelling::Call("sqrt"),
        Unary::Exp => Spelling::Call("exp"),
        Unary::Log => Spelling::Call("log"),
        Unary::Sin => Spelling::Call("sin"),
        Unary::Cos => Spelling::Call("cos"),
        Unary::Tanh => Spelling::Call("tanh"),
        Unary::Floor => Spelling::Call("floor"),
        Unary::Not => Spelling::Prefix('!'),
    }
}

/// Of operands of this type.
pub(super) fn binary(op: Binary, operand: Type) -> Spelling {
    Spelling::Infix(match op {
        Binary::Add => &ADD,
        Binary::Sub => &SUB,
        Binary::Mul => &MUL,
        Binary::Div => &DIV,
        Binary::Rem => &REM,
        Binary::Min => return Spelling::Call("min"),
        Binary::Max => return Spelling::Call("max"),
        Binary::And if operand == Type::BOOL => &BOTH,
        Binary::And => &AND,
        Binary::Or if operand == Type::BOOL => &EITHER,
        Binary::Or => &OR,
        Binary::Xor => &XOR,
        Binary::ShiftLeft => &SHIFT_LEFT,
        Binary::ShiftRight => &SHIFT_RIGHT,
        Binary::MulHigh => unreachable!("`legalize` rewrites it: WGSL has no upper products"),
        Binary::Less => &LESS,
        Binary::LessEqual => &LESS_EQUAL,
        Binary::Greater => &GREATER,
        Binary::GreaterEqual => &GREATER_EQUAL,
        Binary::Equal => &EQUAL,
        Binary::NotEqual => &NOT_EQUAL,
    })
}

pub(super) fn atomic(op: Atomic) -> &'static str {
    match op {
        Atomic::Add => "atomicAdd",
        Atomic::Max => "atomicMax",
    }
}

pub(super) fn barrier(barrier: Barrier) -> &'static str {
    match barrier {
        Barrier::Shared => "workgroupBarrier",
        Barrier::Buffers => "storageBarrier",
    }
}

pub(super) fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::ReadWrite | Access::Atomic => "read_write",
    }
}

/// What an entry point may ask for: its name in the kernel, WGSL's, and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub name: &'static str,
    pub builtin: &'static str,
    pub ty: &'static str,
}

const fn given(name: &'static str, builtin: &'static str, ty: &'static str) -> Given {
    Given { name, builtin, ty }
}

pub(super) const THREAD: Given = given("thread", "local_invocation_index", "u32");
pub(super) const GROUP: Given = given("group", "workgroup_id", "vec3<u32>");
pub(super) const GROUPS: Given = given("groups", "num_workgroups", "vec3<u32>");
pub(super) const SUBGROUP_THREAD: Given = given("subgroup_thread", "subgroup_invocation_id", "u32");
pub(super) const SUBGROUP: Given = given("subgroup", "subgroup_id", "u32");
pub(super) const SUBGROUP_SIZE: Given = given("subgroup_size", "subgroup_size", "u32");

/// What a thread's place is made of.
pub(super) fn builtin(builtin: Builtin) -> &'static [Given] {
    match builtin {
        Builtin::Thread => &[THREAD],
        Builtin::Workgroup => &[GROUP, GROUPS],
        Builtin::Workgroups => &[GROUPS],
        Builtin::SubgroupThread => &[SUBGROUP_THREAD],
        Builtin::Subgroup => &[SUBGROUP],
        Builtin::SubgroupSize => &[SUBGROUP_SIZE],
    }
}

/// The name of a lane.
pub(super) const LANES: [&str; 4] = ["x", "y", "z", "w"];
