//! What a dataset holds, and what about it deserves a second look.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::triple::{Split, Triple};
use super::{Dataset, Vocabulary};

/// Counts over a whole dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The entities that have a name.
    pub entities: usize,
    /// The relations that have a name.
    pub relations: usize,
    /// The training triples.
    pub train: SplitSummary,
    /// The validation triples.
    pub valid: SplitSummary,
    /// The test triples.
    pub test: SplitSummary,
    /// The entities that no training triple has.
    pub unseen_entities: usize,
    /// The relations that no training triple has.
    pub unseen_relations: usize,
}

/// Counts over one split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitSummary {
    /// The lines, repeated triples counted as often as they stand.
    pub triples: usize,
    /// The lines that repeat an earlier one.
    pub duplicates: usize,
    /// The distinct triples that are training triples as well; 0 for training itself.
    pub also_in_train: usize,
}

/// Something about a dataset that is allowed and may not be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A file's first line is a header, and was left out.
    HeaderSkipped {
        /// The file.
        path: PathBuf,
    },
    /// Entities that no training triple has; they are kept, and remain candidates of the evaluation.
    UnseenEntities {
        /// How many.
        count: usize,
        /// The name of the first.
        example: String,
    },
    /// Relations that no training triple has; they are kept.
    UnseenRelations {
        /// How many.
        count: usize,
        /// The name of the first.
        example: String,
    },
    /// Triples that stand twice or more in one split; they are kept.
    DuplicateTriples {
        /// The split.
        split: Split,
        /// The lines that repeat an earlier one.
        count: usize,
    },
    /// Triples of a later split that training has as well; they are kept.
    AlsoInTrain {
        /// The later split.
        split: Split,
        /// How many.
        count: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::HeaderSkipped { path } => {
                write!(f, "{}:1: a header and not a triple: left out", path.display())
            }
            Warning::UnseenEntities { count, example } => {
                write!(f, "{count} entities, `{example}` the first, are in no training triple: kept, but not trained")
            }
            Warning::UnseenRelations { count, example } => {
                write!(f, "{count} relations, `{example}` the first, are in no training triple: kept, but not trained")
            }
            Warning::DuplicateTriples { split, count } => {
                write!(f, "{split}: {count} lines repeat an earlier one: kept, each counts")
            }
            Warning::AlsoInTrain { split, count } => {
                write!(f, "{split}: {count} triples are training triples as well: kept, they flatter the metrics")
            }
        }
    }
}

pub(super) fn summarize(dataset: &Dataset) -> Summary {
    let train = sorted_distinct(dataset.train());
    let split = |split: Split| {
        let triples = dataset.split(split);
        let distinct = sorted_distinct(triples);
        let shared = distinct.iter().filter(|triple| train.binary_search(triple).is_ok()).count();
        SplitSummary {
            triples: triples.len(),
            duplicates: triples.len() - distinct.len(),
            also_in_train: if split == Split::Train { 0 } else { shared },
        }
    };
    Summary {
        entities: dataset.entities().len(),
        relations: dataset.relations().len(),
        train: split(Split::Train),
        valid: split(Split::Valid),
        test: split(Split::Test),
        unseen_entities: dataset.unseen_entities().len(),
        unseen_relations: dataset.unseen_relations().len(),
    }
}

pub(super) fn warn(dataset: &Dataset) -> Vec<Warning> {
    let summary = summarize(dataset);
    let mut warnings = Vec::new();
    if let Some((count, example)) = counted(&dataset.unseen_entities(), dataset.entities()) {
        warnings.push(Warning::UnseenEntities { count, example });
    }
    if let Some((count, example)) = counted(&dataset.unseen_relations(), dataset.relations()) {
        warnings.push(Warning::UnseenRelations { count, example });
    }
    for (split, counts) in Split::ALL.into_iter().zip([summary.train, summary.valid, summary.test]) {
        if counts.duplicates > 0 {
            warnings.push(Warning::DuplicateTriples { split, count: counts.duplicates });
        }
        if counts.also_in_train > 0 {
            warnings.push(Warning::AlsoInTrain { split, count: counts.also_in_train });
        }
    }
    warnings
}

fn sorted_distinct(triples: &[Triple]) -> Vec<Triple> {
    let mut sorted = triples.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

fn counted(ids: &[u32], names: &Vocabulary) -> Option<(usize, String)> {
    let example = names.name(*ids.first()?)?;
    Some((ids.len(), example.to_owned()))
}
