//! What the compiler hands to a GPU's device.

use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::program::{Owner, Shape, Side};

/// A kernel, as text, with what a device must know to launch it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// What it does.
    pub role: Role,
    /// How it does that.
    pub schedule: Schedule,
    /// The text of its target, a module of its own.
    pub text: String,
    /// The name of its entry point, unique among a model's kernels.
    pub entry: String,
    /// Threads of a workgroup.
    pub workgroup: u32,
    /// Of what it runs once for each, how many a workgroup does.
    pub rows: u32,
    /// The words that are given with each launch, in order.
    pub parameters: Vec<Word>,
    /// The buffers, in the order of their bindings.
    pub buffers: Vec<Binding>,
}

impl Artifact {
    /// Number of workgroups that do `count` of what the kernel runs once for each.
    pub fn workgroups(&self, count: u32) -> u32 {
        count.div_ceil(self.rows)
    }
}

/// A parameter of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Its name.
    pub name: String,
    /// What its 32 bits are.
    pub kind: WordKind,
}

/// What the bits of a word are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    /// An unsigned number.
    U32,
    /// A number.
    F32,
}

/// A buffer of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Whether the kernel writes to it.
    pub direction: Direction,
}

/// What a kernel does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It reads only.
    Read,
    /// It writes.
    Write,
}

/// What a kernel of a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The scores of triples.
    Forward,
    /// What the gradient needs of each triple before it is scattered. Models that need nothing have none.
    Adjoint,
    /// The gradient of a piece of the hits of one row.
    Partial(Owner),
    /// The gradient of a row, from its pieces.
    Gather(Owner),
    /// What queries, or candidates, are compared by, where this side is missing.
    Part(Side, End),
    /// The scores of queries with candidates, where this side is missing.
    Compare(Side),
}

/// An end of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The known end, with the relation.
    Query,
    /// What may fill the other.
    Candidate,
}

/// Words of a row of `columns` columns.
pub const fn padded(columns: usize) -> usize {
    columns.next_multiple_of(4)
}

/// Words of one row of a plane, by the sizes of the dimensions.
pub fn row_words(shape: Shape, sizes: &[usize]) -> usize {
    match shape {
        Shape::Scalar => 1,
        Shape::Vector(dim) => padded(sizes[dim]),
        Shape::Matrix(down, across) => sizes[down] * padded(sizes[across]),
    }
}
