//! Stages and their instructions.

use serde::{Deserialize, Serialize};

/// What is computed for a batch, stage by stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// The dimension of each vector that passes between stages.
    pub vectors: Vec<usize>,
}

/// One pass over the triples of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Element-wise work over the columns of one dimension.
    Columns(Columns),
    /// Work on the scalars of each triple.
    Scalars(Scalars),
    /// A gathered matrix times a vector.
    Product(Product),
    /// An outer product added to the gradient of a matrix.
    Outer(Outer),
}

/// Element-wise work over the columns of one dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// Index of the dimension in [`Model::dims`](super::Model::dims).
    pub dim: usize,
    /// The instructions; each defines the register of its position.
    pub body: Vec<Instruction>,
    /// Registers folded over the columns into scalars.
    pub reduce: Vec<Reduce>,
    /// Registers kept as vectors: `(register, vector)`.
    pub store: Vec<(Register, usize)>,
    /// Registers added to gradient rows.
    pub scatter: Vec<Scatter>,
}

impl Columns {
    /// Whether the stage adds to the gradient of a plane.
    pub fn scatters_to(&self, plane: usize) -> bool {
        self.scatter.iter().any(|scatter| scatter.plane == plane)
    }
}

/// Work on the scalars of each triple.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scalars {
    /// The instructions; each defines the register of its position.
    pub body: Vec<Instruction>,
    /// Scalars defined: `(register, scalar)`.
    pub define: Vec<(Register, usize)>,
    /// Registers added to the gradients of scalar tables.
    pub scatter: Vec<Scatter>,
}

/// `target = M · source`, or `Mᵀ · source`, where `M` is a gathered matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Whose matrix.
    pub side: Side,
    /// The matrix's plane.
    pub plane: usize,
    /// Whether the transpose is meant.
    pub transposed: bool,
    /// The vector multiplied.
    pub source: usize,
    /// The vector defined.
    pub target: usize,
}

/// `gradient of M += left ⊗ right`, where `M` is a gathered matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outer {
    /// Whose matrix.
    pub side: Side,
    /// The matrix's plane.
    pub plane: usize,
    /// The vector over the matrix's rows.
    pub left: usize,
    /// The vector over the matrix's columns.
    pub right: usize,
}

/// The position of the instruction that defines a value.
pub type Register = usize;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instruction {
    /// The columns of a gathered row; in a [`Scalars`] stage the element of a scalar plane.
    Row(Side, usize),
    /// The columns of a stored vector.
    Vector(usize),
    /// A scalar of the triple.
    Scalar(usize),
    /// A parameter of the model.
    Parameter(usize),
    /// A number.
    Constant(#[serde(with = "super::number")] f32),
    /// An operation on one operand.
    Unary(Unary, Register),
    /// An operation on two operands.
    Binary(Binary, Register, Register),
    /// `a · b + c`.
    MultiplyAdd(Register, Register, Register),
}

impl Instruction {
    /// The registers it reads.
    pub fn operands(&self) -> Vec<Register> {
        match *self {
            Self::Row(..) | Self::Vector(_) | Self::Scalar(_) | Self::Parameter(_) | Self::Constant(_) => Vec::new(),
            Self::Unary(_, a) => vec![a],
            Self::Binary(_, a, b) => vec![a, b],
            Self::MultiplyAdd(a, b, c) => vec![a, b, c],
        }
    }
}

/// A register folded over the columns into a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduce {
    /// How.
    pub op: ReduceOp,
    /// What.
    pub register: Register,
    /// Into which scalar.
    pub scalar: usize,
}

/// A register added to the gradient of a gathered row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scatter {
    /// Whose row.
    pub side: Side,
    /// Of which plane.
    pub plane: usize,
    /// What is added.
    pub register: Register,
}

/// Which of a triple's rows is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The head entity.
    Head,
    /// The relation.
    Relation,
    /// The tail entity.
    Tail,
}

impl Side {
    /// Head 0, relation 1, tail 2.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Operations on one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum Unary {
    Neg,
    Abs,
    Sign,
    Sqrt,
    ReciprocalOrZero,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Softplus,
    Floor,
    Frac,
}

/// Operations on two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Greater,
    Equal,
}

/// Folds over the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum ReduceOp {
    Sum,
    Min,
    Max,
}

impl ReduceOp {
    /// What a fold of no element gives.
    pub fn identity(self) -> f32 {
        match self {
            Self::Sum => 0.0,
            Self::Min => f32::INFINITY,
            Self::Max => f32::NEG_INFINITY,
        }
    }

    /// Two partial folds joined.
    pub fn combine(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Sum => a + b,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

impl Unary {
    /// The value for one number; the vector forms are in `simd::math`.
    #[inline]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Neg => -x,
            Self::Abs => x.abs(),
            Self::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            Self::Sqrt => x.sqrt(),
            Self::ReciprocalOrZero => {
                if x == 0.0 {
                    0.0
                } else {
                    x.recip()
                }
            }
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => {
                if x >= 0.0 {
                    (1.0 + (-x).exp()).recip()
                } else {
                    x.exp() / (1.0 + x.exp())
                }
            }
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Floor => x.floor(),
            Self::Frac => x - x.floor(),
        }
    }
}

impl Binary {
    /// The value for two numbers.
    #[inline]
    pub fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Greater => f32::from(u8::from(a > b)),
            Self::Equal => f32::from(u8::from(a == b)),
        }
    }
}
