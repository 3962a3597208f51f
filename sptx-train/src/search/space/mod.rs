//! The space of a search: what all trials share, and the values to try of the rest.

mod dimensions;
mod domain;
mod options;

use std::path::{Path, PathBuf};

use toml::de::DeTable;
use toml::{Spanned, Table, Value};

pub(super) use dimensions::Dimension;
use options::Options;
pub use options::Strategy;

use super::error::{SearchError, SpaceMistake};
use super::sample::Point;
use crate::config::{Config, ConfigError, MetricName, locate, place};
use crate::error::Result;

/// What a search tries: a base configuration, and values for some of its settings.
///
/// ```
/// use sptx_train::search::Space;
/// let text = r#"
/// data = "my_graph"
/// model.name = "transe"
/// [search]
/// trials = 2
/// [search.space]
/// "optimizer.learning_rate" = { low = 1e-3, high = 1.0, scale = "log" }
/// dim = [32, 64]
/// "#;
/// let space = Space::from_toml("space.toml", text).unwrap();
/// let configs: Vec<_> = space.points().iter().map(|point| space.config(point).unwrap()).collect();
/// assert!(configs.iter().all(|config| config.dim == 32 || config.dim == 64));
/// assert_ne!(configs[0], configs[1]);
///
/// let error = Space::from_toml("space.toml", &text.replace("dim =", "dmi =")).unwrap_err();
/// assert_eq!(error.to_string(), "space.toml:8:1: there is no key `dmi`; did you mean `dim`?");
/// ```
#[derive(Clone, Debug)]
pub struct Space {
    path: PathBuf,
    text: String,
    /// What the file sets outside `[search]`.
    given: Table,
    /// Where the data is, if not where the file says.
    data: Option<PathBuf>,
    pub(super) options: Options,
    pub(super) dimensions: Vec<Dimension>,
}

impl Space {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, or with the first mistake in it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::from_toml(path, &text)
    }

    /// Reads TOML text; `path` is used in messages only.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn from_toml(path: impl AsRef<Path>, text: &str) -> Result<Self> {
        let path = path.as_ref();
        let at = |byte, mistake| SearchError::Space { place: place(path, text, byte), mistake };
        let mut parsed = DeTable::parse(text).map_err(|error| locate(path, text, &error))?;
        let Some((key, section)) = parsed.get_mut().remove_entry("search") else {
            return Err(at(text.len(), SpaceMistake::NoSearch).into());
        };
        let given = Config::given(path, text, parsed)?;
        let file = File { path, text };
        let (options, space) = Options::read(&file, key.span().start, section)?;
        let dimensions = dimensions::read(&file, &options, key.span().start, space)?;
        let space = Self { path: path.to_owned(), text: text.to_owned(), given, data: None, options, dimensions };
        space.check_base(&file, key.span().start)?;
        Ok(space)
    }

    /// What trials have in common must be in range, and every value must fit its setting.
    fn check_base(&self, file: &File<'_>, search: usize) -> Result<()> {
        let base = self.base()?;
        base.check()?;
        if base.model.name.is_empty() && !self.dimensions.iter().any(|dimension| dimension.key == MODEL) {
            return Err(file.mistake(0, SpaceMistake::NoModel).into());
        }
        if base.validation.every == 0 {
            let (key, expected, found) =
                ("validation.every", "at least 1, for a search chooses by validation", "0".into());
            return Err(file.mistake(search, SpaceMistake::OutOfRange { key, expected, found }).into());
        }
        for dimension in &self.dimensions {
            for value in dimension.domain.examples() {
                let fits = base.clone().assign(&dimension.key, &spelled(&value));
                fits.map_err(|error| file.mistake(dimension.byte, error.into()))?;
            }
        }
        self.options.rungs(base.epochs).map(|_| ()).map_err(|mistake| file.mistake(search, mistake).into())
    }

    /// Says where the data is: the path in a file is relative to what its reader decides.
    pub fn set_data(&mut self, data: PathBuf) {
        self.data = Some(data);
    }

    /// What the trials have in common.
    ///
    /// # Errors
    /// When the file's settings are no configuration; reading it has ruled that out.
    pub fn base(&self) -> Result<Config, ConfigError> {
        self.over_defaults(self.given.clone())
    }

    /// The configuration of a trial.
    ///
    /// # Errors
    /// The first value that is out of range, as it may be only beside the others of the trial.
    pub fn config(&self, point: &Point) -> Result<Config, ConfigError> {
        let mut given = self.given.clone();
        if let Some(name) = point.get(MODEL) {
            // The defaults are those of the model that is tried.
            let section = given.entry("model").or_insert_with(|| Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert("name".to_owned(), name.clone());
            }
        }
        let mut config = self.over_defaults(given)?;
        point.iter().try_for_each(|(key, value)| config.assign(key, &spelled(value)))?;
        config.check()?;
        Ok(config)
    }

    fn over_defaults(&self, given: Table) -> Result<Config, ConfigError> {
        let mut config = Config::over_defaults(&self.path, &self.text, given)?;
        if let Some(metric) = self.options.metric {
            config.validation.metric = metric;
        }
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        Ok(config)
    }

    /// The metric that chooses.
    pub fn metric(&self) -> MetricName {
        self.base().map_or_else(|_| Config::default().validation.metric, |base| base.validation.metric)
    }

    /// How the trials are run.
    pub fn strategy(&self) -> Strategy {
        self.options.strategy
    }

    /// The dotted keys of the settings that are tried, in order.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|dimension| dimension.key.as_str())
    }

    /// The text that was read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What another space has otherwise so that a search cannot go on with it.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        let differs = |key: &&String| self.given.get(*key) != now.given.get(*key);
        if let Some(key) = self.given.keys().chain(now.given.keys()).find(differs) {
            return Some(format!("`{key}`"));
        }
        let key = |dimension: &Dimension| format!("`{}` in `[search.space]`", dimension.key);
        let lacks = |space: &Self, it: &&Dimension| !space.dimensions.iter().any(|other| other.tries_as(it));
        let lost = self.dimensions.iter().find(|it| lacks(now, it));
        let new = now.dimensions.iter().find(|it| lacks(self, it));
        lost.or(new).map(key).or_else(|| self.options.difference(&now.options).map(|key| format!("`search.{key}`")))
    }
}

/// The setting whose value decides the defaults of the others.
const MODEL: &str = "model.name";

/// A value as an override has it.
pub(super) fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text that is read, and what it goes by in messages.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn mistake(&self, byte: usize, mistake: SpaceMistake) -> SearchError {
        SearchError::Space { place: place(self.path, self.text, byte), mistake }
    }

    fn locate(&self, error: &toml::de::Error) -> ConfigError {
        locate(self.path, self.text, error)
    }
}

/// A value with its place.
type Located<'a> = Spanned<toml::de::DeValue<'a>>;
