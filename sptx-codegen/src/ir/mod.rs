//! The typed intermediate representation of one score function, and its meaning.
//!
//! # What a [`Score`] is
//! A score maps one triple (head *h*, relation *r*, tail *t*) to a real number. It reads rows of tables, which are
//! declared as [`Slot`]s of an owner ([`Owner::Entity`] or [`Owner::Relation`]) and stored as [`Plane`]s: a plane is the
//! unit of storage, one matrix `[owners][elements of the shape]`. A `real[d]` slot is one plane; `real[4, d]` read as
//! `h.v[0]` … `h.v[3]` is four; a slot read through its halves is two planes over `d/2`; a `complex[d]` slot is one
//! complex plane until `crate::passes` splits it into its real and imaginary parts.
//!
//! # Values
//! [`Score::nodes`] is a list of operations in evaluation order: operands stand before their users. A [`Value`] is the
//! handle of a node. Every value has a [`Type`]: an [`Element`] (real, complex) and a [`Shape`] (scalar, vector over a
//! dimension, matrix over two). Evaluation is strict, has no effects, and is defined by `crate::interp` in f64.
//!
//! # Meaning of the operations
//! - `Gather` reads the row of the triple's head, relation or tail from a plane.
//! - Element-wise operations act on each element; a scalar operand is broadcast over a vector operand; two vectors must
//!   have the same dimension. Matrices take no element-wise operation except addition, subtraction, negation and
//!   multiplication by a scalar, which only gradients use.
//! - `Reduce` folds a vector to a scalar. The sum of no element is 0. Its order is not specified: targets may differ by
//!   rounding, and each fixes one order for itself.
//! - `MatVec` multiplies a matrix, or its transpose, by a vector; `Outer` is the outer product of two vectors.
//! - `Fold` is one row of an incidence matrix times the stacked tables under a [`Semiring`]:
//!   `⊕ᵢ (coefficientᵢ ⊗ valueᵢ)`, where each value is a gather, or the unit complex number of a gathered phase.
//! - `Upstream` is the derivative of the loss with respect to the score. Only gradients contain it.
//!
//! # Corner cases, the same on every target
//! `sign(0) = 0`. `reciprocal_or_zero(0) = 0`. `greater(a, b)` and `equal(a, b)` are 1 or 0. `frac(x) = x − floor(x)`.
//! `softplus(x) = max(x, 0) + ln(1 + e^−|x|)`. At a kink (|x| at 0, max and min at a tie) the sub-gradient is 0.

pub(crate) mod arena;
mod bind;
mod builder;
mod op;
mod semiring;
mod table;
mod types;

pub use arena::Arena;
pub use bind::{DimError, DimSizes};
pub use builder::{Builder, TypeError, infer};
pub use op::{BinaryOp, Op, ReduceOp, Side, Term, UnaryOp};
pub use semiring::{Semiring, SemiringExpr};
pub use table::{Choice, Constraint, Initializer, Owner, Parameter, Plane, Slot, SlotType};
pub use types::{Dim, DimSize, Element, Shape, Type};

use arena::handle;

handle! {
    /// Handle of a [`Dim`].
    DimId("dim");
    /// Handle of a [`Slot`].
    SlotId("slot");
    /// Handle of a [`Plane`].
    PlaneId("plane");
    /// Handle of a [`Parameter`].
    ParameterId("param");
    /// Handle of a [`Semiring`].
    SemiringId("semiring");
    /// Handle of a [`Node`]: a value of the score.
    Value("v");
}

/// One operation and the type of its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// The type of the result, as [`infer`] gives it.
    pub ty: Type,
}

/// A score function: its tables, its parameters and its expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The model's name, as declared (`TransE`).
    pub name: String,
    /// The declaration's doc comment, lines joined by newlines.
    pub doc: String,
    /// Dimensions: symbols bound when a kernel is specialised, and what derives from them.
    pub dims: Arena<DimId, Dim>,
    /// Real parameters given at run time.
    pub parameters: Arena<ParameterId, Parameter>,
    /// Parameters with a closed list of values, fixed when this score was made.
    pub choices: Vec<Choice>,
    /// The declared tables.
    pub slots: Arena<SlotId, Slot>,
    /// The storage of the slots.
    pub planes: Arena<PlaneId, Plane>,
    /// The semirings that folds use.
    pub semirings: Arena<SemiringId, Semiring>,
    /// The operations, operands before users.
    pub nodes: Arena<Value, Node>,
    /// Names of values that the declaration gave (`let`, `incidence`), for printing.
    pub names: Vec<(Value, String)>,
    /// The score: a real scalar.
    pub root: Value,
}

/// The gradient of a score: for each gather that the score depends on, what is added to the gathered row.
///
/// `score.nodes` holds the forward nodes first, unchanged, then those of the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The score with the gradient's nodes appended.
    pub score: Score,
    /// Number of forward nodes at the front of `score.nodes`.
    pub forward_nodes: usize,
    /// `(side, plane, value)`: scatter `value` to the side's row of the plane. At most one entry per side and plane.
    pub contributions: Vec<(Side, PlaneId, Value)>,
}
