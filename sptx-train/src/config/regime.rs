//! The section `regime`: which triples a true triple is held against.

use serde::{Deserialize, Serialize};

/// Which triples a true triple is held against, and in what order training visits what it knows.
///
/// | `regime.name` | A batch has | Each is held against |
/// |---|---|---|
/// | `per-triple` | positives | `negatives` triples of its own, with head or tail replaced |
/// | `shared` | positives | the `negatives` entities that its chunk of the batch shares, at each end |
/// | `one-vs-all` | positives | every entity, at each end (Lacroix et al., 2018) |
/// | `k-vs-all` | distinct queries (h, r, ?) and (?, r, t) | every entity; all known answers are true (Dettmers et al., 2018) |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegimeConfig {
    /// `per-triple`, `shared`, `one-vs-all` or `k-vs-all`.
    pub name: RegimeName,
    /// Positives that share one set of negatives, of the regime `shared`; 0 for the whole batch.
    pub chunk: usize,
    /// Which ends of a triple are asked for: `both`, `tail` or `head`.
    pub sides: Sides,
    /// Whether shared negatives that make another training triple are left out. Those that make the positive itself
    /// always are.
    pub filtered: bool,
}

impl Default for RegimeConfig {
    fn default() -> Self {
        Self { name: RegimeName::PerTriple, chunk: 0, sides: Sides::Both, filtered: false }
    }
}

/// A training regime; [`RegimeConfig`] says what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegimeName {
    /// Each positive has negatives of its own.
    PerTriple,
    /// The positives of a chunk share their negatives.
    Shared,
    /// All entities rival the one answer.
    OneVsAll,
    /// All entities are labelled, true where training has the triple.
    KVsAll,
}

impl RegimeName {
    /// Its name in a configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::PerTriple => "per-triple",
            Self::Shared => "shared",
            Self::OneVsAll => "one-vs-all",
            Self::KVsAll => "k-vs-all",
        }
    }

    /// Whether every entity is a candidate, so that nothing is sampled.
    pub fn is_exhaustive(self) -> bool {
        match self {
            Self::PerTriple | Self::Shared => false,
            Self::OneVsAll | Self::KVsAll => true,
        }
    }
}

/// Which ends of a triple are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// Heads and tails.
    #[default]
    Both,
    /// (h, r, ?) alone.
    Tail,
    /// (?, r, t) alone.
    Head,
}

impl Sides {
    /// Its name in a configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Tail => "tail",
            Self::Head => "head",
        }
    }
}
