//! The parts that messages are made of: places, what was expected, what may have happened.

use std::fmt;
use std::path::Path;

/// A place in a text file. Lines and columns count from one, columns in characters.
///
/// ```
/// use sptx_train::Place;
/// assert_eq!(Place::new("train.txt", 17).at_column(4).to_string(), "train.txt:17:4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file; for embedded text a made-up name.
    pub path: Box<Path>,
    /// The line.
    pub line: usize,
    /// The column, where one column is meant and not the line.
    pub column: Option<usize>,
}

impl Place {
    /// A whole line.
    pub fn new(path: impl AsRef<Path>, line: usize) -> Self {
        Place { path: path.as_ref().into(), line, column: None }
    }

    /// The same line, at a column.
    pub fn at_column(self, column: usize) -> Self {
        Place { column: Some(column), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)?;
        match self.column {
            Some(column) => write!(f, ":{column}"),
            None => Ok(()),
        }
    }
}

/// What a name or an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A node of the graph.
    Entity,
    /// A label of an edge.
    Relation,
}

impl Kind {
    /// The word without its article: `entity`, `relation`.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Entity => "entity",
            Kind::Relation => "relation",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Entity => "an entity",
            Kind::Relation => "a relation",
        })
    }
}

/// The columns that a file should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// `head relation tail`, names between tabs.
    NamedTriple,
    /// `head relation tail`, names between tabs, `?` in the place of one.
    Question,
    /// `head tail relation`, ids between spaces or tabs, as OpenKE has them.
    IdTriple,
    /// An id and a name between tabs.
    Dictionary,
    /// `head relation tail`, ids between tabs or spaces, as LibKGE has them.
    IdTripleInOrder,
    /// A name and an id between spaces or tabs, as OpenKE has them.
    IdOfName,
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Columns::NamedTriple => "3 tab-separated columns `head relation tail`",
            Columns::Question => "3 tab-separated columns `head relation tail`, one of them `?`",
            Columns::IdTriple => "3 columns of ids `head tail relation`",
            Columns::IdTripleInOrder => "3 columns of ids `head relation tail`",
            Columns::Dictionary => "2 tab-separated columns `id name`",
            Columns::IdOfName => "2 columns `name id`",
        })
    }
}

/// What a whole number in a file should mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// An id.
    Id(Kind),
    /// The number of lines that follow.
    LineCount,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Id(kind) => write!(f, "the id of {kind}"),
            Number::LineCount => f.write_str("the number of lines that follow"),
        }
    }
}

/// Why a line may have the wrong number of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnHint {
    /// The line has the right number of columns between spaces.
    Spaces,
    /// The line has the right number of columns between commas.
    Commas,
    /// The line is blank.
    Blank,
    /// The line has more columns than are read.
    Extra,
}

impl fmt::Display for ColumnHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnHint::Spaces => "are the columns separated by spaces?",
            ColumnHint::Commas => "are the columns separated by commas?",
            ColumnHint::Blank => "the line is blank, and lines follow it",
            ColumnHint::Extra => "remove the columns that follow",
        })
    }
}

/// Why an id may be out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdHint {
    /// The triple would be in range with its last two columns swapped.
    ColumnOrder,
    /// A dictionary of n names has the ids 0 to n − 1.
    Dense,
}

impl fmt::Display for IdHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdHint::ColumnOrder => "are the last two columns swapped?",
            IdHint::Dense => "ids start at 0 and leave no gaps",
        })
    }
}
