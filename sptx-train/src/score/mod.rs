//! Engines as scorers: what evaluation and prediction ask, answered by blocks.

mod device;

use std::ops::Range;

use sptx_runtime::cpu::{Batch, Candidates, Engine, Queries};
use sptx_runtime::program::{self, Owner};

use crate::evaluate::{Asked, CandidateScorer, Prediction, Query, Rank, Side};

pub use device::DeviceScorer;

/// A model that also scores relations between two entities.
pub trait RelationScorer: CandidateScorer {
    /// The number of relations that can be asked for.
    fn relation_count(&self) -> u32;

    /// Scores (head, relation, tail) for each of `relations`, all of them below [`relation_count`](Self::relation_count).
    fn score_relations(&self, head: u32, tail: u32, relations: Range<u32>) -> Vec<f32>;
}

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
}

/// What scores blocks. Rows out of range cannot be asked for, by the contract of [`CandidateScorer`]; what fails has no
/// answer.
trait Blocks {
    /// The engine that says how many entities there are, and which relations have inverses.
    fn host(&self) -> &Engine;

    /// The scores of every query with every candidate.
    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Option<()>;

    /// The scores of triples.
    fn score_triples(&self, batch: Batch<'_>) -> Option<Vec<f32>>;

    /// How answers stand, where that is counted beside the scores.
    fn rank(&self, _: Queries<'_>, _: &Asked<'_>) -> Option<Vec<Rank>> {
        None
    }

    /// The best candidates, where they are found beside the scores.
    fn best(&self, _: Queries<'_>, _: usize, _: &[&[u32]]) -> Option<Vec<Vec<Prediction>>> {
        None
    }
}

impl Blocks for EngineScorer<'_> {
    fn host(&self) -> &Engine {
        self.engine
    }

    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Option<()> {
        self.engine.score_block(queries, candidates, scores).ok()
    }

    fn score_triples(&self, batch: Batch<'_>) -> Option<Vec<f32>> {
        let mut scores = vec![f32::NAN; batch.len()];
        self.engine.score(batch, &mut scores).ok().map(|()| scores)
    }
}

/// Asks queries for the end that `side` asks for, of a model that may have inverses for its relations.
fn ask<T>(host: &Engine, side: Side, queries: &[Query], work: impl FnOnce(Queries<'_>) -> T) -> T {
    let entities: Vec<u32> = queries.iter().map(|query| query.entity).collect();
    let relations: Vec<u32> = queries.iter().map(|query| query.relation).collect();
    let inverse: Option<Vec<u32>> = match side {
        Side::Head => relations.iter().map(|relation| host.inverse_of(*relation)).collect(),
        Side::Tail => None,
    };
    let (missing, relations) = match (side, inverse) {
        (Side::Head, None) => (program::Side::Head, relations),
        (Side::Head, Some(inverse)) => (program::Side::Tail, inverse),
        (Side::Tail, _) => (program::Side::Tail, relations),
    };
    work(Queries { missing, entities: &entities, relations: &relations })
}

/// Scores each query with each candidate for the end that `side` asks for; NaN where that fails.
fn block(blocks: &impl Blocks, side: Side, queries: &[Query], candidates: Candidates<'_>, scores: &mut [f32]) {
    let found = ask(blocks.host(), side, queries, |queries| blocks.score_block(queries, candidates, scores));
    if found.is_none() {
        scores.fill(f32::NAN);
    }
}

/// Queries whose own candidates are scored in one block.
const EACH: usize = 64;

/// A block of some queries against all that is asked of them: a pair's bits then are those that it has in a tile.
fn score_each(blocks: &impl Blocks, side: Side, queries: &[Query], candidates: &[u32], scores: &mut [f32]) {
    let pieces = queries.chunks(EACH).zip(candidates.chunks(EACH)).zip(scores.chunks_mut(EACH));
    for ((queries, candidates), scores) in pieces {
        let mut distinct = candidates.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut found = vec![f32::NAN; queries.len() * distinct.len()];
        block(blocks, side, queries, Candidates::List(&distinct), &mut found);
        for ((score, candidate), row) in scores.iter_mut().zip(candidates).zip(found.chunks(distinct.len())) {
            *score = distinct.binary_search(candidate).map_or(f32::NAN, |place| row[place]);
        }
    }
}

impl<B: Blocks + Sync> CandidateScorer for B {
    fn entity_count(&self) -> u32 {
        // A vocabulary has at most 2^32 − 1 names.
        self.host().tables().count(Owner::Entity) as u32
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        block(self, Side::Tail, queries, Candidates::Range(candidates), scores);
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        block(self, Side::Head, queries, Candidates::Range(candidates), scores);
    }

    fn score_each(&self, side: Side, queries: &[Query], candidates: &[u32], scores: &mut [f32]) {
        score_each(self, side, queries, candidates, scores);
    }
    fn ranks(&self, asked: &Asked<'_>) -> Option<Vec<Rank>> {
        ask(self.host(), asked.side, asked.queries, |queries| self.rank(queries, asked))
    }

    fn best(&self, side: Side, queries: &[Query], count: usize, exclude: &[&[u32]]) -> Option<Vec<Vec<Prediction>>> {
        ask(self.host(), side, queries, |queries| Blocks::best(self, queries, count, exclude))
    }
}

impl<B: Blocks + Sync> RelationScorer for B {
    fn relation_count(&self) -> u32 {
        // A vocabulary has fewer than 2^32 names.
        self.host().relations() as u32
    }

    fn score_relations(&self, head: u32, tail: u32, relations: Range<u32>) -> Vec<f32> {
        let ids: Vec<u32> = relations.collect();
        let batch = Batch { heads: &vec![head; ids.len()], relations: &ids, tails: &vec![tail; ids.len()] };
        self.score_triples(batch).unwrap_or_else(|| vec![f32::NAN; ids.len()])
    }
}
