//! A training step over blocks.

use std::sync::Arc;

use rayon::prelude::*;

use super::compare;
use super::half::Half;
use super::mask::RowMask;
use super::members::{Columns, groups, stretches};
use super::operands::Operands;
use super::{Block, PAIRS};
use crate::Error;
use crate::cpu::batch::{Touched, compact};
use crate::cpu::engine::Engine;
use crate::cpu::gradients::Gradients;
use crate::optimizer::Step;
use crate::program::{Owner, Side};

/// The loss of blocks, a query at a time.
pub trait BlockLoss: Sync {
    /// The loss of one query of one block. `scores` are those of its candidates in their order, `answer` that of its answer
    /// (0 in a block without answers); the derivatives of the whole loss by them take their place. Called for each query
    /// once, from any thread, in any order. NaN refuses the step.
    fn row(&self, block: usize, query: usize, answer: &mut f32, scores: &mut [f32]) -> f64;
}

/// A block with the gradient rows of all that it names.
pub(super) struct Placed {
    pub(super) missing: Side,
    pub(super) ids: Columns,
    pub(super) targets: Columns,
    pub(super) candidates: Vec<u32>,
    pub(super) candidate_targets: Vec<u32>,
}

impl Engine {
    /// One training step over blocks: their gradients are joined, then the tables are updated once, constraints included.
    /// Where there is a `mask`, the queries' rows are masked by it. Gives the sum of the queries' losses. Where that is not
    /// finite nothing is updated.
    ///
    /// # Errors
    /// When a row number is out of range.
    ///
    /// # Panics
    /// When [`Engine::set_optimizer`] was not called.
    pub fn step_blocks(
        &mut self,
        blocks: &[Block<'_>],
        step: Step<'_>,
        mask: Option<&dyn RowMask>,
        loss: &dyn BlockLoss,
    ) -> Result<f64, Error> {
        blocks.iter().try_for_each(|block| block.validate(self))?;
        let pool = Arc::clone(&self.pool);
        Ok(pool.install(|| {
            let dense = self.optimizer.as_ref().is_some_and(|state| state.rule.is_dense());
            let (sum, mut gradients) = self.block_gradients(blocks, dense, mask, loss);
            if sum.is_finite() {
                self.update(&mut gradients, step);
            }
            sum
        }))
    }

    /// The sum of the queries' losses, and its gradient for the rows that the blocks touch, as [`Engine::step_blocks`] finds
    /// them.
    ///
    /// # Errors
    /// When a row number is out of range.
    pub fn gradients_of_blocks(
        &mut self,
        blocks: &[Block<'_>],
        mask: Option<&dyn RowMask>,
        loss: &dyn BlockLoss,
    ) -> Result<(f64, Gradients), Error> {
        blocks.iter().try_for_each(|block| block.validate(self))?;
        let pool = Arc::clone(&self.pool);
        Ok(pool.install(|| self.block_gradients(blocks, false, mask, loss)))
    }

    pub(super) fn block_gradients(
        &mut self,
        blocks: &[Block<'_>],
        dense: bool,
        mask: Option<&dyn RowMask>,
        loss: &dyn BlockLoss,
    ) -> (f64, Gradients) {
        let (placed, touched) = self.place(blocks, dense);
        let model = Arc::clone(&self.compiled.model);
        let mut gradients = Gradients::zeros(&model, &self.tables, touched, |plane| model.is_trained(plane));
        if let Some(mask) = mask {
            return (self.masked_gradients(&placed, mask, loss, &mut gradients), gradients);
        }
        let sums = placed.iter().enumerate().map(|(number, it)| {
            let pass = Pass { engine: self, placed: it, block: number, loss };
            pass.run(&mut gradients)
        });
        (sums.sum(), gradients)
    }

    /// Finds the rows that the blocks touch, and where each is among them.
    fn place(&mut self, blocks: &[Block<'_>], dense: bool) -> (Vec<Placed>, [Touched; 2]) {
        let mut placed: Vec<Placed> = blocks.iter().map(Placed::new).collect();
        let counts = [Owner::Entity, Owner::Relation].map(|owner| self.tables.count(owner));
        if dense {
            return (placed, counts.map(Touched::All));
        }
        let stamps = self.targets.stamps();
        let mut entities = Vec::new();
        let mut relations = Vec::new();
        for Placed { ids, targets, candidates, candidate_targets, .. } in &mut placed {
            entities.push((&*ids.entities, &mut targets.entities));
            entities.push((&*ids.answers, &mut targets.answers));
            entities.push((candidates, candidate_targets));
            relations.push((&*ids.relations, &mut targets.relations));
        }
        let entities = compact(stamps, counts[0], &mut entities);
        let relations = compact(stamps, counts[1], &mut relations);
        (placed, [Touched::Some(entities), Touched::Some(relations)])
    }
}

impl Placed {
    /// With gradient rows that are the tables' rows.
    fn new(block: &Block<'_>) -> Self {
        let candidates = block.candidates.ids();
        let ids = Columns::of(block);
        Self {
            missing: block.queries.missing,
            targets: ids.clone(),
            ids,
            candidate_targets: candidates.clone(),
            candidates,
        }
    }
}

/// One block on its way.
struct Pass<'a> {
    engine: &'a Engine,
    placed: &'a Placed,
    block: usize,
    loss: &'a dyn BlockLoss,
}

impl Pass<'_> {
    fn run(&self, gradients: &mut Gradients) -> f64 {
        match self.engine.pairing(self.placed.missing) {
            Some(pairing) => {
                let groups = groups(&self.placed.ids.relations, pairing.split.by_relation);
                groups.iter().map(|members| self.compared(members, gradients)).sum()
            }
            None => self.expanded(gradients),
        }
    }

    /// Every pair as a triple.
    fn expanded(&self, gradients: &mut Gradients) -> f64 {
        let Placed { missing, ids, targets, candidates, candidate_targets } = self.placed;
        let mut sum = 0.0;
        for range in stretches(ids.entities.len(), candidates.len(), PAIRS) {
            let members: Vec<usize> = range.collect();
            let (ids, targets) = (ids.pick(&members), targets.pick(&members));
            let mut scores = vec![0.0; members.len() * candidates.len()];
            self.engine.score_expanded(ids.queries(*missing), candidates, &mut scores);
            sum += self.losses(&members, &ids, &targets, &mut scores, gradients);
            self.engine.add_pair_gradients(
                [ids.queries(*missing), targets.queries(*missing)],
                [candidates, candidate_targets],
                &scores,
                gradients,
            );
        }
        sum
    }

    /// Some queries, split from their candidates. Where these depend on the relation, all queries have the same one.
    fn compared(&self, members: &[usize], gradients: &mut Gradients) -> f64 {
        let Placed { missing, ids, targets, candidates, candidate_targets } = self.placed;
        let (engine, Some(pairing), Some(first)) = (self.engine, self.engine.pairing(*missing), members.first()) else {
            return 0.0;
        };
        let kernels = engine.part_kernels(*missing);
        let (relation, relation_target) = (ids.relations[*first], targets.relations[*first]);
        let mut candidate_half = Half::candidates(engine, pairing.split, kernels, candidates, relation);
        let of_candidates = candidate_half.forward();
        let mut by_candidates = candidate_half.zeros(candidates.len());
        let mut sum = 0.0;
        for range in stretches(members.len(), candidates.len(), PAIRS) {
            let members = &members[range];
            let (ids, targets) = (ids.pick(members), targets.pick(members));
            let mut query_half = Half::queries(engine, pairing.split, kernels, ids.queries(*missing));
            let of_queries = query_half.forward();
            let mut scores = vec![0.0; members.len() * candidates.len()];
            let width = candidates.len().max(1);
            compare::score(pairing, &of_queries, &of_candidates, scores.chunks_mut(width).collect());
            sum += self.losses(members, &ids, &targets, &mut scores, gradients);
            let upstream: Vec<&[f32]> = scores.chunks(width).collect();
            let by_queries: Operands =
                compare::learn(pairing, &of_queries, &of_candidates, &upstream, &mut by_candidates);
            let ends = targets.queries(*missing).ends(&*targets.entities, &[]);
            query_half.backward(&by_queries, [ends[0], &targets.relations, ends[1]], gradients);
        }
        let queries = ids.queries(*missing);
        let ends = queries.ends(&[][..], candidate_targets);
        candidate_half.backward(
            &by_candidates,
            [ends[0], &vec![relation_target; candidates.len()], ends[1]],
            gradients,
        );
        sum
    }

    /// The losses of some queries, added in their order. Scores become derivatives; the gradient by the answers is added.
    fn losses(
        &self,
        members: &[usize],
        ids: &Columns,
        targets: &Columns,
        scores: &mut [f32],
        gradients: &mut Gradients,
    ) -> f64 {
        let missing = self.placed.missing;
        let mut answers = vec![0.0; members.len()];
        if !ids.answers.is_empty() {
            self.engine.score_batch(ids.answered(missing), &mut answers);
        }
        let mut rows: Vec<&mut [f32]> = match self.placed.candidates.len() {
            0 => members.iter().map(|_| <&mut [f32]>::default()).collect(),
            each => scores.chunks_mut(each).collect(),
        };
        let losses: Vec<f64> = members
            .par_iter()
            .zip(&mut answers)
            .zip(&mut rows)
            .map(|((query, answer), scores)| self.loss.row(self.block, *query, answer, scores))
            .collect();
        if !ids.answers.is_empty() {
            self.engine.add_gradients(ids.answered(missing), targets.answered(missing), &answers, gradients);
        }
        losses.iter().sum()
    }
}
