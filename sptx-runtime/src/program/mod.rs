//! The program of one score: what the compiler hands to the runtime, as plain data.
//!
//! A [`Model`] says which tables a score has and how its value and its gradient are computed, as two [`Program`]s: lists
//! of [`Stage`]s run one after another over a whole batch of triples. Within a stage every triple is independent of the
//! others, and so is every column of a [`Columns`] stage, but for its reductions and scatters: so a device may split a
//! stage over threads by column tile, and every order of triples gives the same sums if each column's additions keep the
//! batch's order.
//!
//! What passes from stage to stage is one number per triple (a *scalar*, numbered over both programs) or one vector per
//! triple (numbered within a program; only scores with matrices have them). A backward program may read every scalar
//! that the forward program defined.
//!
//! The same data drives the compiled kernels (which replace the `body` of stages by machine code) and the block
//! interpreter (which runs them). It is serialisable: `sptx compile` writes it as JSON beside a generated kernel.

mod model;
mod number;
mod split;
mod stage;

pub use model::{
    BindError, Choice, Constraint, Dim, DimSize, IncidenceRow, IncidenceTerm, Initializer, Model, Owner, Parameter,
    Plane, Shape, Slot,
};
pub use split::{Comparison, Output, PairNumbers, PairProduct, PairProductKind, Part, Split};
pub use stage::{
    Binary, Columns, Instruction, Outer, Product, Program, Reduce, ReduceOp, Register, Scalars, Scatter, Side, Stage,
    Unary,
};
