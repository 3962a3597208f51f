//! Types of values: what an element is, and how many there are.

use super::DimId;

/// A dimension: a symbol bound when a kernel is specialised, or what derives from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dim {
    /// As printed: `d`, `d/2`, `3`.
    pub name: String,
    /// How its size is found.
    pub size: DimSize,
}

/// How the size of a [`Dim`] is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DimSize {
    /// Bound from outside.
    Symbol,
    /// Half of another dimension, which must be even when bound.
    Half(DimId),
    /// Written as a number.
    Literal(u32),
}

/// What one element of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// A real number.
    Real,
    /// A complex number.
    Complex,
}

/// How many elements a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One.
    Scalar,
    /// As many as the dimension is large.
    Vector(DimId),
    /// Rows, columns; stored by rows.
    Matrix(DimId, DimId),
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// What one element is.
    pub element: Element,
    /// How many elements there are.
    pub shape: Shape,
}

impl Type {
    /// A real scalar: the type of a score.
    pub const SCALAR: Self = Self { element: Element::Real, shape: Shape::Scalar };

    /// A real value of a shape.
    pub fn real(shape: Shape) -> Self {
        Self { element: Element::Real, shape }
    }

    /// A complex value of a shape.
    pub fn complex(shape: Shape) -> Self {
        Self { element: Element::Complex, shape }
    }

    /// A real vector over a dimension.
    pub fn vector(dim: DimId) -> Self {
        Self::real(Shape::Vector(dim))
    }
}
