//! A training step over blocks.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Block, PAIRS, Queries};
use crate::Error;
use crate::cpu::batch::{Batch, Touched, compact};
use crate::cpu::engine::Engine;
use crate::cpu::gradients::Gradients;
use crate::optimizer::Step;
use crate::program::Owner;

/// The loss of blocks, a query at a time.
pub trait BlockLoss: Sync {
    /// The loss of one query of one block. `scores` are those of its candidates in their order, `answer` that of its answer
    /// (0 in a block without answers); the derivatives of the whole loss by them take their place. Called for each query
    /// once, from any thread, in any order. NaN refuses the step.
    fn row(&self, block: usize, query: usize, answer: &mut f32, scores: &mut [f32]) -> f64;
}

/// A block with the gradient rows of all that it names.
struct Placed<'a> {
    block: &'a Block<'a>,
    entities: Vec<u32>,
    relations: Vec<u32>,
    answers: Vec<u32>,
    candidates: Vec<u32>,
    candidate_targets: Vec<u32>,
}

impl Engine {
    /// One training step over blocks: their gradients are joined, then the tables are updated once, constraints included.
    /// Gives the sum of the queries' losses. Where that is not finite nothing is updated.
    ///
    /// # Errors
    /// When a row number is out of range.
    ///
    /// # Panics
    /// When [`Engine::set_optimizer`] was not called.
    pub fn step_blocks(&mut self, blocks: &[Block<'_>], step: Step<'_>, loss: &dyn BlockLoss) -> Result<f64, Error> {
        blocks.iter().try_for_each(|block| block.validate(self))?;
        let pool = Arc::clone(&self.pool);
        Ok(pool.install(|| {
            let dense = self.optimizer.as_ref().is_some_and(|state| state.rule.is_dense());
            let (sum, mut gradients) = self.block_gradients(blocks, dense, loss);
            if sum.is_finite() {
                self.update(&mut gradients, step);
            }
            sum
        }))
    }

    /// The sum of the queries' losses, and its gradient for the rows that the blocks touch.
    ///
    /// # Errors
    /// When a row number is out of range.
    pub fn gradients_of_blocks(
        &mut self,
        blocks: &[Block<'_>],
        loss: &dyn BlockLoss,
    ) -> Result<(f64, Gradients), Error> {
        blocks.iter().try_for_each(|block| block.validate(self))?;
        let pool = Arc::clone(&self.pool);
        Ok(pool.install(|| self.block_gradients(blocks, false, loss)))
    }

    fn block_gradients(&mut self, blocks: &[Block<'_>], dense: bool, loss: &dyn BlockLoss) -> (f64, Gradients) {
        let (placed, touched) = self.place(blocks, dense);
        let model = Arc::clone(&self.compiled.model);
        let mut gradients = Gradients::zeros(&model, &self.tables, touched, |plane| model.is_trained(plane));
        let sums = placed.iter().enumerate().map(|(number, it)| self.block(number, it, loss, &mut gradients));
        (sums.sum(), gradients)
    }

    /// Finds the rows that the blocks touch, and where each is among them.
    fn place<'a>(&mut self, blocks: &'a [Block<'a>], dense: bool) -> (Vec<Placed<'a>>, [Touched; 2]) {
        let mut placed: Vec<Placed<'_>> = blocks.iter().map(Placed::new).collect();
        let counts = [Owner::Entity, Owner::Relation].map(|owner| self.tables.count(owner));
        if dense {
            return (placed, counts.map(Touched::All));
        }
        let stamps = self.targets.stamps();
        let entities = compact(
            stamps,
            counts[0],
            &mut placed
                .iter_mut()
                .flat_map(|it| {
                    let answers = it.block.answers.unwrap_or_default();
                    [
                        (it.block.queries.entities, &mut it.entities),
                        (answers, &mut it.answers),
                        (it.candidates.as_slice(), &mut it.candidate_targets),
                    ]
                })
                .collect::<Vec<_>>(),
        );
        let relations = compact(
            stamps,
            counts[1],
            &mut placed.iter_mut().map(|it| (it.block.queries.relations, &mut it.relations)).collect::<Vec<_>>(),
        );
        (placed, [Touched::Some(entities), Touched::Some(relations)])
    }

    /// One block, a stretch of queries at a time.
    fn block(&self, number: usize, placed: &Placed<'_>, loss: &dyn BlockLoss, gradients: &mut Gradients) -> f64 {
        let (queries, each) = (placed.block.queries, placed.candidates.len());
        let stretch = (PAIRS / each.max(1)).max(1);
        let mut sum = 0.0;
        for first in (0..queries.len()).step_by(stretch) {
            let range = first..queries.len().min(first + stretch);
            let mut scores = vec![0.0; range.len() * each];
            self.score_pairs(queries.slice(range.clone()), &placed.candidates, &mut scores);
            let mut answers = self.score_answers(placed, range.clone());
            sum += rows(number, range.start, loss, &mut answers, &mut scores, each);
            self.learn_answers(placed, range.clone(), &answers, gradients);
            self.add_pair_gradients(
                [queries.slice(range.clone()), placed.targets().slice(range)],
                [&placed.candidates, &placed.candidate_targets],
                &scores,
                gradients,
            );
        }
        sum
    }

    fn score_answers(&self, placed: &Placed<'_>, range: Range<usize>) -> Vec<f32> {
        let mut scores = vec![0.0; range.len()];
        if let Some(answers) = placed.block.answers {
            let batch = triples(placed.block.queries.slice(range.clone()), &answers[range]);
            self.score_batch(batch, &mut scores);
        }
        scores
    }

    fn learn_answers(&self, placed: &Placed<'_>, range: Range<usize>, upstream: &[f32], gradients: &mut Gradients) {
        if let Some(answers) = placed.block.answers {
            let batch = triples(placed.block.queries.slice(range.clone()), &answers[range.clone()]);
            let targets = triples(placed.targets().slice(range.clone()), &placed.answers[range]);
            self.add_gradients(batch, targets, upstream, gradients);
        }
    }
}

impl<'a> Placed<'a> {
    /// With gradient rows that are the tables' rows.
    fn new(block: &'a Block<'a>) -> Self {
        let candidates = block.candidates.ids();
        Self {
            block,
            entities: block.queries.entities.to_vec(),
            relations: block.queries.relations.to_vec(),
            answers: block.answers.unwrap_or_default().to_vec(),
            candidate_targets: candidates.clone(),
            candidates,
        }
    }

    /// The gradient rows of the queries.
    fn targets(&self) -> Queries<'_> {
        Queries { missing: self.block.queries.missing, entities: &self.entities, relations: &self.relations }
    }
}

/// Queries with one candidate each.
fn triples<'a>(queries: Queries<'a>, answers: &'a [u32]) -> Batch<'a> {
    let [heads, tails] = queries.ends(queries.entities, answers);
    Batch { heads, relations: queries.relations, tails }
}

/// The losses of a stretch of queries, added in their order; scores become derivatives.
fn rows(block: usize, first: usize, loss: &dyn BlockLoss, answers: &mut [f32], scores: &mut [f32], each: usize) -> f64 {
    if each == 0 {
        return answers
            .iter_mut()
            .enumerate()
            .map(|(query, answer)| loss.row(block, first + query, answer, &mut []))
            .sum();
    }
    let losses: Vec<f64> = answers
        .par_iter_mut()
        .zip(scores.par_chunks_mut(each))
        .enumerate()
        .map(|(query, (answer, scores))| loss.row(block, first + query, answer, scores))
        .collect();
    losses.iter().sum()
}
