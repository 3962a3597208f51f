//! What an evaluation asks of a model.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::rank::Rank;
use super::top_k::Prediction;
use crate::dataset::Triple;

/// Which end of a triple is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// (?, relation, tail).
    Head,
    /// (head, relation, ?).
    Tail,
}

/// The known part of a triple: the relation, and the entity at the end that is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Query {
    /// The head where tails are asked for, the tail where heads are.
    pub entity: u32,
    /// The relation.
    pub relation: u32,
}

impl Query {
    /// The query for one end of a triple, and its answer.
    pub(crate) fn of(side: Side, Triple { head, relation, tail }: Triple) -> (Self, u32) {
        match side {
            Side::Head => (Self { entity: tail, relation }, head),
            Side::Tail => (Self { entity: head, relation }, tail),
        }
    }

    /// The triple that an answer makes of a query for one end.
    pub(crate) fn fill(self, side: Side, answer: u32) -> Triple {
        match side {
            Side::Head => Triple::new(answer, self.relation, self.entity),
            Side::Tail => Triple::new(self.entity, self.relation, answer),
        }
    }
}

/// True answers to queries for one end, whose ranks among all entities are asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Which end is asked for.
    pub side: Side,
    /// The queries, each once.
    pub queries: &'a [Query],
    /// For each answer the place of its query.
    pub rows: &'a [u32],
    /// The answers.
    pub answers: &'a [u32],
    /// For each query, in order and each once, the entities that are no rivals of its answers.
    pub filtered: &'a [&'a [u32]],
}

/// A model that scores many candidates against many queries; a higher score is more plausible.
///
/// Evaluation and prediction ask for tiles, from several threads at once, and never for all scores together. The
/// ids of queries are below the model's numbers of entities and relations, `candidates` lies within
/// `0..entity_count()` and is never empty, and `scores` has `queries.len() × candidates.len()` places, those of one
/// query end to end (row-major). Every place must be written: what it holds before is unspecified.
///
/// The same call must give the same bits each time. Equal candidates should have scores of equal bits in all tiles of one
/// evaluation, which have the same queries and widths that differ by one at most: otherwise they are no ties.
pub trait CandidateScorer: Sync {
    /// The number of entities, each of which is a candidate.
    fn entity_count(&self) -> u32;

    /// Scores (query entity, relation, candidate) for every query and every candidate tail.
    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]);

    /// Scores (candidate, relation, query entity) for every query and every candidate head.
    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]);

    /// Scores each query with one candidate of its own: `candidates[i]` at the end that `queries[i]` lacks.
    ///
    /// Ranking asks so for the scores of true answers, and compares them with the scores of tiles; they should therefore
    /// have the bits that they have there. Where they have not, ranks are right all the same, but at twice the cost. As
    /// given, each pair is a tile of its own: write this method where a tile's bits depend on its shape, or where many
    /// small calls are slow.
    fn score_each(&self, side: Side, queries: &[Query], candidates: &[u32], scores: &mut [f32]) {
        let pairs = queries.chunks(1).zip(candidates).zip(scores.chunks_mut(1));
        for ((query, &candidate), score) in pairs {
            self.score_side(side, query, candidate..candidate + 1, score);
        }
    }

    /// Scores candidates for the end that `side` asks for.
    fn score_side(&self, side: Side, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        match side {
            Side::Head => self.score_heads(queries, candidates, scores),
            Side::Tail => self.score_tails(queries, candidates, scores),
        }
    }

    /// The rank of each answer, where the scorer counts by itself, as one whose scores are far away does. As given it does
    /// not, and the scores of tiles are asked for.
    ///
    /// An answer's score must be the one that it has among the scores of its rivals; for NaN see [`rank`](crate::rank).
    fn ranks(&self, _: &Asked<'_>) -> Option<Vec<Rank>> {
        None
    }

    /// The best candidates of each query, as [`top_k_many`](crate::top_k_many) gives them, where the scorer finds them by
    /// itself.
    fn best(&self, _: Side, _: &[Query], _: usize, _: &[&[u32]]) -> Option<Vec<Vec<Prediction>>> {
        None
    }
}
