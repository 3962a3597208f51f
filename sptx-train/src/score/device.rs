//! A GPU's engine as a scorer.

use std::sync::{Mutex, OnceLock, PoisonError};

use sptx_runtime::Error;
use sptx_runtime::cpu::{Batch, Candidates, Engine, Queries};
use sptx_runtime::gpu::{self, Answers, Artifact, Device};

use super::Blocks;
use crate::evaluate::{Asked, Prediction, Rank};

/// A GPU's engine as a scorer of candidates, with the tables of an engine of the CPU. Ranks and the best candidates are
/// found on the device where the engine has the kernels for it, so that scores stay there.
///
/// A call that fails leaves NaN; [`DeviceScorer::failure`] says why.
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

    /// What failed first, if anything did.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.get()
    }

    /// What the device's engine gives; none, and the reason kept, where it fails.
    fn with<T>(&self, work: impl FnOnce(&mut gpu::Engine<D>) -> Result<T, Error>) -> Option<T> {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut device);
        drop(device);
        result.map_err(|error| _ = self.failure.set(error)).ok()
    }
}

impl<D: Device> Blocks for DeviceScorer<'_, D> {
    fn host(&self) -> &Engine {
        self.host
    }

    fn score_block(&self, queries: Queries<'_>, candidates: Candidates<'_>, scores: &mut [f32]) -> Option<()> {
        self.with(|device| device.score_block(queries, candidates, scores))
    }

    fn score_triples(&self, batch: Batch<'_>) -> Option<Vec<f32>> {
        self.with(|device| device.score(batch))
    }

    fn rank(&self, queries: Queries<'_>, asked: &Asked<'_>) -> Option<Vec<Rank>> {
        let answers = Answers { queries: asked.rows, entities: asked.answers, filtered: asked.filtered };
        let standings = self.with(|device| device.ranks().then(|| device.rank(queries, &answers)).transpose())??;
        Some(standings.into_iter().map(|standing| Rank { greater: standing.above, equal: standing.equal }).collect())
    }

    fn best(&self, queries: Queries<'_>, count: usize, excluded: &[&[u32]]) -> Option<Vec<Vec<Prediction>>> {
        let found = self.with(|device| {
            let keeps = device.ranks() && device.keeps(count);
            keeps.then(|| device.best(queries, count, excluded)).transpose()
        })??;
        let predictions = |best: Vec<(u32, f32)>| {
            best.into_iter().map(|(entity, score)| Prediction { entity, score }).collect::<Vec<_>>()
        };
        Some(found.into_iter().map(predictions).collect())
    }
}
