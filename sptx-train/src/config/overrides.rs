//! Dotted overrides: `optimizer.learning_rate=0.1`.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, ConfigError};

/// Sections whose keys are the model's own, with what their values are.
const OPEN: [(&str, Kind); 3] =
    [("dims", Kind::Whole), ("model.choices", Kind::Number), ("model.parameters", Kind::Number)];

#[derive(Clone, Copy)]
enum Kind {
    Whole,
    Number,
}

impl Config {
    /// Sets one value, from `key=value` with a dotted key. On an error nothing has changed.
    ///
    /// # Errors
    /// When the key does not exist, or the value does not fit it.
    ///
    /// ```
    /// let mut config = sptx_train::Config::default();
    /// config.set("dims.d=128").unwrap();
    /// config.set("sampler.corruption=bernoulli").unwrap();
    /// assert_eq!(
    ///     config.set("epochs=many").unwrap_err().to_string(),
    ///     "`epochs` must be a whole number; `many` is not",
    /// );
    /// ```
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let no_override = || ConfigError::NoOverride { text: assignment.to_owned() };
        let (key, text) = assignment.split_once('=').ok_or_else(no_override)?;
        let mut changed = self.clone();
        changed.assign(key.trim(), text.trim())?;
        changed.check_ranges()?;
        *self = changed;
        Ok(())
    }

    /// Sets one value as [`Config::set`] does, without a check of its range: where several are set, they may be in range
    /// together and not one by one.
    pub(crate) fn assign(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        let mut table = self.to_table()?;
        let place = find(&mut table, key)?;
        *place = parse(key, text, place)?;
        let wrong_type = |error: toml::de::Error| {
            let expected = error.message().split("expected ").nth(1).unwrap_or("another value").trim();
            ConfigError::WrongType { key: key.to_owned(), expected: in_words(expected), found: text.to_owned() }
        };
        *self = Config::deserialize(Value::Table(table)).map_err(wrong_type)?;
        Ok(())
    }
}

/// What is expected, in words where it is a type of Rust.
fn in_words(expected: &str) -> String {
    match expected {
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        // TOML has no larger ones.
        "u64" | "usize" => format!("a whole number from 0 to {}", i64::MAX),
        other => other.to_owned(),
    }
}

/// The value at a dotted key; where a model's own key is new, it is made.
fn find<'a>(table: &'a mut Table, key: &str) -> Result<&'a mut Value, ConfigError> {
    let open = OPEN.iter().find(|(section, _)| key.starts_with(&format!("{section}.")));
    if let Some((section, kind)) = open {
        let mut place = table;
        for part in section.split('.') {
            let inner = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
            place = inner.as_table_mut().ok_or_else(|| unknown(key, Vec::new()))?;
        }
        let empty = match kind {
            Kind::Whole => Value::Integer(0),
            Kind::Number => Value::Float(0.0),
        };
        return Ok(place.entry(&key[section.len() + 1..]).or_insert(empty));
    }
    let keys = keys(table, "");
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let sections = section.split('.').filter(|part| !part.is_empty());
    let place = sections.into_iter().try_fold(table, |table, part| table.get_mut(part)?.as_table_mut());
    match place.and_then(|table| table.get_mut(name)) {
        Some(Value::Table(inside)) => {
            Err(ConfigError::Section { key: key.to_owned(), keys: self::keys(inside, &format!("{key}.")) })
        }
        Some(value) => Ok(value),
        None => Err(unknown(key, keys)),
    }
}

fn unknown(key: &str, keys: Vec<String>) -> ConfigError {
    let (section, _) = key.rsplit_once('.').map_or(("", key), |(section, name)| (section, name));
    let beside = |known: &&String| known.rsplit_once('.').map_or("", |(section, _)| section) == section;
    let mut known: Vec<String> = keys.iter().filter(beside).cloned().collect();
    if known.is_empty() {
        known.clone_from(&keys);
    }
    // A forgotten section is as likely as a slip of the hand.
    let forgotten = keys.iter().find(|known| known.ends_with(&format!(".{key}"))).cloned();
    let suggestion = forgotten.or_else(|| nearest(key, keys.iter().map(String::as_str)));
    ConfigError::UnknownKey { key: key.to_owned(), suggestion, known }
}

/// Every setting of a table, with its dotted key.
fn keys(table: &Table, prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(inside) => keys.extend(self::keys(inside, &format!("{key}."))),
            _ => keys.push(key),
        }
    }
    keys
}

/// The nearest of some names, where one is near enough to be a slip of the hand.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let allowed = name.chars().count().div_ceil(3);
    known
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known.to_owned())
}

/// The text as a value of the type of the one that it replaces.
fn parse(key: &str, text: &str, current: &Value) -> Result<Value, ConfigError> {
    let wrong = |expected: &str| ConfigError::WrongType {
        key: key.to_owned(),
        expected: expected.to_owned(),
        found: text.to_owned(),
    };
    match current {
        Value::String(_) => Ok(Value::String(text.trim_matches('"').to_owned())),
        Value::Integer(_) => whole(text).map(Value::Integer).map_err(wrong),
        Value::Float(_) => text.parse().map(Value::Float).map_err(|_| wrong("a number")),
        Value::Boolean(_) => text.parse().map(Value::Boolean).map_err(|_| wrong("true or false")),
        Value::Array(_) | Value::Table(_) | Value::Datetime(_) => {
            let list = toml::from_str::<Table>(&format!("value = {text}")).ok();
            let list = list.and_then(|mut table| table.remove("value")).filter(Value::is_array);
            list.ok_or_else(|| wrong("a list, such as `[0.9, 0.999]` or `[\"test\"]`"))
        }
    }
}

fn whole(text: &str) -> Result<i64, &'static str> {
    text.replace('_', "").parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        std::num::IntErrorKind::PosOverflow => "a whole number below 2^63",
        _ => "a whole number",
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LossName, OptimizerName};
    use super::*;

    fn fails(assignment: &str) -> String {
        let mut config = Config::default();
        let message = config.set(assignment).expect_err(assignment).to_string();
        assert_eq!(config, Config::default(), "nothing changes on an error");
        message
    }

    #[test]
    fn values_of_every_type_are_set() {
        let mut config = Config::default();
        for assignment in [
            "epochs=20_000",
            "optimizer.learning_rate=1",
            "optimizer.betas=[0.8, 0.9]",
            "optimizer.name=row-adagrad",
            "loss.name=\"margin\"",
            "sampler.filtered=true",
            "dims.k=7",
            "model.choices.p=1",
            "data=some/folder",
            "evaluation.splits=[\"test\"]",
        ] {
            config.set(assignment).expect(assignment);
        }
        assert_eq!((config.epochs, config.optimizer.learning_rate), (20_000, 1.0));
        assert_eq!((config.optimizer.name, config.loss.name), (OptimizerName::RowAdagrad, LossName::Margin));
        assert_eq!((config.dims["k"], config.model.choices["p"]), (7, 1.0));
        let text = config.to_toml().expect("TOML");
        assert_eq!(Config::from_toml("again.toml", &text).expect("the same"), config);
    }

    #[test]
    fn mistakes_name_the_key_and_a_mend() {
        assert_eq!(
            fails("epochs"),
            "`epochs` is no override; write `key=value`, such as `optimizer.learning_rate=0.1`"
        );
        assert_eq!(
            fails("learning_rate=1"),
            "there is no key `learning_rate`; did you mean `optimizer.learning_rate`?"
        );
        assert_eq!(fails("epohcs=1"), "there is no key `epohcs`; did you mean `epochs`?");
        assert_eq!(
            fails("loss.zzz=1"),
            "there is no key `loss.zzz`; there are `loss.adversarial`, `loss.label_smoothing`, `loss.log_q`, `loss.margin`, \
             `loss.name`, `loss.reduction`, `loss.temperature`"
        );
        assert_eq!(
            fails("loss=1"),
            "`loss` is a section; set one of `loss.adversarial`, `loss.label_smoothing`, `loss.log_q`, `loss.margin`, \
             `loss.name`, `loss.reduction`, `loss.temperature`"
        );
        assert_eq!(
            fails("loss.name=hinge"),
            "`loss.name` must be one of `margin`, `logistic`, `bce`, `softmax`; `hinge` is not"
        );
        assert_eq!(fails("optimizer.learning_rate=fast"), "`optimizer.learning_rate` must be a number; `fast` is not");
        assert_eq!(
            fails("optimizer.learning_rate=nan"),
            "`optimizer.learning_rate` must be a finite number above 0; it is NaN"
        );
        assert_eq!(fails("batch_size=0"), "`batch_size` must be at least 1; it is 0");
        assert_eq!(fails("epochs=-1"), "`epochs` must be a whole number from 0 to 4294967295; `-1` is not");
        assert_eq!(fails("dim=-1"), "`dim` must be a whole number from 0 to 9223372036854775807; `-1` is not");
        assert_eq!(
            fails("seed=18446744073709551615"),
            "`seed` must be a whole number below 2^63; `18446744073709551615` is not"
        );
        assert!(fails("optimizer.betas=0.9").contains("must be a list"));
    }
}
