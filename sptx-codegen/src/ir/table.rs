//! Tables: what a declaration names (slots), how it is stored (planes), and what bounds it.

use super::{DimId, Element, Shape, SlotId};

/// Whose rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// One row per entity.
    Entity,
    /// One row per relation.
    Relation,
}

/// A declared table: `entity { v: real[d] where max_norm(1) = uniform(0.1) }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Whose rows it holds.
    pub owner: Owner,
    /// Its name in the declaration.
    pub name: String,
    /// Its declared type.
    pub ty: SlotType,
    /// What holds after every optimizer step for the rows that the step touched, applied in order.
    pub constraints: Vec<Constraint>,
    /// How its rows begin.
    pub initializer: Initializer,
}

/// The declared type of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotType {
    /// `real[d]`.
    Real(DimId),
    /// `complex[d]`.
    Complex(DimId),
    /// `phase[d]`: unit complex numbers stored as angles in radians.
    Phase(DimId),
    /// `unit[d]`: a real vector brought to Euclidean norm 1 after each step.
    Unit(DimId),
    /// `real[k, d]`.
    Matrix(DimId, DimId),
    /// `scalar`.
    Scalar,
}

/// What holds for a slot's rows after each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constraint {
    /// Euclidean norm of the whole row at most this: a longer row is scaled down.
    MaxNorm(f64),
    /// Euclidean norm of the whole row exactly 1; a zero row is left as it is.
    UnitNorm,
    /// Every element at least 0.
    NonNegative,
    /// A square matrix equal to its transpose: replaced by the mean of the two.
    Symmetric,
    /// Never changed by training.
    Frozen,
}

/// How a slot's rows begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Initializer {
    /// Uniform in `[−6/√d, 6/√d]` as in Bordes et al. (2013), `d` the row's length; for a matrix the Glorot bound; for
    /// a phase uniform in `[−π, π]`; for a scalar 0.
    Default,
    /// Uniform in `[low, high]`.
    Uniform(f64, f64),
    /// Normal with this mean and standard deviation.
    Normal(f64, f64),
    /// Glorot's uniform bound √(6 / (fan in + fan out)).
    Xavier,
    /// Every element this.
    Constant(f64),
    /// A matrix with ones on its diagonal.
    Identity,
    /// 1 for rows whose entity or relation has one of these names, 0 for the others.
    OneIfNamed(Vec<String>),
}

/// The unit of storage: `[owners][elements of shape]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// The slot it stores, or stores a part of.
    pub slot: SlotId,
    /// Which part: empty for the whole slot, else `0` … `3`, `lower`, `upper`, `re`, `im`, or two of them joined by `.`.
    pub part: String,
    /// What one element is.
    pub element: Element,
    /// The shape of one row.
    pub shape: Shape,
}

/// A real parameter given at run time: `parameter scale = 0.5;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value when nothing else is given.
    pub default: f64,
}

/// A parameter with a closed list of values: `parameter norm = 1 | 2;`. The first is the default.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// The values it may take.
    pub options: Vec<f64>,
    /// The value this score was made with.
    pub chosen: f64,
}
