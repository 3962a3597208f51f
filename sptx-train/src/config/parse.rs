//! Configurations from and to TOML.

use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;
use toml::{Deserializer, Spanned, Table, Value};

use super::overrides::nearest;
use super::{Config, ConfigError};
use crate::error::Place;

impl Config {
    /// Reads a TOML file. What it does not set keeps the defaults of its model.
    ///
    /// # Errors
    /// When the file cannot be read, or with the place of the first mistake in it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::from_toml(path, &text)
    }

    /// Reads TOML text; `path` is used in messages only.
    ///
    /// # Errors
    /// The first mistake, with its place.
    ///
    /// ```
    /// use sptx_train::Config;
    /// let config = Config::from_toml("run.toml", "epochs = 7\n[model]\nname = \"transe\"\n").unwrap();
    /// assert_eq!((config.epochs, config.loss.margin), (7, 9.0));
    /// let error = Config::from_toml("run.toml", "epochs = 7\nbatchsize = 3\n").unwrap_err();
    /// assert!(error.to_string().starts_with("run.toml:2:1: unknown field `batchsize`"), "{error}");
    /// ```
    pub fn from_toml(path: impl AsRef<Path>, text: &str) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let parsed = DeTable::parse(text).map_err(|error| locate(path, text, &error))?;
        let config = Self::over_defaults(path, text, Self::given(path, text, parsed)?)?;
        config.check_ranges()?;
        Ok(config)
    }

    /// The settings that a parsed text gives, once they are known to be settings. Places are those in the text.
    pub(crate) fn given(path: &Path, text: &str, parsed: Spanned<DeTable<'_>>) -> Result<Table, ConfigError> {
        let mistake = |error: toml::de::Error| locate(path, text, &error);
        // The typed reading finds mistakes and their places; the untyped one tells what was set.
        Config::deserialize(Deserializer::from(parsed.clone())).map_err(mistake)?;
        Table::deserialize(Deserializer::from(parsed)).map_err(mistake)
    }

    /// Given settings over the defaults of their model. Ranges are not checked.
    pub(crate) fn over_defaults(path: &Path, text: &str, given: Table) -> Result<Self, ConfigError> {
        let model = given.get("model").and_then(|model| model.get("name")).and_then(Value::as_str);
        let mut table = Self::defaults_for(model.unwrap_or_default()).to_table()?;
        merge(&mut table, given);
        Config::deserialize(Value::Table(table)).map_err(|error| locate(path, text, &error))
    }

    /// The configuration as TOML, every key included.
    ///
    /// # Errors
    /// When a value has no TOML form, such as a path that is not UTF-8.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        Ok(toml::to_string(self)?)
    }

    pub(super) fn to_table(&self) -> Result<Table, ConfigError> {
        Ok(Table::try_from(self)?)
    }
}

/// Lets `given` replace what `table` has, section by section.
fn merge(table: &mut Table, given: Table) {
    for (key, value) in given {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// A mistake that the TOML reader found, with its place.
pub(crate) fn locate(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let place = place(path, text, error.span().map_or(0, |span| span.start));
    let message = error.message().trim().replace('\n', "; ");
    ConfigError::File { place, suggestion: suggest(&message), message }
}

/// The place of a byte of a text.
pub(crate) fn place(path: &Path, text: &str, byte: usize) -> Place {
    let before = &text[..byte.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Place::new(path, line).at_column(column)
}

/// The name nearest to the first quoted one, among those that follow it: ``unknown field `a`, expected `b`, `c` ``.
fn suggest(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown"))?;
    nearest(wrong, quoted)
}
