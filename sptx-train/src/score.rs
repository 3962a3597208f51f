//! Engines as scorers: what evaluation and prediction ask, answered by blocks.

use std::ops::Range;

use sptx_runtime::cpu::{Batch, Candidates, Engine, Queries};
use sptx_runtime::program::{self, Owner};

use crate::evaluate::{CandidateScorer, Query, Side};

/// An engine as a scorer of candidates. Where the engine's [relations have inverses](Engine::set_reciprocal), heads are
/// scored as tails of these. Use it within [`Engine::install`], so that all work shares the engine's threads.
#[derive(Clone, Copy, Debug)]
pub struct EngineScorer<'a> {
    engine: &'a Engine,
}

impl<'a> EngineScorer<'a> {
    /// A scorer over an engine's tables.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// Scores (head, relation, tail) for each of `relations`.
    pub fn score_relations(&self, head: u32, tail: u32, relations: Range<u32>) -> Vec<f32> {
        let ids: Vec<u32> = relations.collect();
        let mut scores = vec![f32::NAN; ids.len()];
        let batch = Batch { heads: &vec![head; ids.len()], relations: &ids, tails: &vec![tail; ids.len()] };
        self.score(batch, &mut scores);
        scores
    }

    /// Rows out of range cannot be asked for, by the contract of [`CandidateScorer`]; were one, its scores are NaN.
    fn score(&self, batch: Batch<'_>, scores: &mut [f32]) {
        if self.engine.score(batch, scores).is_err() {
            scores.fill(f32::NAN);
        }
    }

    /// Scores each query with each candidate for the end that `side` asks for.
    fn block(&self, side: Side, queries: &[Query], candidates: Candidates<'_>, scores: &mut [f32]) {
        let entities: Vec<u32> = queries.iter().map(|query| query.entity).collect();
        let relations: Vec<u32> = queries.iter().map(|query| query.relation).collect();
        let inverse: Option<Vec<u32>> = match side {
            Side::Head => relations.iter().map(|relation| self.engine.inverse_of(*relation)).collect(),
            Side::Tail => None,
        };
        let (missing, relations) = match (side, inverse) {
            (Side::Head, None) => (program::Side::Head, relations),
            (Side::Head, Some(inverse)) => (program::Side::Tail, inverse),
            (Side::Tail, _) => (program::Side::Tail, relations),
        };
        let queries = Queries { missing, entities: &entities, relations: &relations };
        if self.engine.score_block(queries, candidates, scores).is_err() {
            scores.fill(f32::NAN);
        }
    }
}

/// Queries whose own candidates are scored in one block.
const EACH: usize = 64;

impl CandidateScorer for EngineScorer<'_> {
    fn entity_count(&self) -> u32 {
        // A vocabulary has at most 2^32 − 1 names.
        self.engine.tables().count(Owner::Entity) as u32
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.block(Side::Tail, queries, Candidates::Range(candidates), scores);
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.block(Side::Head, queries, Candidates::Range(candidates), scores);
    }

    /// A block of some queries against all that is asked of them: a pair's bits then are those that it has in a tile.
    fn score_each(&self, side: Side, queries: &[Query], candidates: &[u32], scores: &mut [f32]) {
        let pieces = queries.chunks(EACH).zip(candidates.chunks(EACH)).zip(scores.chunks_mut(EACH));
        for ((queries, candidates), scores) in pieces {
            let mut distinct = candidates.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            let mut block = vec![f32::NAN; queries.len() * distinct.len()];
            self.block(side, queries, Candidates::List(&distinct), &mut block);
            for ((score, candidate), row) in scores.iter_mut().zip(candidates).zip(block.chunks(distinct.len())) {
                *score = distinct.binary_search(candidate).map_or(f32::NAN, |place| row[place]);
            }
        }
    }
}
