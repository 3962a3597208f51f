//! The operations.

use super::{Owner, ParameterId, PlaneId, SemiringId, Value};

/// Which of a triple's rows a gather reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The head entity.
    Head,
    /// The relation.
    Relation,
    /// The tail entity.
    Tail,
}

impl Side {
    /// Head, relation, tail.
    pub const ALL: [Self; 3] = [Self::Head, Self::Relation, Self::Tail];

    /// Whose tables the side reads.
    pub fn owner(self) -> Owner {
        match self {
            Self::Head | Self::Tail => Owner::Entity,
            Self::Relation => Owner::Relation,
        }
    }

    /// `h`, `r` or `t`, as in declarations.
    pub fn letter(self) -> char {
        match self {
            Self::Head => 'h',
            Self::Relation => 'r',
            Self::Tail => 't',
        }
    }
}

/// An operation. Operands are handles of earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The side's row of a plane.
    Gather {
        /// Whose row.
        side: Side,
        /// Of which plane.
        plane: PlaneId,
    },
    /// A real number.
    Const(f64),
    /// A parameter given at run time.
    Parameter(ParameterId),
    /// The derivative of the loss with respect to the score.
    Upstream,
    /// An element-wise operation on one operand.
    Unary(UnaryOp, Value),
    /// An element-wise operation on two operands.
    Binary(BinaryOp, Value, Value),
    /// A vector folded to a scalar.
    Reduce(ReduceOp, Value),
    /// A matrix, or its transpose, times a vector.
    MatVec {
        /// The matrix.
        matrix: Value,
        /// The vector.
        vector: Value,
        /// Whether the transpose is meant.
        transposed: bool,
    },
    /// `left ⊗ right`, a matrix.
    Outer(Value, Value),
    /// One row of an incidence matrix times the stacked tables, under a semiring.
    Fold {
        /// The semiring.
        semiring: SemiringId,
        /// The row's non-zeros.
        terms: Vec<Term>,
    },
    /// A complex value from its real and imaginary parts.
    Complex(Value, Value),
    /// `e^{iθ}` of a real θ.
    Cis(Value),
    /// The real part.
    Re(Value),
    /// The imaginary part.
    Im(Value),
    /// The complex conjugate.
    Conj(Value),
    /// |z|.
    Modulus(Value),
}

/// One non-zero of an incidence row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Its coefficient, joined to the value by the semiring's ⊗.
    pub coefficient: f64,
    /// Whether the complex conjugate of the value is taken first.
    pub conjugate: bool,
    /// A gather, or the `Cis` of one.
    pub value: Value,
}

/// Element-wise operations on one operand. `Neg` takes complex operands too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum UnaryOp {
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

/// Element-wise operations on two operands. `Add`, `Sub`, `Mul` and `Div` take complex operands too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Greater,
    Equal,
}

/// Folds of a vector to a scalar. `Sum` takes complex operands too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the functions")]
pub enum ReduceOp {
    Sum,
    Min,
    Max,
}

impl Op {
    /// The operands, in order.
    pub fn operands(&self) -> Vec<Value> {
        match self {
            Self::Gather { .. } | Self::Const(_) | Self::Parameter(_) | Self::Upstream => Vec::new(),
            Self::Unary(_, a)
            | Self::Reduce(_, a)
            | Self::Cis(a)
            | Self::Re(a)
            | Self::Im(a)
            | Self::Conj(a)
            | Self::Modulus(a) => vec![*a],
            Self::Binary(_, a, b) | Self::Outer(a, b) | Self::Complex(a, b) => vec![*a, *b],
            Self::MatVec { matrix, vector, .. } => vec![*matrix, *vector],
            Self::Fold { terms, .. } => terms.iter().map(|term| term.value).collect(),
        }
    }

    /// The same operation on other operands: each is replaced by what `map` gives for it.
    pub fn map_operands(&self, mut map: impl FnMut(Value) -> Value) -> Self {
        match self {
            Self::Gather { .. } | Self::Const(_) | Self::Parameter(_) | Self::Upstream => self.clone(),
            Self::Unary(op, a) => Self::Unary(*op, map(*a)),
            Self::Reduce(op, a) => Self::Reduce(*op, map(*a)),
            Self::Cis(a) => Self::Cis(map(*a)),
            Self::Re(a) => Self::Re(map(*a)),
            Self::Im(a) => Self::Im(map(*a)),
            Self::Conj(a) => Self::Conj(map(*a)),
            Self::Modulus(a) => Self::Modulus(map(*a)),
            Self::Binary(op, a, b) => Self::Binary(*op, map(*a), map(*b)),
            Self::Outer(a, b) => Self::Outer(map(*a), map(*b)),
            Self::Complex(a, b) => Self::Complex(map(*a), map(*b)),
            Self::MatVec { matrix, vector, transposed } => {
                Self::MatVec { matrix: map(*matrix), vector: map(*vector), transposed: *transposed }
            }
            Self::Fold { semiring, terms } => Self::Fold {
                semiring: *semiring,
                terms: terms.iter().map(|term| Term { value: map(term.value), ..*term }).collect(),
            },
        }
    }
}

impl UnaryOp {
    /// Every operation.
    pub const ALL: [Self; 14] = [
        Self::Neg,
        Self::Abs,
        Self::Sign,
        Self::Sqrt,
        Self::ReciprocalOrZero,
        Self::Exp,
        Self::Log,
        Self::Sin,
        Self::Cos,
        Self::Tanh,
        Self::Sigmoid,
        Self::Softplus,
        Self::Floor,
        Self::Frac,
    ];

    /// The spelling in textual IR.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Sqrt => "sqrt",
            Self::ReciprocalOrZero => "reciprocal_or_zero",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Floor => "floor",
            Self::Frac => "frac",
        }
    }

    /// The value for a real operand: the definition that every target is held against.
    pub fn apply(self, x: f64) -> f64 {
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

impl BinaryOp {
    /// Every operation.
    pub const ALL: [Self; 8] =
        [Self::Add, Self::Sub, Self::Mul, Self::Div, Self::Min, Self::Max, Self::Greater, Self::Equal];

    /// The spelling in textual IR.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Min => "min",
            Self::Max => "max",
            Self::Greater => "greater",
            Self::Equal => "equal",
        }
    }

    /// Whether the operands may be exchanged.
    pub fn commutes(self) -> bool {
        match self {
            Self::Add | Self::Mul | Self::Min | Self::Max | Self::Equal => true,
            Self::Sub | Self::Div | Self::Greater => false,
        }
    }

    /// The value for real operands.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Greater => f64::from(u8::from(a > b)),
            Self::Equal => f64::from(u8::from(a == b)),
        }
    }
}

impl ReduceOp {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Sum, Self::Min, Self::Max];

    /// The spelling in textual IR.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Min => "min_of",
            Self::Max => "max_of",
        }
    }

    /// What a fold of no element gives.
    pub fn identity(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Min => f64::INFINITY,
            Self::Max => f64::NEG_INFINITY,
        }
    }

    /// The fold's operation on two elements.
    pub fn combine(self) -> BinaryOp {
        match self {
            Self::Sum => BinaryOp::Add,
            Self::Min => BinaryOp::Min,
            Self::Max => BinaryOp::Max,
        }
    }
}
