//! `[search.space]`: the settings that trials differ in.

use serde::Deserialize;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::domain::{self, Domain};
use super::options::{Options, Strategy};
use super::{File, Located};
use crate::error::Result;
use crate::search::error::SpaceMistake;

/// A setting, and the values of it that are tried.
#[derive(Clone, Debug)]
pub(in crate::search) struct Dimension {
    /// The dotted key.
    pub(in crate::search) key: String,
    /// The values.
    pub(in crate::search) domain: Domain,
    /// Where the key stands in the file.
    pub(super) byte: usize,
}

impl Dimension {
    /// Whether another one is the same but for its place.
    pub(super) fn tries_as(&self, other: &Self) -> bool {
        (&self.key, &self.domain) == (&other.key, &other.domain)
    }
}

/// Settings that trials may not differ in, with all below them, and why.
const GOVERNED: [(&str, &str); 7] = [
    ("data", "trials on different graphs cannot be compared"),
    ("validation", "trials must be measured alike; set it for all of them, outside `[search.space]`"),
    ("evaluation", "trials are chosen by validation alone"),
    ("threads", "the result does not depend on it"),
    ("device", "trials train on the CPU"),
    ("checkpoint", "the result does not depend on it"),
    ("outputs", "the result does not depend on it; set it for all trials, outside `[search.space]`"),
];

const EPOCHS: (&str, &str) =
    ("epochs", "successive halving decides it; set `search.min_epochs` and `search.max_epochs`");

/// Reads the section. `search` is where `[search]` stands.
pub(super) fn read(
    file: &File<'_>,
    options: &Options,
    search: usize,
    space: Option<Located<'_>>,
) -> Result<Vec<Dimension>> {
    let mut dimensions = Vec::new();
    if let Some(space) = space {
        let byte = space.span().start;
        match space.into_inner() {
            DeValue::Table(table) => collect(file, table, "", &mut dimensions)?,
            _ => return Err(file.mistake(byte, SpaceMistake::NoSpace).into()),
        }
    }
    if dimensions.is_empty() {
        return Err(file.mistake(search, SpaceMistake::NoSpace).into());
    }
    dimensions.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some(pair) = dimensions.windows(2).find(|pair| pair[0].key == pair[1].key) {
        let byte = pair[0].byte.max(pair[1].byte);
        return Err(file.mistake(byte, SpaceMistake::Twice { key: pair[1].key.clone() }).into());
    }
    for dimension in &dimensions {
        check_free(&dimension.key, options.strategy).map_err(|mistake| file.mistake(dimension.byte, mistake))?;
    }
    Ok(dimensions)
}

/// Gathers the settings of a table: `"loss.margin" = …`, or `margin = …` in a section `loss`.
fn collect(file: &File<'_>, table: DeTable<'_>, prefix: &str, dimensions: &mut Vec<Dimension>) -> Result<()> {
    for (name, value) in table {
        let (key, byte) = (format!("{prefix}{}", name.get_ref()), name.span().start);
        match value.get_ref() {
            DeValue::Table(inside) if !domain::is_range(inside) => {
                if inside.is_empty() {
                    return Err(file.mistake(byte, SpaceMistake::NoValues { key }).into());
                }
                collect(file, inside.clone(), &format!("{key}."), dimensions)?;
            }
            _ => dimensions.push(Dimension { domain: domain_of(file, &key, byte, value)?, key, byte }),
        }
    }
    Ok(())
}

fn domain_of(file: &File<'_>, key: &str, byte: usize, value: Located<'_>) -> Result<Domain> {
    let found = value.span();
    if value.get_ref().is_table() {
        let range = domain::Range::deserialize(ValueDeserializer::from(value)).map_err(|error| file.locate(&error))?;
        return Ok(range.domain(key).map_err(|mistake| file.mistake(byte, mistake))?);
    }
    match Value::deserialize(ValueDeserializer::from(value)).map_err(|error| file.locate(&error))? {
        Value::Array(values) if values.is_empty() => {
            Err(file.mistake(found.start, SpaceMistake::NoValues { key: key.to_owned() }).into())
        }
        Value::Array(values) => Ok(Domain::List(values)),
        value => {
            let (key, value) = (key.to_owned(), value.to_string());
            Err(file.mistake(found.start, SpaceMistake::OneValue { key, value }).into())
        }
    }
}

/// Refuses settings that are not the trials' own.
fn check_free(key: &str, strategy: Strategy) -> Result<(), SpaceMistake> {
    let more = match strategy {
        Strategy::Random => None,
        Strategy::SuccessiveHalving => Some(EPOCHS),
    };
    let below = |section: &str| key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match GOVERNED.into_iter().chain(more).find(|(section, _)| below(section)) {
        Some((_, why)) => Err(SpaceMistake::Governed { key: key.to_owned(), why }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MAY_CHANGE;

    /// What a run may change on its way is not what its result depends on.
    #[test]
    fn settings_that_change_no_result_are_not_searched() {
        for key in MAY_CHANGE.into_iter().filter(|key| *key != EPOCHS.0) {
            assert!(check_free(key, Strategy::Random).is_err(), "{key}");
        }
        assert!(check_free(EPOCHS.0, Strategy::Random).is_ok() && check_free("dim", Strategy::Random).is_ok());
    }
}
