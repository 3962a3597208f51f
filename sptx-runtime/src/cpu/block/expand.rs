//! Blocks as triples: what is left where a score does not split into a query and a candidate.

use super::Queries;
use crate::cpu::batch::Batch;
use crate::cpu::engine::{Engine, give, take};
use crate::cpu::gradients::Gradients;
use crate::kernel::Direction;

/// Triples scored at a time.
const TRIPLES: usize = 8192;

/// Every query with every candidate, as triples.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    columns: [Vec<u32>; 3],
}

impl Pairs {
    /// The pairs of some numbers of queries (entities and relations, or their gradient rows) and of candidates.
    pub(crate) fn of(queries: Queries<'_>, candidates: &[u32]) -> Self {
        let each = candidates.len();
        let repeat = |ids: &[u32]| ids.iter().flat_map(|id| std::iter::repeat_n(*id, each)).collect::<Vec<_>>();
        let cycled = (0..queries.len()).flat_map(|_| candidates.iter().copied()).collect();
        let [heads, tails] = queries.ends(repeat(queries.entities), cycled);
        Self { columns: [heads, repeat(queries.relations), tails] }
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { heads: &self.columns[0], relations: &self.columns[1], tails: &self.columns[2] }
    }
}

impl Engine {
    pub(super) fn score_expanded(&self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) {
        let each = candidates.len();
        if each == 0 {
            return;
        }
        let step = TRIPLES.div_ceil(each);
        let mut workspace = take(&self.workspaces);
        for (number, scores) in scores.chunks_mut(step * each).enumerate() {
            let first = number * step;
            let pairs = Pairs::of(queries.slice(first..first + scores.len() / each), candidates);
            self.forward(pairs.batch(), &mut workspace);
            scores.copy_from_slice(&workspace.scalars[self.model().score]);
        }
        give(&self.workspaces, workspace);
    }

    /// Adds the gradient of `Σ upstream · score` over some triples to `gradients`. `targets` are the triples' gradient
    /// rows.
    pub(super) fn add_gradients(
        &self,
        batch: Batch<'_>,
        targets: Batch<'_>,
        upstream: &[f32],
        gradients: &mut Gradients,
    ) {
        let mut workspace = take(&self.workspaces);
        self.forward(batch, &mut workspace);
        workspace.scalars[self.model().upstream].copy_from_slice(upstream);
        self.run(batch, targets.columns()).program_over_batch(Direction::Backward, &mut workspace, Some(gradients));
        give(&self.workspaces, workspace);
    }

    /// [`Engine::add_gradients`] for every query with every candidate.
    pub(super) fn add_pair_gradients(
        &self,
        [queries, targets]: [Queries<'_>; 2],
        [candidates, candidate_targets]: [&[u32]; 2],
        upstream: &[f32],
        gradients: &mut Gradients,
    ) {
        let each = candidates.len();
        if each == 0 {
            return;
        }
        let step = TRIPLES.div_ceil(each);
        for (number, upstream) in upstream.chunks(step * each).enumerate() {
            let range = number * step..number * step + upstream.len() / each;
            let pairs = Pairs::of(queries.slice(range.clone()), candidates);
            let targets = Pairs::of(targets.slice(range), candidate_targets);
            self.add_gradients(pairs.batch(), targets.batch(), upstream, gradients);
        }
    }
}
