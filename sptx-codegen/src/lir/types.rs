//! The types of values.

use std::fmt;

/// What one lane of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// True or false. Not in memory.
    Bool,
    /// An unsigned number of 32 bits.
    U32,
    /// A number of IEEE 754's binary32.
    F32,
}

/// The type of a value: a number, or a short vector of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    /// What each lane is.
    pub scalar: Scalar,
    /// Number of lanes: 1, 2 or 4.
    pub lanes: u8,
}

impl Type {
    /// True or false.
    pub const BOOL: Self = Self::new(Scalar::Bool, 1);
    /// An unsigned number.
    pub const U32: Self = Self::new(Scalar::U32, 1);
    /// A number.
    pub const F32: Self = Self::new(Scalar::F32, 1);

    /// A vector of `lanes` lanes.
    pub const fn new(scalar: Scalar, lanes: u8) -> Self {
        Self { scalar, lanes }
    }

    /// The same number of lanes of another scalar.
    pub const fn of(self, scalar: Scalar) -> Self {
        Self { scalar, lanes: self.lanes }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scalar)?;
        if self.lanes > 1 { write!(f, "x{}", self.lanes) } else { Ok(()) }
    }
}
