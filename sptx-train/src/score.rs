//! Engines as scorers: what evaluation and prediction ask, answered by blocks.

use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use sptx_runtime::Error;
use sptx_runtime::cpu::{Batch, Candidates, Engine, Queries};
use sptx_runtime::gpu::{self, Artifact, Device, DeviceError};
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
}

/// What scores blocks.
trait Blocks {
    /// The engine that says how many entities there are, and which relations have inverses.
    fn host(&self) -> &Engine;

    /// The scores of every query with every candidate.
    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Result<(), Error>;
}

impl Blocks for EngineScorer<'_> {
    fn host(&self) -> &Engine {
        self.engine
    }

    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Result<(), Error> {
        self.engine.score_block(queries, candidates, scores)
    }
}

/// Scores each query with each candidate for the end that `side` asks for; NaN where that fails.
fn block(blocks: &impl Blocks, side: Side, queries: &[Query], candidates: Candidates<'_>, scores: &mut [f32]) {
    let entities: Vec<u32> = queries.iter().map(|query| query.entity).collect();
    let relations: Vec<u32> = queries.iter().map(|query| query.relation).collect();
    let inverse: Option<Vec<u32>> = match side {
        Side::Head => relations.iter().map(|relation| blocks.host().inverse_of(*relation)).collect(),
        Side::Tail => None,
    };
    let (missing, relations) = match (side, inverse) {
        (Side::Head, None) => (program::Side::Head, relations),
        (Side::Head, Some(inverse)) => (program::Side::Tail, inverse),
        (Side::Tail, _) => (program::Side::Tail, relations),
    };
    let queries = Queries { missing, entities: &entities, relations: &relations };
    if blocks.score_block(queries, candidates, scores).is_err() {
        scores.fill(f32::NAN);
    }
}

/// A GPU's engine as a scorer of candidates, with the tables of an engine of the CPU.
///
/// A call that fails leaves NaN; [`DeviceScorer::finish`] says why.
pub struct DeviceScorer<'a, D: Device> {
    host: &'a Engine,
    device: Mutex<gpu::Engine<D>>,
    failure: OnceLock<Error>,
}

impl<'a, D: Device> DeviceScorer<'a, D> {
    /// A scorer of the same tables as `host`'s, by kernels that were made for the device.
    ///
    /// # Errors
    /// When the device has no room for the tables, refuses a kernel, or is lost.
    pub fn new(host: &'a Engine, device: D, artifacts: Vec<Artifact>) -> Result<Self, Error> {
        let device = Mutex::new(gpu::Engine::like(host, device, artifacts)?);
        Ok(Self { host, device, failure: OnceLock::new() })
    }

    /// Ends the scoring.
    ///
    /// # Errors
    /// What failed first.
    pub fn finish(self) -> Result<(), Error> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }
}

impl<D: Device> Blocks for DeviceScorer<'_, D> {
    fn host(&self) -> &Engine {
        self.host
    }

    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Result<(), Error> {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let result = device.score_block(queries, candidates, scores);
        drop(device);
        result.map_err(|error| {
            let message = error.to_string();
            _ = self.failure.set(error);
            Error::Device(DeviceError::Lost(message))
        })
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
}
