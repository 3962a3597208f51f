//! Engines as scorers: what evaluation and prediction ask, answered by blocks.

use std::ops::Range;

use sptx_runtime::cpu::{Batch, Candidates, Engine, Queries};
use sptx_runtime::program::{self, Owner};

use crate::evaluate::{CandidateScorer, Query};

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

    /// Scores each query with each candidate for the missing end.
    fn block(&self, missing: program::Side, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let entities: Vec<u32> = queries.iter().map(|query| query.entity).collect();
        let relations: Vec<u32> = queries.iter().map(|query| query.relation).collect();
        let queries = Queries { missing, entities: &entities, relations: &relations };
        if self.engine.score_block(queries, Candidates::Range(candidates), scores).is_err() {
            scores.fill(f32::NAN);
        }
    }
}

impl CandidateScorer for EngineScorer<'_> {
    fn entity_count(&self) -> u32 {
        // A vocabulary has at most 2^32 − 1 names.
        self.engine.tables().count(Owner::Entity) as u32
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.block(program::Side::Tail, queries, candidates, scores);
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let inverse = |query: &Query| Some(Query { relation: self.engine.inverse_of(query.relation)?, ..*query });
        if let Some(inverse) = queries.iter().map(inverse).collect::<Option<Vec<Query>>>() {
            return self.score_tails(&inverse, candidates, scores);
        }
        self.block(program::Side::Head, queries, candidates, scores);
    }
}
