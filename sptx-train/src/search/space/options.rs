//! `[search]`: how trials are made, run and chosen.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::de::{DeValue, ValueDeserializer};

use super::{File, Located};
use crate::config::MetricName;
use crate::error::Result;
use crate::search::error::SpaceMistake;

/// How the trials of a search are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Each to its end, one after another.
    #[default]
    Random,
    /// All of them for a few epochs, the best of those for more, and so on (Jamieson and Talwalkar, AISTATS 2016).
    SuccessiveHalving,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random search",
            Self::SuccessiveHalving => "successive halving",
        })
    }
}

/// The keys of `[search]` but for the space.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::search) struct Options {
    /// What chooses; the metric of the base's validation where it is left out.
    pub(in crate::search) metric: Option<MetricName>,
    /// Trials drawn.
    pub(in crate::search) trials: u32,
    /// Where the trials' settings come from.
    pub(in crate::search) seed: u64,
    /// How they are run.
    pub(in crate::search) strategy: Strategy,
    /// Epochs of the first rung; a shorter one is not made.
    pub(in crate::search) min_epochs: Option<u32>,
    /// Epochs of the last rung; the base's where it is left out.
    pub(in crate::search) max_epochs: Option<u32>,
    /// One in so many goes on to the next rung, which has so many times the epochs.
    pub(in crate::search) eta: Option<u32>,
    /// Seconds for the whole search; 0 for as many as it takes.
    pub(in crate::search) seconds: f64,
    /// Seconds for each trial; 0 for as many as it takes.
    pub(in crate::search) trial_seconds: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            metric: None,
            trials: 16,
            seed: 0,
            strategy: Strategy::Random,
            min_epochs: None,
            max_epochs: None,
            eta: None,
            seconds: 0.0,
            trial_seconds: 0.0,
        }
    }
}

/// The most trials of a search.
const MOST_TRIALS: u32 = 10_000;

/// η where none is given.
const ETA: u32 = 3;

impl Options {
    /// Reads the section, and gives what it has under `space` apart.
    pub(super) fn read<'a>(
        file: &File<'_>,
        byte: usize,
        mut section: Located<'a>,
    ) -> Result<(Self, Option<Located<'a>>)> {
        let space = match section.get_mut() {
            DeValue::Table(table) => table.remove("space"),
            _ => return Err(file.mistake(byte, SpaceMistake::NoSearch).into()),
        };
        let options = Self::deserialize(ValueDeserializer::from(section)).map_err(|error| file.locate(&error))?;
        options.check().map_err(|mistake| file.mistake(byte, mistake))?;
        Ok((options, space))
    }

    fn check(&self) -> Result<(), SpaceMistake> {
        let Self { trials, seconds, trial_seconds, min_epochs, max_epochs, eta, .. } = *self;
        let natural = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
        ensure("search.trials", (1..=MOST_TRIALS).contains(&trials), "from 1 to 10000", trials)?;
        ensure("search.seconds", natural(seconds), "a finite number, 0 or above", seconds)?;
        ensure("search.trial_seconds", natural(trial_seconds), "a finite number, 0 or above", trial_seconds)?;
        match self.strategy {
            Strategy::Random => {
                let keys = [("min_epochs", min_epochs), ("max_epochs", max_epochs), ("eta", eta)];
                let given = keys.into_iter().find(|(_, value)| value.is_some());
                given.map_or(Ok(()), |(key, _)| Err(SpaceMistake::OnlyHalving { key }))
            }
            Strategy::SuccessiveHalving => {
                let eta = eta.unwrap_or(ETA);
                ensure("search.eta", eta >= 2, "at least 2", eta)
            }
        }
    }

    /// One in how many goes on.
    pub(in crate::search) fn eta(&self) -> u32 {
        self.eta.unwrap_or(ETA)
    }

    /// The epochs of each rung, growing. A random search has one, whose epochs are each trial's own.
    pub(in crate::search) fn rungs(&self, epochs: u32) -> Result<Vec<Option<u32>>, SpaceMistake> {
        match self.strategy {
            Strategy::Random => Ok(vec![None]),
            Strategy::SuccessiveHalving => {
                let most = self.max_epochs.unwrap_or(epochs);
                ensure("search.max_epochs", most >= 1, "at least 1", most)?;
                let least = self.min_epochs.unwrap_or((most / (self.eta() * self.eta())).max(1));
                ensure("search.min_epochs", (1..=most).contains(&least), "from 1 to `search.max_epochs`", least)?;
                let shorter = |epochs: &u32| Some(epochs / self.eta()).filter(|epochs| *epochs >= least);
                let mut rungs: Vec<_> = std::iter::successors(Some(most), shorter).map(Some).collect();
                rungs.reverse();
                Ok(rungs)
            }
        }
    }

    /// The key in which other options differ so that a search cannot go on with them.
    pub(super) fn difference(&self, now: &Self) -> Option<&'static str> {
        let grows = self.strategy == Strategy::Random && now.trials >= self.trials;
        let same = [
            ("metric", self.metric == now.metric),
            ("trials", self.trials == now.trials || grows),
            ("seed", self.seed == now.seed),
            ("strategy", self.strategy == now.strategy),
            ("min_epochs", self.min_epochs == now.min_epochs),
            ("max_epochs", self.max_epochs == now.max_epochs),
            ("eta", self.eta == now.eta),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(key, _)| key)
    }
}

fn ensure(
    key: &'static str,
    holds: bool,
    expected: &'static str,
    found: impl std::fmt::Display,
) -> Result<(), SpaceMistake> {
    if holds { Ok(()) } else { Err(SpaceMistake::OutOfRange { key, expected, found: found.to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rungs(min: u32, max: u32, eta: u32) -> Vec<u32> {
        let strategy = Strategy::SuccessiveHalving;
        let options =
            Options { strategy, min_epochs: Some(min), max_epochs: Some(max), eta: Some(eta), ..Options::default() };
        options.rungs(1).expect("in range").into_iter().flatten().collect()
    }

    #[test]
    fn rungs_grow_by_eta_up_to_the_most_epochs() {
        assert_eq!(rungs(10, 90, 3), [10, 30, 90]);
        assert_eq!(rungs(10, 100, 3), [11, 33, 100]);
        assert_eq!(rungs(10, 19, 2), [19]);
        assert_eq!(rungs(1, 8, 2), [1, 2, 4, 8]);
    }

    #[test]
    fn without_numbers_there_are_three_rungs_up_to_the_epochs_of_the_base() {
        let options = Options { strategy: Strategy::SuccessiveHalving, ..Options::default() };
        assert_eq!(options.rungs(100).expect("in range"), [Some(11), Some(33), Some(100)]);
        assert_eq!(options.rungs(2).expect("in range"), [Some(2)]);
        assert!(options.rungs(0).is_err());
    }
}
