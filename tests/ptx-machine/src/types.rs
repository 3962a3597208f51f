//! Types of registers and of instructions.

use std::fmt::{self, Display, Formatter};

/// The type of a register, a parameter or an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `.pred`: true or false.
    Predicate,
    /// `.b16`: 16 bits.
    B16,
    /// `.u16`.
    U16,
    /// `.s16`.
    S16,
    /// `.b32`: 32 bits.
    B32,
    /// `.u32`.
    U32,
    /// `.s32`.
    S32,
    /// `.f32`.
    F32,
    /// `.f32x2`, two of these side by side: of instructions alone, whose registers are `.b64`.
    F32x2,
    /// `.b64`: 64 bits.
    B64,
    /// `.u64`.
    U64,
    /// `.s64`.
    S64,
}

/// What kind of number a type is.
#[derive(PartialEq, Eq)]
enum Kind {
    Predicate,
    Bits,
    Integer,
    Float,
    Pair,
}

const SPELLINGS: [(&str, Type); 12] = [
    ("pred", Type::Predicate),
    ("b16", Type::B16),
    ("u16", Type::U16),
    ("s16", Type::S16),
    ("b32", Type::B32),
    ("u32", Type::U32),
    ("s32", Type::S32),
    ("f32", Type::F32),
    ("f32x2", Type::F32x2),
    ("b64", Type::B64),
    ("u64", Type::U64),
    ("s64", Type::S64),
];

impl Type {
    /// The type of registers and memory of that name, without its dot.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = SPELLINGS.iter().find(|(spelling, _)| *spelling == name).map(|(_, ty)| *ty);
        found.filter(|ty| *ty != Self::F32x2)
    }

    /// Number of bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Predicate => 1,
            Self::B16 | Self::U16 | Self::S16 => 16,
            Self::B32 | Self::U32 | Self::S32 | Self::F32 => 32,
            Self::B64 | Self::U64 | Self::S64 | Self::F32x2 => 64,
        }
    }

    /// Number of bytes in memory.
    pub(crate) fn bytes(self) -> u32 {
        self.bits().div_ceil(8)
    }

    fn kind(self) -> Kind {
        match self {
            Self::Predicate => Kind::Predicate,
            Self::B16 | Self::B32 | Self::B64 => Kind::Bits,
            Self::U16 | Self::S16 | Self::U32 | Self::S32 | Self::U64 | Self::S64 => Kind::Integer,
            Self::F32 => Kind::Float,
            Self::F32x2 => Kind::Pair,
        }
    }

    /// Whether a register of this type fits an instruction of the other: types of one size agree where one of them is of
    /// bits or both are integers.
    #[must_use]
    pub fn agrees(self, other: Self) -> bool {
        let (one, two) = (self.kind(), other.kind());
        self.bits() == other.bits() && (one == two || one == Kind::Bits || two == Kind::Bits)
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let spelling = SPELLINGS.iter().find(|(_, ty)| ty == self).map_or("", |(spelling, _)| spelling);
        write!(f, ".{spelling}")
    }
}
