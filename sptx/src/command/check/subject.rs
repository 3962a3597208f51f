//! What is checked: the kernels of the CPU, or those of a GPU.

use sptx::gpu::Gpu;
use sptx::runtime::Error;
use sptx::runtime::cpu::{self, Batch, Block, BlockLoss, Candidates, Queries};
use sptx::runtime::gpu::{self, Device, Schedule};

/// The engine that is checked, on a GPU, by kernels under a schedule.
pub(in crate::command) fn on<'a>(
    engine: &cpu::Engine,
    gpu: &'a Gpu,
    schedule: Schedule,
) -> Result<gpu::Engine<&'a Gpu>, Error> {
    let mut plans = sptx::codegen::gpu::plan(engine.model(), &schedule);
    plans.extend(sptx::codegen::gpu::block_gradients(engine.model(), &schedule));
    let artifacts = gpu.artifacts(plans, schedule, gpu::table_words_of(engine));
    gpu::Engine::like(engine, gpu, artifacts)
}

/// The gradient of each plane: the rows that it is known for, each with its numbers.
pub(in crate::command) type RowGradients = Vec<Vec<(usize, Vec<f32>)>>;

/// An engine that scores and gives gradients.
pub(in crate::command) trait Subject {
    /// The scores of triples.
    fn score(&mut self, batch: Batch<'_>) -> Result<Vec<f32>, Error>;

    /// The gradient of `Σ upstreamᵢ · scoreᵢ`.
    fn gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<RowGradients, Error>;

    /// The scores of every query with every candidate.
    fn score_block(&mut self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) -> Result<(), Error>;

    /// The gradient of `Σ upstreamᵢ · scoreᵢᵢ`, each query with the candidate at its own place; none where the engine has
    /// none of blocks.
    fn diagonal_gradients(
        &mut self,
        queries: Queries<'_>,
        candidates: &[u32],
        upstream: &[f32],
    ) -> Result<Option<RowGradients>, Error>;
}

impl Subject for cpu::Engine {
    fn score(&mut self, batch: Batch<'_>) -> Result<Vec<f32>, Error> {
        let mut scores = vec![0.0; batch.len()];
        cpu::Engine::score(self, batch, &mut scores)?;
        Ok(scores)
    }

    fn gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<RowGradients, Error> {
        let gradients = cpu::Engine::gradients(self, batch, upstream)?;
        Ok(rows_of(self, &gradients))
    }

    fn score_block(&mut self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) -> Result<(), Error> {
        cpu::Engine::score_block(self, queries, Candidates::List(candidates), scores)
    }

    fn diagonal_gradients(
        &mut self,
        queries: Queries<'_>,
        candidates: &[u32],
        upstream: &[f32],
    ) -> Result<Option<RowGradients>, Error> {
        let block = Block { queries, candidates: Candidates::List(candidates), answers: None };
        let (_, gradients) = self.gradients_of_blocks(&[block], None, &Diagonal(upstream))?;
        Ok(Some(rows_of(self, &gradients)))
    }
}

fn rows_of(engine: &cpu::Engine, gradients: &cpu::Gradients) -> RowGradients {
    let row = |plane, position| (gradients.rows(plane).at(position), gradients.row(plane, position));
    let plane = |plane| (0..gradients.len(plane)).map(|position| row(plane, position)).collect();
    (0..engine.model().planes.len()).map(plane).collect()
}

/// `Σ upstreamᵢ · scoreᵢᵢ`: each query with the candidate at its own place.
struct Diagonal<'a>(&'a [f32]);

impl BlockLoss for Diagonal<'_> {
    fn row(&self, _: usize, query: usize, _: &mut f32, scores: &mut [f32]) -> f64 {
        let loss = f64::from(self.0[query] * scores[query]);
        scores.fill(0.0);
        scores[query] = self.0[query];
        loss
    }
}

impl<D: Device> Subject for gpu::Engine<D> {
    fn score(&mut self, batch: Batch<'_>) -> Result<Vec<f32>, Error> {
        gpu::Engine::score(self, batch)
    }

    fn gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<RowGradients, Error> {
        let gradients = gpu::Engine::gradients(self, batch, upstream)?;
        Ok(rows_of_gpu(self, &gradients))
    }

    fn score_block(&mut self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) -> Result<(), Error> {
        gpu::Engine::score_block(self, queries, Candidates::List(candidates), scores)
    }

    fn diagonal_gradients(
        &mut self,
        queries: Queries<'_>,
        candidates: &[u32],
        upstream: &[f32],
    ) -> Result<Option<RowGradients>, Error> {
        if self.model().split(queries.missing).is_none() {
            return Ok(None);
        }
        let mut pairs = vec![0.0; upstream.len() * candidates.len()];
        pairs.iter_mut().step_by(candidates.len() + 1).zip(upstream).for_each(|(pair, upstream)| *pair = *upstream);
        let gradients = self.block_gradients(queries, Candidates::List(candidates), &pairs)?;
        Ok(Some(rows_of_gpu(self, &gradients)))
    }
}

fn rows_of_gpu<D: Device>(engine: &gpu::Engine<D>, gradients: &gpu::Gradients) -> RowGradients {
    let plane = |plane| {
        let rows = if gradients.has(plane) { gradients.rows(plane) } else { &[] };
        rows.iter()
            .enumerate()
            .map(|(position, row)| (*row as usize, gradients.row(plane, position).to_vec()))
            .collect()
    };
    (0..engine.model().planes.len()).map(plane).collect()
}
