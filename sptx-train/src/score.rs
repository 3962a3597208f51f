//! Engines as scorers: what evaluation and prediction ask, answered by [`Engine::score`].

use std::ops::Range;

use sptx_runtime::cpu::{Batch, Engine};
use sptx_runtime::program::Owner;

use crate::evaluate::{CandidateScorer, Query};

/// Triples scored in one call of the engine: what bounds a thread's memory.
const TRIPLES: usize = 8192;

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

    /// Scores each query with each candidate; `columns` puts (query entity, candidate) in the order (head, tail).
    fn tile(
        &self,
        queries: &[Query],
        candidates: Range<u32>,
        scores: &mut [f32],
        columns: for<'b> fn(&'b [u32], &'b [u32]) -> [&'b [u32]; 2],
    ) {
        let width = candidates.len();
        let (step, span) = (TRIPLES.div_ceil(width).max(1), width.max(1));
        let mut ids: [Vec<u32>; 3] = Default::default();
        for (queries, scores) in queries.chunks(step).zip(scores.chunks_mut(step * span)) {
            let [entities, relations, others] = &mut ids;
            [&mut *entities, relations, others].into_iter().for_each(Vec::clear);
            for query in queries {
                entities.extend(std::iter::repeat_n(query.entity, width));
                relations.extend(std::iter::repeat_n(query.relation, width));
                others.extend(candidates.clone());
            }
            let [heads, tails] = columns(entities, others);
            self.score(Batch { heads, relations, tails }, scores);
        }
    }
}

impl CandidateScorer for EngineScorer<'_> {
    fn entity_count(&self) -> u32 {
        // A vocabulary has at most 2^32 − 1 names.
        self.engine.tables().count(Owner::Entity) as u32
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.tile(queries, candidates, scores, |entities, others| [entities, others]);
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let inverse = |query: &Query| Some(Query { relation: self.engine.inverse_of(query.relation)?, ..*query });
        if let Some(inverse) = queries.iter().map(inverse).collect::<Option<Vec<Query>>>() {
            return self.score_tails(&inverse, candidates, scores);
        }
        self.tile(queries, candidates, scores, |entities, others| [others, entities]);
    }
}
