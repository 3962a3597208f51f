//! What can be wrong with a configuration.

use std::path::PathBuf;

use crate::error::Place;

/// A mistake in a configuration, with its place or its key and the mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file could not be read.
    #[error("{}: cannot read the configuration: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A mistake in a file.
    #[error("{place}: {message}{}", suggestion.as_ref().map(|key| format!("; did you mean `{key}`?")).unwrap_or_default())]
    File {
        /// Where.
        place: Place,
        /// What.
        message: String,
        /// The nearest known key.
        suggestion: Option<String>,
    },
    /// An override that is no `key=value`.
    #[error("`{text}` is no override; write `key=value`, such as `optimizer.learning_rate=0.1`")]
    NoOverride {
        /// What was given.
        text: String,
    },
    /// A key that does not exist.
    #[error("there is no key `{key}`{}", suggestion.as_ref().map_or_else(
        || format!("; there are {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        |key| format!("; did you mean `{key}`?"),
    ))]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known key.
        suggestion: Option<String>,
        /// The keys there are beside it.
        known: Vec<String>,
    },
    /// A key that names a section where a setting is meant.
    #[error("`{key}` is a section; set one of {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))]
    Section {
        /// The key.
        key: String,
        /// The settings in it.
        keys: Vec<String>,
    },
    /// A value of the wrong type.
    #[error("`{key}` must be {expected}; `{found}` is not")]
    WrongType {
        /// The key.
        key: String,
        /// What it should be.
        expected: String,
        /// The value given.
        found: String,
    },
    /// A value out of range.
    #[error("`{key}` must be {expected}; it is {found}")]
    OutOfRange {
        /// The key.
        key: String,
        /// What it should be.
        expected: &'static str,
        /// The value given.
        found: String,
    },
    /// Two settings that mean nothing together.
    #[error("`{key} = {value}` does not go with `{with} = {with_value}`: {reason}; {mend}")]
    Combination {
        /// The key of the setting at fault.
        key: &'static str,
        /// Its value.
        value: String,
        /// The key of the setting that it does not go with.
        with: &'static str,
        /// Its value.
        with_value: String,
        /// Why.
        reason: &'static str,
        /// The mend.
        mend: &'static str,
    },
    /// A configuration that cannot be written as TOML.
    #[error("the configuration cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
}
