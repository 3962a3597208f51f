//! Which settings differ between two configurations.

use toml::{Table, Value};

use super::Config;

/// Settings that a resumed run may change, because the parameters after a given batch do not depend on them.
pub(crate) const MAY_CHANGE: [&str; 7] = ["data", "epochs", "threads", "device", "checkpoint", "evaluation", "outputs"];

impl Config {
    /// The dotted keys in which another configuration differs so that a run cannot go on with it, with both values.
    ///
    /// `data` (the dataset's digest is compared instead), `epochs`, `threads`, `device`, `checkpoint`, `evaluation`
    /// and `outputs` may differ; not `epochs`, where the learning rate falls until the last of them.
    ///
    /// ```
    /// use sptx_train::Config;
    /// let (old, mut new) = (Config::default(), Config::default());
    /// new.set("epochs=7").unwrap();
    /// new.set("loss.margin=2").unwrap();
    /// assert_eq!(old.differences(&new), ["loss.margin (0.0, now 2.0)"]);
    /// ```
    pub fn differences(&self, other: &Config) -> Vec<String> {
        let (Ok(mut old), Ok(mut new)) = (self.to_table(), other.to_table()) else { return Vec::new() };
        let sets_rates = |key: &str| key == "epochs" && self.schedule.reads_run_length();
        for key in MAY_CHANGE.into_iter().filter(|key| !sets_rates(key)) {
            old.remove(key);
            new.remove(key);
        }
        let mut differences = Vec::new();
        compare(&old, &new, "", &mut differences);
        differences
    }
}

fn compare(old: &Table, new: &Table, prefix: &str, differences: &mut Vec<String>) {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let shown = |value: Option<&Value>| value.map_or_else(|| "unset".to_owned(), Value::to_string);
        match (old.get(key), new.get(key)) {
            (Some(Value::Table(old)), Some(Value::Table(new))) => {
                compare(old, new, &format!("{prefix}{key}."), differences);
            }
            (old, new) if old != new => {
                differences.push(format!("{prefix}{key} ({}, now {})", shown(old), shown(new)));
            }
            _ => {}
        }
    }
}
