//! Predictions: the most plausible completions of a triple with one part missing.

use sptx_runtime::cpu::Engine;
use sptx_runtime::program::Owner;

use crate::dataset::{Triple, check_ids};
use crate::error::Result;
use crate::evaluate::{Query, Side, top_k};
use crate::filter::KnownTriples;
use crate::score::EngineScorer;

/// A triple with one part missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// (?, relation, tail).
    Head {
        /// The relation.
        relation: u32,
        /// The tail.
        tail: u32,
    },
    /// (head, ?, tail).
    Relation {
        /// The head.
        head: u32,
        /// The tail.
        tail: u32,
    },
    /// (head, relation, ?).
    Tail {
        /// The head.
        head: u32,
        /// The relation.
        relation: u32,
    },
}

/// What may fill the gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The id of the entity or relation.
    pub id: u32,
    /// The score of the whole triple; a higher one is more plausible.
    pub score: f32,
    /// Whether the triple is known to be true.
    pub known: bool,
}

impl Question {
    /// The triple with the gap filled.
    pub fn fill(self, id: u32) -> Triple {
        match self {
            Self::Head { relation, tail } => Triple::new(id, relation, tail),
            Self::Relation { head, tail } => Triple::new(head, id, tail),
            Self::Tail { head, relation } => Triple::new(head, relation, id),
        }
    }
}

/// The `count` best answers to a question, the best first; of equal scores, the lower id.
///
/// Answers that `known` has are marked, or left out where `new_only`.
///
/// # Errors
/// [`Error::TripleOutOfRange`](crate::Error::TripleOutOfRange) where the engine has no such entity or relation.
pub fn predict(
    engine: &Engine,
    question: Question,
    count: usize,
    known: &KnownTriples,
    new_only: bool,
) -> Result<Vec<Answer>> {
    let (entities, relations) = (engine.tables().count(Owner::Entity), engine.relations());
    check_ids(&[question.fill(0)], entities, relations)?;
    let scorer = EngineScorer::new(engine);
    let ends = |side, query, exclude: &[u32]| {
        let exclude = if new_only { exclude } else { &[] };
        let best = engine.install(|| top_k(&scorer, side, query, count, exclude));
        best.into_iter().map(|found| (found.entity, found.score)).collect()
    };
    let best: Vec<(u32, f32)> = match question {
        Question::Head { relation, tail } => {
            ends(Side::Head, Query { entity: tail, relation }, known.heads(relation, tail))
        }
        Question::Tail { head, relation } => {
            ends(Side::Tail, Query { entity: head, relation }, known.tails(head, relation))
        }
        Question::Relation { head, tail } => {
            // A vocabulary has fewer than 2^32 names.
            let scores = scorer.score_relations(head, tail, 0..relations as u32);
            let is_offered = |relation: u32| !new_only || !known.contains(question.fill(relation));
            let offered = (0..).zip(scores).filter(|(relation, score)| !score.is_nan() && is_offered(*relation));
            let mut best: Vec<(u32, f32)> = offered.collect();
            best.sort_by(|left, right| right.1.total_cmp(&left.1));
            best.truncate(count);
            best
        }
    };
    let answer = |(id, score)| Answer { id, score, known: known.contains(question.fill(id)) };
    Ok(best.into_iter().map(answer).collect())
}
