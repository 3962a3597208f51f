//! Steps over blocks in which elements of the queries' rows are masked: dropout.
//!
//! A query has its own copies of its entity's and its relation's rows, masked; its answer and the candidates are whole.
//! The step runs on tables of these copies, as on any other, and what it finds for a copy is masked again and added to
//! the gradient of the row.

use std::sync::{Arc, Mutex};

use super::members::Columns;
use super::step::{BlockLoss, Placed};
use super::{Block, Candidates, Queries};
use crate::cpu::batch::Targets;
use crate::cpu::engine::Engine;
use crate::cpu::gradients::{Gradients, owner_index};
use crate::program::{Owner, Shape, Side};

/// What the elements of a query's rows are multiplied by.
pub trait RowMask: Sync {
    /// Fills in the factors of the row of a plane that a query reads: `query` counts the queries of all blocks of the step
    /// in their order. Asked for vectors only; the same call must give the same factors.
    fn factors(&self, owner: Owner, plane: usize, query: usize, factors: &mut [f32]);
}

/// The rows of a step's own tables: of entities and of relations, by the rows that they are copies of.
#[derive(Default)]
struct Copies {
    rows: [Vec<u32>; 2],
    /// Where their gradients go.
    targets: [Vec<u32>; 2],
    /// How many of them, the first ones, are queries'.
    queries: usize,
}

impl Copies {
    /// Copies of some rows; gives their numbers.
    fn add(&mut self, owner: Owner, rows: &[u32], targets: &[u32]) -> Vec<u32> {
        let owner = owner_index(owner);
        let first = self.rows[owner].len() as u32;
        self.rows[owner].extend_from_slice(rows);
        self.targets[owner].extend_from_slice(targets);
        (first..first + rows.len() as u32).collect()
    }
}

impl Engine {
    /// The sum of the queries' losses with masked rows, added to its gradient for the rows themselves.
    pub(super) fn masked_gradients(
        &self,
        placed: &[Placed],
        mask: &dyn RowMask,
        loss: &dyn BlockLoss,
        gradients: &mut Gradients,
    ) -> f64 {
        let mut copies = Copies::default();
        let queries = placed.iter().map(|it| {
            let Placed { ids, targets, .. } = it;
            let entities = copies.add(Owner::Entity, &ids.entities, &targets.entities);
            (entities, copies.add(Owner::Relation, &ids.relations, &targets.relations))
        });
        let queries: Vec<_> = queries.collect();
        copies.queries = copies.rows[0].len();
        let columns = placed.iter().zip(queries).map(|(it, (entities, relations))| {
            let Placed { missing, ids, targets, candidates, candidate_targets } = it;
            let answers = copies.add(Owner::Entity, &ids.answers, &targets.answers);
            let candidates = copies.add(Owner::Entity, candidates, candidate_targets);
            (*missing, Columns { entities, relations, answers }, candidates)
        });
        let columns: Vec<(Side, Columns, Vec<u32>)> = columns.collect();
        let blocks: Vec<Block<'_>> =
            columns.iter().map(|(missing, ids, candidates)| block(*missing, ids, candidates)).collect();
        let mut engine = self.with_copies(&copies);
        engine.mask(&copies, mask);
        let (sum, of_copies) = engine.block_gradients(&blocks, true, None, loss);
        self.add_copies(&copies, mask, &of_copies, gradients);
        sum
    }

    /// An engine of the same model whose tables are copies of some rows.
    fn with_copies(&self, copies: &Copies) -> Self {
        Self {
            compiled: self.compiled.clone(),
            part_kernels: Arc::clone(&self.part_kernels),
            tables: self.tables.copies(&self.compiled.model, [&copies.rows[0], &copies.rows[1]]),
            parameters: self.parameters.clone(),
            optimizer: None,
            pool: Arc::clone(&self.pool),
            workspaces: Mutex::default(),
            scratch: Mutex::default(),
            targets: Targets::default(),
            reciprocal: false,
        }
    }

    /// The planes that are masked, with their owners and the length of a row.
    fn masked_planes(&self) -> impl Iterator<Item = (usize, Owner, usize)> {
        let model = &self.compiled.model;
        let vectors = (0..model.planes.len()).filter(|plane| matches!(model.planes[*plane].shape, Shape::Vector(_)));
        vectors.map(|plane| (plane, model.owner(plane), self.tables.planes()[plane].layout.row_len()))
    }

    /// Masks the queries' rows.
    fn mask(&mut self, copies: &Copies, mask: &dyn RowMask) {
        let planes: Vec<_> = self.masked_planes().collect();
        for (plane, owner, len) in planes {
            let (mut row, mut factors) = (vec![0.0; len], vec![0.0; len]);
            let table = &mut self.tables.planes_mut()[plane];
            for query in 0..copies.queries {
                mask.factors(owner, plane, query, &mut factors);
                table.layout.read_row(table.buffer.lines(), query, &mut row);
                row.iter_mut().zip(&factors).for_each(|(x, factor)| *x *= factor);
                table.layout.write_row(query, &row, table.buffer.lines_mut());
            }
        }
    }

    /// Adds what was found for the copies to the gradients of their rows.
    fn add_copies(&self, copies: &Copies, mask: &dyn RowMask, found: &Gradients, gradients: &mut Gradients) {
        let model = &self.compiled.model;
        for plane in (0..model.planes.len()).filter(|plane| model.is_trained(*plane)) {
            let owner = model.owner(plane);
            let is_masked = matches!(model.planes[plane].shape, Shape::Vector(_));
            let (layout, from) = &found.planes()[plane];
            let (to_layout, to) = &mut gradients.planes_mut()[plane];
            let len = layout.row_len();
            let (mut row, mut sum, mut factors) = (vec![0.0; len], vec![0.0; len], vec![1.0; len]);
            for (copy, target) in copies.targets[owner_index(owner)].iter().enumerate() {
                layout.read_row(from.lines(), copy, &mut row);
                to_layout.read_row(to.lines(), *target as usize, &mut sum);
                match is_masked && copy < copies.queries {
                    true => mask.factors(owner, plane, copy, &mut factors),
                    false => factors.fill(1.0),
                }
                sum.iter_mut().zip(&row).zip(&factors).for_each(|((sum, x), factor)| *sum += factor * x);
                to_layout.write_row(*target as usize, &sum, to.lines_mut());
            }
        }
    }
}

fn block<'a>(missing: Side, ids: &'a Columns, candidates: &'a [u32]) -> Block<'a> {
    Block {
        queries: Queries { missing, entities: &ids.entities, relations: &ids.relations },
        candidates: Candidates::List(candidates),
        answers: (!ids.answers.is_empty()).then_some(&*ids.answers),
    }
}
