//! The trials of a space: values drawn at an address, not in turn.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::space::{Dimension, Space, spelled};
use crate::philox::{Purpose, Stream, uniform_f64};

/// The settings of a trial that the base does not have, by their dotted keys.
pub type Point = BTreeMap<String, Value>;

/// How often a trial that an earlier one equals is drawn anew, before the space is held to have no more.
const DRAWS: u32 = 1000;

impl Space {
    /// The settings of each trial, all of them different: as many as the search is to make, or fewer where the space has
    /// no more. A trial's settings depend on the seed and the trials before it; a setting's values do not depend on the
    /// settings beside it, but where two trials would be equal.
    pub fn points(&self) -> Vec<Point> {
        let mut seen = BTreeSet::new();
        let new = |trial| (0..DRAWS).map(|draw| self.draw(trial, draw)).find(|point| seen.insert(words(point)));
        (0..self.options.trials).map_while(new).collect()
    }

    fn draw(&self, trial: u32, draw: u32) -> Point {
        let stream = Stream::new(self.options.seed, Purpose::Search);
        let value = |Dimension { key, domain, .. }: &Dimension| {
            let [first, second] = address(key);
            let [high, low, ..] = stream.block([trial, first, second], draw);
            (key.clone(), domain.at(uniform_f64([high, low])))
        };
        self.dimensions.iter().map(value).collect()
    }
}

/// Two words that stand for a key.
fn address(key: &str) -> [u32; 2] {
    let digest = blake3::hash(key.as_bytes());
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| digest.as_bytes()[at + byte]));
    [word(0), word(4)]
}

/// A point as text, by which equal ones are known.
fn words(point: &Point) -> Vec<String> {
    point.values().map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(search: &str, space: &str) -> Vec<Point> {
        let text = format!("model.name = \"transe\"\n[search]\n{search}\n[search.space]\n{space}\n");
        Space::from_toml("space.toml", &text).expect(&text).points()
    }

    const RATE: &str = "\"optimizer.learning_rate\" = { low = 1e-3, high = 1.0, scale = \"log\" }";

    #[test]
    fn trials_are_a_function_of_the_seed() {
        assert_eq!(points("seed = 1", RATE), points("seed = 1", RATE));
        assert_ne!(points("seed = 1", RATE), points("seed = 2", RATE));
    }

    #[test]
    fn more_trials_and_more_settings_leave_the_others_as_they_are() {
        let few = points("trials = 5", RATE);
        assert_eq!(points("trials = 9", RATE)[..5], few[..]);
        let more = points("trials = 5", &format!("{RATE}\ndim = {{ low = 8, high = 512 }}"));
        for (less, more) in few.iter().zip(&more) {
            assert_eq!(less["optimizer.learning_rate"], more["optimizer.learning_rate"]);
        }
    }

    #[test]
    fn a_small_space_is_gone_through_without_repetition() {
        let all = points("trials = 100", "dim = [8, 16, 32]\n\"loss.name\" = [\"margin\", \"logistic\"]");
        assert_eq!(all.len(), 6);
        assert_eq!(all.iter().map(words).collect::<BTreeSet<_>>().len(), 6);
    }

    #[test]
    fn values_spread_over_the_range() {
        let rates = points("trials = 300", RATE);
        let rates = rates.iter().filter_map(|point| point["optimizer.learning_rate"].as_float());
        let below = rates.filter(|rate| *rate < 1e-2).count();
        assert!((70..130).contains(&below), "a third is expected below 0.01: {below}");
    }
}
