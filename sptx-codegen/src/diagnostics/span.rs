//! Places in a text.

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1; 0 when the place is unknown.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl From<proc_macro2::LineColumn> for Position {
    fn from(place: proc_macro2::LineColumn) -> Self {
        Self { line: place.line, column: place.column + 1 }
    }
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

impl Span {
    /// The place of a token.
    pub fn of(span: proc_macro2::Span) -> Self {
        Self { start: span.start().into(), end: span.end().into() }
    }

    /// From the start of this stretch to the end of another.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}
