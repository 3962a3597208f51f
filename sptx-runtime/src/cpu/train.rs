//! Training steps.

use std::sync::Arc;

use rayon::prelude::*;

use super::batch::{Batch, Touched};
use super::engine::{Engine, give, take};
use super::gradients::{Gradients, owner_index};
use super::penalty::penalize;
use super::stages::Workspace;
use super::tile::{PlaneTile, TileContext, TileItem};
use super::update::{State, Update, split_states};
use crate::Error;
use crate::kernel::Direction;
use crate::optimizer::{Rule, Step};
use crate::program::{Columns, Shape, Stage};

impl Engine {
    /// Sets the optimizer; its state begins anew.
    pub fn set_optimizer(&mut self, rule: Rule) {
        self.optimizer = Some(State::new(rule, &self.compiled.model, &self.tables));
    }

    /// One training step: scores the batch, asks `loss` for the derivative of the loss by each score (its second
    /// argument, zero at first), and updates the tables, constraints included. When `loss` fails nothing is updated.
    ///
    /// # Errors
    /// When a row number is out of range, or `loss` fails.
    ///
    /// # Panics
    /// When [`Engine::set_optimizer`] was not called.
    pub fn step<R: Send, E: From<Error> + Send>(
        &mut self,
        batch: Batch<'_>,
        step: Step<'_>,
        loss: impl FnOnce(&[f32], &mut [f32]) -> Result<R, E> + Send,
    ) -> Result<R, E> {
        batch.validate(&self.tables)?;
        let mut workspace = take(&self.workspaces);
        let pool = Arc::clone(&self.pool);
        let result = pool.install(|| {
            self.forward(batch, &mut workspace);
            let mut upstream = std::mem::take(&mut workspace.scalars[self.model().upstream]);
            upstream.fill(0.0);
            let result = loss(&workspace.scalars[self.model().score], &mut upstream);
            workspace.scalars[self.model().upstream] = upstream;
            if result.is_ok() {
                self.learn(batch, &mut workspace, step);
            }
            result
        });
        give(&self.workspaces, workspace);
        result
    }

    /// Backward, update, constraints.
    fn learn(&mut self, batch: Batch<'_>, workspace: &mut Workspace, step: Step<'_>) {
        if step.penalty.is_some() {
            // Rows have a penalty whether or not the loss depends on them, so no triple is dropped.
            let dense = self.optimizer.as_ref().is_some_and(|state| state.rule.is_dense());
            let mut gradients = self.backward(batch, workspace, dense);
            return self.update(&mut gradients, step);
        }
        let mut state = self.optimizer.take().expect("an optimizer was set before training");
        let active = Active::select(batch, workspace, self.model().upstream);
        let touched = if self.model().backward.vectors.is_empty() && !state.rule.needs_row() {
            self.learn_by_tile(active.batch(), workspace, &mut state, step)
        } else {
            let gradients = self.backward(active.batch(), workspace, state.rule.is_dense());
            state.update(&self.compiled.model, &mut self.tables, &gradients, step);
            gradients.touched().clone()
        };
        self.optimizer = Some(state);
        self.constrain(&touched);
    }

    /// Updates the tables by a gradient that is whole, with the penalty's; constraints included.
    pub(super) fn update(&mut self, gradients: &mut Gradients, step: Step<'_>) {
        if let Some(penalty) = step.penalty {
            penalize(&self.compiled.model, &self.tables, penalty, gradients);
        }
        let mut state = self.optimizer.take().expect("an optimizer was set before training");
        state.update(&self.compiled.model, &mut self.tables, gradients, step);
        self.optimizer = Some(state);
        self.constrain(gradients.touched());
    }

    fn constrain(&mut self, touched: &[Touched; 2]) {
        for slot in 0..self.compiled.model.slots.len() {
            let owner = owner_index(self.compiled.model.slots[slot].owner);
            self.tables.constrain(&self.compiled.model, slot, touched[owner].rows());
        }
    }

    /// Backward and update in one pass over each tile: the gradient of a tile lives only until its update.
    fn learn_by_tile(
        &mut self,
        batch: Batch<'_>,
        workspace: &mut Workspace,
        state: &mut State,
        step: Step<'_>,
    ) -> [Touched; 2] {
        let compiled = self.compiled.clone();
        let model = &compiled.model;
        let mut targets = std::mem::take(&mut self.targets);
        let touched = targets.assign(batch, &self.tables, state.rule.is_dense());
        let columns = targets.columns(batch, &touched);
        let scalar_planes = |plane: usize| model.planes[plane].shape == Shape::Scalar && model.is_trained(plane);
        let mut scalars = Gradients::zeros(model, &self.tables, touched.clone(), scalar_planes);
        for (index, stage) in model.backward.stages.iter().enumerate() {
            match stage {
                Stage::Columns(stage) if !stage.scatter.is_empty() => {
                    self.columns_by_tile(index, stage, batch, columns, &touched, workspace, state, step);
                }
                Stage::Columns(_) | Stage::Scalars(_) | Stage::Product(_) | Stage::Outer(_) => {
                    let range = 0..batch.len();
                    self.run(batch, columns).stage(Direction::Backward, index, range, workspace, Some(&mut scalars));
                }
            }
        }
        state.update(model, &mut self.tables, &scalars, step);
        self.targets = targets;
        touched
    }

    /// The last stage of a dimension: its gradients are known when it ends, so each tile is updated at once.
    #[expect(clippy::too_many_arguments, reason = "one call site; a struct of these would have no other meaning")]
    fn columns_by_tile(
        &mut self,
        index: usize,
        stage: &Columns,
        batch: Batch<'_>,
        targets: [&[u32]; 3],
        touched: &[Touched; 2],
        workspace: &Workspace,
        state: &mut State,
        step: Step<'_>,
    ) {
        let Self { compiled, tables, parameters, scratch, .. } = self;
        let model = &compiled.model;
        let tiles = tables.tilings()[stage.dim].tiles().to_vec();
        let scalars: Vec<&[f32]> = workspace.scalars.iter().map(|scalar| &scalar[..batch.len()]).collect();
        let mut items: Vec<TileItem<'_>> = tiles.iter().map(|_| TileItem::default()).collect();
        for ((plane, table), states) in tables.planes_mut().iter_mut().enumerate().zip(&mut state.planes) {
            if model.planes[plane].shape != Shape::Vector(stage.dim) {
                continue;
            }
            let states = split_states(&table.layout, states);
            let lines = table.layout.split_mut(table.buffer.lines_mut());
            for ((item, lines), states) in items.iter_mut().zip(lines).zip(states) {
                item.planes.push(PlaneTile { plane, lines, states });
            }
        }
        let context = TileContext { compiled, index, stage, batch, targets, touched, scalars: &scalars, parameters };
        let rule = state.rule;
        items.into_par_iter().zip(&tiles).for_each(|(mut item, tile)| {
            let mut scratch_buffer = take(scratch);
            let gradients = context.gradients(&item, *tile, &mut scratch_buffer);
            for PlaneTile { plane, lines, states } in item.planes.iter_mut().filter(|it| stage.scatters_to(it.plane)) {
                let rows = context.rows(*plane);
                let update = Update { rule, step, rows: rows.rows(), row_lines: tile.lines(), factors: None };
                update.tile(lines, gradients[*plane], states);
            }
            give(scratch, scratch_buffer);
        });
    }
}

/// The triples whose score the loss depends on.
struct Active {
    columns: [Vec<u32>; 3],
}

impl Active {
    /// Drops triples with no upstream derivative, from the scalars as well.
    fn select(batch: Batch<'_>, workspace: &mut Workspace, upstream: usize) -> Self {
        let flags = &workspace.scalars[upstream];
        let kept: Vec<usize> = (0..flags.len()).filter(|triple| flags[*triple] != 0.0).collect();
        for scalar in &mut workspace.scalars {
            for (to, from) in kept.iter().enumerate() {
                scalar[to] = scalar[*from];
            }
            scalar.truncate(kept.len());
        }
        Self { columns: batch.columns().map(|column| kept.iter().map(|triple| column[*triple]).collect()) }
    }

    fn batch(&self) -> Batch<'_> {
        Batch { heads: &self.columns[0], relations: &self.columns[1], tails: &self.columns[2] }
    }
}
