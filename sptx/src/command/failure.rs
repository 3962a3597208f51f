//! What ends a verb early, as a person reads it and as an exit code.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use sptx::models::ModelError;

use super::output;

/// The exit code of an interrupted run: 128 and the number of the signal.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit code of a mistake on the command line, as clap has it.
const USAGE: u8 = 2;

/// Why a verb ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something is wrong: one line, and lines that help.
    Error { message: String, helps: Vec<String> },
    /// The command line makes no sense.
    Usage { message: String, help: String },
    /// Text that is already laid out for a terminal, as the compiler's diagnostics are.
    Rendered(String),
    /// A person stopped it. The line says what was kept.
    Interrupted(String),
    /// Nobody reads the output any more.
    BrokenPipe,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::Error { message: message.into(), helps: Vec::new() }
    }

    /// Adds a line of help.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Error { helps, .. } = &mut self {
            helps.push(help.into());
        }
        self
    }

    /// An operation on a file that failed.
    pub(super) fn file(path: &Path, what: &str, error: &io::Error) -> Self {
        let text = error.to_string();
        // A temporary file's error names the temporary file, which tells a user nothing.
        let cause = text.split(" at path ").next().unwrap_or_default();
        Self::new(format!("{}: cannot {what}: {cause}", path.display()))
    }

    /// The failure as text, where it is told among other things.
    pub(super) fn into_message(self) -> String {
        match self {
            Self::Error { message, .. } | Self::Usage { message, .. } => message,
            Self::Rendered(text) | Self::Interrupted(text) => text,
            Self::BrokenPipe => String::new(),
        }
    }

    /// Prints the failure and gives its exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::Error { message, helps } => {
                output::complain(&message, &helps);
                ExitCode::FAILURE
            }
            Self::Usage { message, help } => {
                output::complain(&message, &[help]);
                ExitCode::from(USAGE)
            }
            Self::Rendered(text) => {
                output::complain_rendered(&text);
                ExitCode::FAILURE
            }
            Self::Interrupted(line) => {
                output::note(&line);
                ExitCode::from(INTERRUPTED)
            }
            Self::BrokenPipe => ExitCode::SUCCESS,
        }
    }
}

impl From<io::Error> for Failure {
    /// A failure to write to standard output; operations on files say which file and come through [`Failure::file`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::new(format!("cannot write the output: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => io::Error::from(kind).into(),
            None => Self::new(format!("cannot write JSON: {error}")),
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Declaration(diagnostics) => Self::Rendered(diagnostics.to_string()),
            ModelError::Unknown { .. } => {
                Self::new(error.to_string()).help("`sptx models` lists the zoo; a file of your own ends in `.sptx`")
            }
            error => Self::new(error.to_string()),
        }
    }
}

impl From<sptx::runtime::Error> for Failure {
    fn from(error: sptx::runtime::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<sptx::runtime::program::BindError> for Failure {
    fn from(error: sptx::runtime::program::BindError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<sptx::train::Error> for Failure {
    fn from(error: sptx::train::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<sptx::train::ConfigError> for Failure {
    fn from(error: sptx::train::ConfigError) -> Self {
        Self::new(error.to_string())
    }
}
