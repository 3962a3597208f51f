//! The operations: their names, which types they take, what they give.

use super::{Scalar, Type};

/// What a thread knows of its place. All are u32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Builtin {
    /// The thread's number in its workgroup.
    Thread,
    /// The workgroup's number in the grid, however the grid is folded.
    Workgroup,
    /// Number of workgroups of the grid.
    Workgroups,
    /// The thread's number in its subgroup.
    SubgroupThread,
    /// The subgroup's number in the workgroup.
    Subgroup,
    /// Threads of a subgroup.
    SubgroupSize,
}

/// Operations on one operand, lane by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum Unary {
    Neg,
    Abs,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Floor,
    /// Of truth values.
    Not,
}

/// Operations on two operands of one type, lane by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    /// Of u32: by nothing but a divisor that is not 0.
    Div,
    /// Of u32: by nothing but a divisor that is not 0.
    Rem,
    Min,
    Max,
    /// Of u32 or of truth values.
    And,
    /// Of u32 or of truth values.
    Or,
    Xor,
    /// By less than 32.
    ShiftLeft,
    /// By less than 32.
    ShiftRight,
    /// The upper 32 bits of a product.
    MulHigh,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// What an atomic operation does to a word of memory.
///
/// An addition of numbers may take what is below 2^-126 in magnitude for 0, as NVIDIA's GPUs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atomic {
    /// Adds, u32 or f32: of these also vectors, lane by lane.
    Add,
    /// Keeps the greater, u32.
    Max,
}

impl Unary {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Neg,
        Self::Abs,
        Self::Sqrt,
        Self::Exp,
        Self::Log,
        Self::Sin,
        Self::Cos,
        Self::Tanh,
        Self::Floor,
        Self::Not,
    ];

    /// What it gives of an operand of this type; none where it takes none such.
    pub fn result(self, operand: Type) -> Option<Type> {
        let wanted = if self == Self::Not { Scalar::Bool } else { Scalar::F32 };
        (operand.scalar == wanted).then_some(operand)
    }
}

impl Binary {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Rem,
        Self::Min,
        Self::Max,
        Self::And,
        Self::Or,
        Self::Xor,
        Self::ShiftLeft,
        Self::ShiftRight,
        Self::MulHigh,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::Equal,
        Self::NotEqual,
    ];

    /// Whether it compares, and so gives truth values.
    pub fn compares(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual | Self::Equal | Self::NotEqual)
    }

    /// What it gives of two operands of this type; none where it takes none such.
    pub fn result(self, operand: Type) -> Option<Type> {
        let takes = match self {
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Min | Self::Max => operand.scalar != Scalar::Bool,
            Self::And | Self::Or => operand.scalar != Scalar::F32,
            Self::Rem | Self::Xor | Self::ShiftLeft | Self::ShiftRight | Self::MulHigh => operand.scalar == Scalar::U32,
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual | Self::Equal | Self::NotEqual => {
                operand.scalar != Scalar::Bool
            }
        };
        takes.then(|| if self.compares() { operand.of(Scalar::Bool) } else { operand })
    }

    /// Its value for two u32, where it gives a u32 and is defined.
    pub fn fold(self, a: u32, b: u32) -> Option<u32> {
        Some(match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Div => a.checked_div(b)?,
            Self::Rem => a.checked_rem(b)?,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
            Self::ShiftLeft => a.checked_shl(b)?,
            Self::ShiftRight => a.checked_shr(b)?,
            Self::MulHigh => ((u64::from(a) * u64::from(b)) >> 32) as u32,
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual | Self::Equal | Self::NotEqual => {
                return None;
            }
        })
    }
}
