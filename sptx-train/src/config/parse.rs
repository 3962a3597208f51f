//! Configurations from and to TOML.

use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

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
        let mistake = |error: toml::de::Error| locate(path, text, &error);
        // The typed reading finds mistakes and their places; the untyped one tells what was set.
        let named = toml::from_str::<Config>(text).map_err(mistake)?;
        let given = toml::from_str::<Table>(text).map_err(mistake)?;
        let mut table = Self::defaults_for(&named.model.name).to_table()?;
        merge(&mut table, given);
        let config = Config::deserialize(Value::Table(table)).map_err(mistake)?;
        config.check_ranges()?;
        Ok(config)
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

fn locate(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let message = error.message().trim().replace('\n', "; ");
    ConfigError::File { place: Place::new(path, line).at_column(column), suggestion: suggest(&message), message }
}

/// The name nearest to the first quoted one, among those that follow it: ``unknown field `a`, expected `b`, `c` ``.
fn suggest(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown"))?;
    nearest(wrong, quoted)
}
