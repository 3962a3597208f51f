//! What can be wrong with a search, each with its place and the mend.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::error::Place;

/// A failure of a search.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A mistake in the file of the space.
    #[error("{place}: {mistake}")]
    Space {
        /// Where.
        place: Place,
        /// What.
        mistake: Box<SpaceMistake>,
    },
    /// A search that goes on with another space.
    #[error(
        "{}: the search cannot go on with another space: {what} changed since it began; set it back, or choose a new \
         folder (only `search.seconds` and `search.trial_seconds` may change, and `search.trials` of a random search \
         may grow)",
        path.display()
    )]
    SpaceChanged {
        /// The folder.
        path: PathBuf,
        /// What is not as it was.
        what: String,
    },
    /// A search that goes on with another dataset.
    #[error("{}: the dataset is not the one that the search began with; restore it, or choose a new folder", path.display())]
    DatasetChanged {
        /// The folder.
        path: PathBuf,
    },
    /// A trial that could not go on for more epochs, as successive halving asks of the best.
    #[error(
        "{place}: successive halving lets the best trials go on for more epochs, and a run with these settings cannot: \
         {}; set `schedule.epochs`, so that the learning rate does not fall by the length of the run, or search at random",
        differences.join(", ")
    )]
    LengthMatters {
        /// Where the search is described.
        place: Place,
        /// The settings that would change.
        differences: Vec<String>,
    },
    /// A dataset that cannot choose.
    #[error("the dataset has no triples to validate, and a search chooses by validation; give it a validation split")]
    NothingToValidate,
    /// A folder that holds other things.
    #[error("{}: the folder is not empty and holds no search (it has `{found}`); choose a new folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// One of the things.
        found: String,
    },
    /// A file that is not what a search writes.
    #[error("{}:{line}: damaged: {what}; restore the file, or choose a new folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// How it is damaged.
        what: String,
    },
}

/// A mistake in a space.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceMistake {
    /// The file is a configuration alone.
    #[error("there is no `[search]` section; it says how to search, and `[search.space]` which values to try")]
    NoSearch,
    /// Nothing is to be tried.
    #[error(
        "`[search.space]` has nothing to try; give it settings, such as `\"optimizer.learning_rate\" = [0.01, 0.1]`"
    )]
    NoSpace,
    /// Trials on a GPU.
    #[error("trials train on the CPU, and `device` is `{device}`; leave it out")]
    OnGpu {
        /// The device.
        device: String,
    },
    /// No model is named.
    #[error("no model is named; add `name = \"transe\"` to `[model]`, or `\"model.name\" = [...]` to `[search.space]`")]
    NoModel,
    /// A setting with no values.
    #[error("`{key}` has no values to try; list some, or leave it out")]
    NoValues {
        /// The setting.
        key: String,
    },
    /// A value that is neither a list nor a range.
    #[error("`{key}` has one value; write a list such as `[{value}]` or a range such as `{{ low = 1, high = 8 }}`")]
    OneValue {
        /// The setting.
        key: String,
        /// The value.
        value: String,
    },
    /// A setting given as a dotted key and as a section.
    #[error("`{key}` is given twice; leave one out")]
    Twice {
        /// The setting.
        key: String,
    },
    /// An end of a range, or its step, that is no finite number.
    #[error("`{part}` of `{key}` must be a finite number; `{found}` is not")]
    NoNumber {
        /// The setting.
        key: String,
        /// `low`, `high` or `step`.
        part: &'static str,
        /// What was given.
        found: String,
    },
    /// A range that ends before it begins.
    #[error("the range of `{key}` goes from {low} down to {high}; swap `low` and `high`")]
    Reversed {
        /// The setting.
        key: String,
        /// The lower end, as given.
        low: String,
        /// The upper end, as given.
        high: String,
    },
    /// A logarithmic range that reaches 0.
    #[error("the range of `{key}` is logarithmic and must begin above 0; it begins at {low}")]
    LogarithmOfZero {
        /// The setting.
        key: String,
        /// The lower end.
        low: String,
    },
    /// A logarithmic range with steps.
    #[error(
        "the range of `{key}` cannot have both steps and a logarithmic scale; leave `step` out, or list the values"
    )]
    LogarithmicSteps {
        /// The setting.
        key: String,
    },
    /// A step that does not fit.
    #[error("`step` of `{key}` must be above 0 and at most `high` − `low`; it is {step}")]
    Step {
        /// The setting.
        key: String,
        /// The step.
        step: String,
    },
    /// A setting that trials may not differ in.
    #[error("`{key}` cannot be searched: {why}")]
    Governed {
        /// The setting.
        key: String,
        /// Why not.
        why: &'static str,
    },
    /// A key of `[search]` that the strategy does not use.
    #[error("`{key}` is of no use to a random search; leave it out, or set `strategy = \"successive-halving\"`")]
    OnlyHalving {
        /// The key.
        key: &'static str,
    },
    /// A value of `[search]`, or of a setting it needs, that is out of range.
    #[error("`{key}` must be {expected}; it is {found}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A setting that does not exist, or a value that does not fit it.
    #[error(transparent)]
    Setting(#[from] ConfigError),
}
