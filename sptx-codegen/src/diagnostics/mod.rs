//! What the front end tells a user: every error of a text at once, each with its place, what was expected and the mend.
//!
//! Diagnostics are plain data: they outlive the parsed tokens and may cross threads. [`crate::expand`] finds the
//! tokens of a macro's input again by their positions.

mod render;
mod span;
mod suggest;

pub use span::{Position, Span};
pub(crate) use suggest::{did_you_mean, listed};

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
    /// What stands at the place, in a few words; empty when the message has said it.
    pub label: String,
    /// The mend; empty when there is none to offer.
    pub help: String,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: String::new(), help: String::new() }
    }

    /// Says what stands at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// The errors of one text, with the text they point into. `Display` renders them for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The file's name, as given to the parser; empty for the tokens of a macro.
    pub file_name: String,
    /// The text; empty for the tokens of a macro.
    pub source: String,
    /// The errors, in the order of the text.
    pub errors: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Sorts the errors by place and drops repetitions.
    pub fn new(file_name: &str, source: &str, mut errors: Vec<Diagnostic>) -> Self {
        errors.sort();
        errors.dedup();
        Self { file_name: file_name.to_owned(), source: source.to_owned(), errors }
    }
}

impl std::error::Error for Diagnostics {}
