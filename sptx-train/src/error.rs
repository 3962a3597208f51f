//! What can go wrong, each with its place in the user's files and, where there is one, the mend.

mod words;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use words::{ColumnHint, Columns, IdHint, Kind, Number, Place};

use crate::config::ConfigError;
use crate::run_error::RunError;
use crate::search::SearchError;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of this crate.
///
/// ```
/// use sptx_train::{Dataset, Error};
/// let error = Dataset::from_texts("toy", "a\tlikes\tb\nb likes c\n", "", "").unwrap_err();
/// assert!(matches!(error, Error::WrongColumns { .. }));
/// assert_eq!(
///     error.to_string(),
///     "toy/train.txt:2: expected 3 tab-separated columns `head relation tail`, found 1; \
///      are the columns separated by spaces?",
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read, or decompressed.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder lacks a file that a dataset needs.
    #[error(
        "{}: no dataset here: expected {expected}; found {}",
        folder.display(),
        Listing(found)
    )]
    MissingFile {
        /// The folder searched.
        folder: PathBuf,
        /// The names that would do.
        expected: String,
        /// What the folder holds instead, in order of name.
        found: Vec<String>,
    },
    /// A byte that is not part of UTF-8 text.
    #[error("{place}: byte 0x{byte:02x} is not UTF-8; convert the file, for example with `iconv -t UTF-8`")]
    NotUtf8 {
        /// Where the byte is.
        place: Place,
        /// The byte.
        byte: u8,
    },
    /// A line with too few or too many columns.
    #[error("{place}: expected {expected}, found {found}{}", Hint(hint))]
    WrongColumns {
        /// The line.
        place: Place,
        /// The columns that the file should have.
        expected: Columns,
        /// How many columns the line has.
        found: usize,
        /// What may have happened.
        hint: Option<ColumnHint>,
    },
    /// A name with no characters.
    #[error("{place}: the name of {kind} is empty")]
    EmptyName {
        /// The place of the column.
        place: Place,
        /// What the name should name.
        kind: Kind,
    },
    /// A column, or a header, that should be a whole number and is not.
    #[error("{place}: expected {expected}, found `{found}`")]
    NotANumber {
        /// The place of the column.
        place: Place,
        /// What the number would mean.
        expected: Number,
        /// The text found.
        found: String,
    },
    /// An id that is not below the number of names.
    #[error("{place}: id {id} of {kind} is out of range: there are {count}, numbered from 0{}", Hint(hint))]
    IdOutOfRange {
        /// The place of the column.
        place: Place,
        /// What the id should identify.
        kind: Kind,
        /// The id found.
        id: u64,
        /// How many there are.
        count: usize,
        /// What may have happened.
        hint: Option<IdHint>,
    },
    /// An id that stands twice in a dictionary.
    #[error("{place}: id {id} is already given on line {first_line}")]
    DuplicateId {
        /// The place of the second.
        place: Place,
        /// The id.
        id: u64,
        /// The line of the first.
        first_line: usize,
    },
    /// A name that stands twice in a dictionary.
    #[error("{place}: name `{name}` is already given on line {first_line}")]
    DuplicateName {
        /// The place of the second.
        place: Place,
        /// The name.
        name: String,
        /// The line of the first.
        first_line: usize,
    },
    /// A file whose first line counts more or fewer lines than follow.
    #[error("{place}: the header says {declared} lines follow, the file has {found}; is the file cut short?")]
    CountMismatch {
        /// The place of the header.
        place: Place,
        /// The count in the header.
        declared: u64,
        /// The lines that follow.
        found: usize,
    },
    /// A name in a file of triples that the dataset's dictionary lacks.
    #[error("{place}: {} `{name}` is not in {}{}", kind.noun(), dictionary.display(), DidYouMean(suggestion))]
    NotInDictionary {
        /// The place of the name.
        place: Place,
        /// What it should name.
        kind: Kind,
        /// The name.
        name: String,
        /// The dictionary.
        dictionary: PathBuf,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A name, asked for by a user, that the dataset lacks.
    #[error("no {} is named `{name}`{}", kind.noun(), DidYouMean(suggestion))]
    UnknownName {
        /// What it should name.
        kind: Kind,
        /// The name.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A name in a file that a user wrote, which the dataset lacks.
    #[error("{place}: no {} is named `{name}`{}", kind.noun(), DidYouMean(suggestion))]
    UnknownNameAt {
        /// The place of the name.
        place: Place,
        /// What it should name.
        kind: Kind,
        /// The name.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A question that asks for no part of a triple, or for several.
    #[error("{place}: expected one `?`, found {found}; write `?` for the one part that is asked for")]
    NotOneGap {
        /// The line.
        place: Place,
        /// How many there are.
        found: usize,
    },
    /// A training file with no triples.
    #[error("{}: no triples to train on", path.display())]
    EmptyTrain {
        /// The file.
        path: PathBuf,
    },
    /// More names than 32-bit ids can tell apart.
    #[error("more than 2^32 − 1 names of {kind}")]
    TooManyNames {
        /// What the names name.
        kind: Kind,
    },
    /// A triple names an entity or a relation that the model or the dataset does not have.
    #[error("triple {index}: id {id} of {kind} is out of range: there are {count}; does the model fit the dataset?")]
    TripleOutOfRange {
        /// The position of the triple in its list.
        index: usize,
        /// What the id should identify.
        kind: Kind,
        /// The id.
        id: u32,
        /// How many there are.
        count: usize,
    },
    /// A list of triples to evaluate is empty.
    #[error("no triples to evaluate; does the dataset have this split?")]
    NothingToEvaluate,
    /// A mistake in a configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A failure of a training run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A failure of a search.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A refusal of the engine.
    #[error(transparent)]
    Engine(#[from] sptx_runtime::Error),
    /// A model that could not be found or compiled, as the one who looked for it tells.
    #[error(transparent)]
    Model(Box<dyn std::error::Error + Send + Sync>),
    /// An unknown name of a metric of nearness.
    #[error("no metric is named `{name}`; expected `cosine` or `l2`")]
    UnknownMetric {
        /// The name.
        name: String,
    },
    /// An unknown name of a split.
    #[error("no split is named `{name}`; expected `train`, `valid` or `test`")]
    UnknownSplit {
        /// The name.
        name: String,
    },
}

struct Hint<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Hint<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

struct DidYouMean<'a>(&'a Option<String>);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(f, "; did you mean `{name}`?"))
    }
}

struct Listing<'a>(&'a [String]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        if self.0.is_empty() {
            return f.write_str("an empty folder");
        }
        write!(f, "{}", self.0[..self.0.len().min(SHOWN)].join(", "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
