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
use crate::error::{Place, Result};

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
    /// The metric that chooses.
    metric: MetricName,
    /// The epochs of each rung; none where they are each trial's own.
    pub(super) rungs: Vec<Option<u32>>,
    /// Where `[search]` stands.
    place: Place,
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
        let file = File { path, text };
        let mut parsed = DeTable::parse(text).map_err(|error| file.locate(&error))?;
        let Some((key, section)) = parsed.get_mut().remove_entry("search") else {
            return Err(file.mistake(text.len(), SpaceMistake::NoSearch).into());
        };
        let given = Config::given(path, text, parsed)?;
        let (options, space) = Options::read(&file, key.span().start, section)?;
        let dimensions = dimensions::read(&file, &options, key.span().start, space)?;
        let base = Config::over_defaults(path, text, given.clone())?;
        check_base(&file, key.span().start, &base, &dimensions)?;
        let rungs = options.rungs(base.epochs).map_err(|mistake| file.mistake(key.span().start, mistake))?;
        let metric = options.metric.unwrap_or(base.validation.metric);
        let place = place(path, text, key.span().start);
        let (path, text) = (path.to_owned(), text.to_owned());
        let space = Self { path, text, given, data: None, options, dimensions, metric, rungs, place };
        if !space.settings().any(|key| key.starts_with("schedule.")) {
            // No trial has another schedule, so each of them would fail.
            space.check_may_go_on(&base)?;
        }
        Ok(space)
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
    /// The first value that is out of range, as it may be only beside the others of the trial; or a setting for which a run
    /// cannot go on for more epochs, where the trials' should.
    pub fn config(&self, point: &Point) -> Result<Config> {
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
        self.check_may_go_on(&config)?;
        Ok(config)
    }

    /// The trials of several rungs change their number of epochs.
    fn check_may_go_on(&self, config: &Config) -> Result<(), SearchError> {
        let [Some(first), .., Some(last)] = self.rungs[..] else { return Ok(()) };
        let with = |epochs| Config { epochs, ..config.clone() };
        let differences = with(first).differences(&with(last));
        let place = self.place.clone();
        if differences.is_empty() { Ok(()) } else { Err(SearchError::LengthMatters { place, differences }) }
    }

    fn over_defaults(&self, given: Table) -> Result<Config, ConfigError> {
        let mut config = Config::over_defaults(&self.path, &self.text, given)?;
        config.validation.metric = self.metric;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        Ok(config)
    }

    /// The metric that chooses.
    pub fn metric(&self) -> MetricName {
        self.metric
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

/// What trials have in common must be in range, and every value must fit its setting. `search` is where `[search]`
/// stands.
fn check_base(file: &File<'_>, search: usize, base: &Config, dimensions: &[Dimension]) -> Result<()> {
    base.check_ranges()?;
    if base.model.name.is_empty() && !dimensions.iter().any(|dimension| dimension.key == MODEL) {
        return Err(file.mistake(0, SpaceMistake::NoModel).into());
    }
    if !matches!(base.device.as_str(), "auto" | "cpu") {
        return Err(file.mistake(search, SpaceMistake::OnGpu { device: base.device.clone() }).into());
    }
    if base.validation.every == 0 {
        let (key, expected) = ("validation.every", "at least 1, for a search chooses by validation");
        return Err(file.mistake(search, SpaceMistake::OutOfRange { key, expected, found: "0".into() }).into());
    }
    for dimension in dimensions {
        for value in dimension.domain.examples() {
            let fits = base.clone().assign(&dimension.key, &spelled(&value));
            fits.map_err(|error| file.mistake(dimension.byte, error.into()))?;
        }
    }
    Ok(())
}

/// The setting whose value decides the defaults of the others.
const MODEL: &str = "model.name";

/// A value as an override has it: as TOML, but for text, which stands alone.
///
/// ```
/// assert_eq!(sptx_train::search::spelled(&"margin".into()), "margin");
/// assert_eq!(sptx_train::search::spelled(&0.5.into()), "0.5");
/// ```
pub fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text that is read, and what it goes by in messages.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn mistake(&self, byte: usize, mistake: SpaceMistake) -> SearchError {
        SearchError::Space { place: place(self.path, self.text, byte), mistake: Box::new(mistake) }
    }

    fn locate(&self, error: &toml::de::Error) -> ConfigError {
        locate(self.path, self.text, error)
    }
}

/// A value with its place.
type Located<'a> = Spanned<toml::de::DeValue<'a>>;

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "model.name = \"transe\"\n[search]\n";

    /// The message for a space whose `[search]` and `[search.space]` are these, from its line on.
    fn fails(search: &str, space: &str) -> String {
        let text = format!("{HEAD}{search}\n[search.space]\n{space}\n");
        let message = Space::from_toml("s.toml", &text).expect_err(&text).to_string();
        message.strip_prefix("s.toml:").map(str::to_owned).unwrap_or(message)
    }

    #[test]
    fn mistakes_in_the_space_have_a_place_and_a_mend() {
        let space = |space: &str| fails("", space);
        assert_eq!(
            space("learning_rate = [1.0]"),
            "5:1: there is no key `learning_rate`; did you mean `optimizer.learning_rate`?"
        );
        assert_eq!(
            space("dim = [8]\n\"optimizer.learning_rat\" = [1.0]"),
            "6:1: there is no key `optimizer.learning_rat`; did you mean `optimizer.learning_rate`?"
        );
        assert_eq!(space("dim = [8, \"many\"]"), "5:1: `dim` must be a whole number; `many` is not");
        assert_eq!(space("dim = { low = 8.0, high = 16 }"), "5:1: `dim` must be a whole number; `8.0` is not");
        let loss = space("\"loss.name\" = [\"margin\", \"hinge\"]");
        assert!(loss.starts_with("5:1: `loss.name` must be") && loss.ends_with("`hinge` is not"), "{loss}");
        assert_eq!(space("dim = []"), "5:7: `dim` has no values to try; list some, or leave it out");
        assert_eq!(space("dim = {}"), "5:1: `dim` has no values to try; list some, or leave it out");
        assert!(space("dim = 8").starts_with("5:7: `dim` has one value; write a list such as `[8]`"));
        assert!(space("dim = { low = 9, high = 8 }").starts_with("5:1: the range of `dim` goes from 9 down to 8"));
        assert!(space("dim = { low = 9 }").starts_with("5:7: missing field `high`"), "{}", space("dim = { low = 9 }"));
        assert!(space("dim = { low = 8, high = 9, scal = 1 }").contains("did you mean `scale`?"));
        assert!(space("loss = [1]").starts_with("5:1: `loss` is a section; set one of"));
        assert!(space("\"loss.margin\" = [1.0]\n[search.space.loss]\nmargin = [2.0]").contains("given twice"));
        assert!(space("validation.every = [1, 2]").contains("`validation.every` cannot be searched: trials must be"));
        assert!(space("threads = [1, 2]").contains("the result does not depend on it"));
        assert!(
            space("\"outputs.report\" = [true, false]").contains("`outputs.report` cannot be searched: the result")
        );
        assert!(space("").starts_with("2:2: `[search.space]` has nothing to try"), "{}", space(""));
    }

    #[test]
    fn mistakes_in_how_to_search_have_one_too() {
        let search = |search: &str| fails(search, "dim = [8, 16]");
        assert_eq!(search("trials = 0"), "2:2: `search.trials` must be from 1 to 10000; it is 0");
        assert!(search("trails = 3").starts_with("3:1: unknown field `trails`"));
        assert!(search("trails = 3").ends_with("did you mean `trials`?"));
        assert!(search("metric = \"mrr\"").starts_with("3:10: unknown variant `mrr`"));
        assert!(search("eta = 2").contains("`eta` is of no use to a random search"));
        let halving = |more: &str| search(&format!("strategy = \"successive-halving\"\n{more}"));
        assert!(halving("eta = 1").contains("`search.eta` must be at least 2; it is 1"));
        assert!(halving("min_epochs = 9\nmax_epochs = 8").contains("`search.min_epochs` must be from 1"));
        assert!(search("seconds = -1").contains("`search.seconds` must be a finite number, 0 or above; it is -1"));
        let epochs = fails("strategy = \"successive-halving\"", "epochs = [1, 2]");
        assert!(epochs.contains("`epochs` cannot be searched: successive halving decides it"), "{epochs}");
    }

    #[test]
    fn mistakes_in_the_base_are_those_of_a_configuration() {
        let base = |text: &str| Space::from_toml("s.toml", text).expect_err(text).to_string();
        let tail = "[search]\n[search.space]\ndim = [8]\n";
        assert!(base("epochs = 3\n").starts_with("s.toml:2:1: there is no `[search]` section"));
        assert!(base(&format!("epohcs = 3\n{tail}")).starts_with("s.toml:1:1: unknown field `epohcs`"));
        assert!(base(&format!("epochs = 3\n{tail}")).starts_with("s.toml:1:1: no model is named"));
        assert!(base("epochs = = 3").starts_with("s.toml:1:"));
        let never = format!("model.name = \"transe\"\nvalidation.every = 0\n{tail}");
        let gpu = base(&format!("device = \"wgpu\"\n[model]\nname = \"transe\"\n{tail}"));
        assert!(gpu.contains("trials train on the CPU, and `device` is `wgpu`; leave it out"), "{gpu}");
        assert!(base(&never).contains("`validation.every` must be at least 1, for a search chooses by validation"));
    }

    #[test]
    fn settings_may_be_dotted_keys_or_sections() {
        let space = |text: &str| Space::from_toml("s.toml", &format!("{HEAD}{text}")).expect(text);
        let quoted =
            space("[search.space]\n\"loss.margin\" = [1.0, 2.0]\n\"optimizer.betas\" = [[0.8, 0.9], [0.9, 0.99]]\n");
        let nested = space(
            "[search.space.loss]\nmargin = [1.0, 2.0]\n[search.space.optimizer]\nbetas = [[0.8, 0.9], [0.9, 0.99]]\n",
        );
        assert_eq!(quoted.points(), nested.points());
        assert_eq!(quoted.difference(&nested), None);
        assert_eq!(quoted.settings().collect::<Vec<_>>(), ["loss.margin", "optimizer.betas"]);
    }

    #[test]
    fn a_model_that_is_tried_brings_its_defaults() {
        let text = "loss.reduction = \"sum\"\n[search]\n[search.space]\n\"model.name\" = [\"transe\", \"distmult\"]\n";
        let space = Space::from_toml("s.toml", text).expect(text);
        for point in space.points() {
            let config = space.config(&point).expect("a configuration");
            assert_eq!(config.loss.margin, if config.model.name == "transe" { 9.0 } else { 0.0 });
            assert_eq!(config.loss.reduction, crate::config::Reduction::Sum);
        }
    }

    #[test]
    fn values_may_be_in_range_together_and_not_alone() {
        let text = "model.name = \"transe\"\n[search]\n[search.space]\nbatch_size = [4294967294]\nnegatives = [1, 8]\n";
        let space = Space::from_toml("s.toml", text).expect(text);
        let fails = space.points().iter().filter(|point| space.config(point).is_err()).count();
        assert_eq!(fails, 2, "told by the trial, not by the space");
    }

    #[test]
    fn trials_of_several_rungs_have_rates_that_do_not_depend_on_their_length() {
        let halving = "strategy = \"successive-halving\"\nmin_epochs = 2\nmax_epochs = 8\neta = 2";
        let read = |search: &str, schedule: &str, space: &str| {
            let text = format!("{schedule}\n{HEAD}{search}\n[search.space]\ndim = [8]\n{space}\n");
            Space::from_toml("s.toml", &text)
        };
        let linear = "schedule.name = \"linear\"";
        let message = read(halving, linear, "").expect_err("refused").to_string();
        assert!(message.starts_with("s.toml:3:2: successive halving lets the best trials go on"), "{message}");
        assert!(message.contains("epochs (2, now 8); set `schedule.epochs`"), "{message}");
        for (search, schedule) in [
            ("", linear),
            ("strategy = \"successive-halving\"\nmax_epochs = 1", linear),
            (halving, ""),
            (halving, "schedule = { name = \"linear\", epochs = 8 }"),
            (halving, "schedule.name = \"step\""),
        ] {
            read(search, schedule, "").unwrap_or_else(|error| panic!("{search} {schedule}: {error}"));
        }
        let space = read(halving, linear, "\"schedule.epochs\" = [0, 8]").expect("one of them may go on");
        let refused = space.points().iter().filter(|point| space.config(point).is_err()).count();
        assert_eq!((space.points().len(), refused), (2, 1), "told by the trial, where only some cannot");
    }

    #[test]
    fn what_may_change_between_two_runs_of_a_search() {
        let space = |search: &str, dims: &str| {
            let text = format!("{HEAD}{search}\n[search.space]\ndim = {dims}\n");
            Space::from_toml("s.toml", &text).expect(&text)
        };
        let old = space("trials = 4", "[8, 16]");
        let difference = |search: &str, dims: &str| old.difference(&space(search, dims));
        assert_eq!(difference("trials = 5\nseconds = 7\ntrial_seconds = 2", "[8, 16]"), None);
        assert_eq!(difference("trials = 3", "[8, 16]").as_deref(), Some("`search.trials`"));
        assert_eq!(difference("trials = 4\nseed = 1", "[8, 16]").as_deref(), Some("`search.seed`"));
        assert_eq!(difference("trials = 4", "[8, 17]").as_deref(), Some("`dim` in `[search.space]`"));
        let other =
            Space::from_toml("s.toml", "epochs = 2\nmodel.name = \"transe\"\n[search]\n[search.space]\ndim = [8]");
        assert_eq!(old.difference(&other.expect("a space")).as_deref(), Some("`epochs`"));
    }
}
