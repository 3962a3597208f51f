//! The CPU device of one model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::batch::{Batch, Targets, Touched};
use super::gradients::{Gradients, owner_index};
use super::stages::{Run, Workspace};
use super::update::{State, Update, split_states};
use crate::Error;
use crate::kernel::{ColumnsInput, ColumnsOutput, CompiledModel, Direction};
use crate::optimizer::{Rule, Step};
use crate::program::{Columns, Constraint, Model, Shape, Stage};
use crate::table::{Buffer, Line, Tables, Tile};

/// Threads that an engine starts at most.
const MOST_THREADS: usize = 1024;

/// How an [`Engine`] is set up.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Values of the model's parameters, by name; the others keep their defaults.
    pub parameters: BTreeMap<String, f64>,
}

/// A model with its tables, ready to score and to train on the CPU.
#[derive(Debug)]
pub struct Engine {
    compiled: CompiledModel,
    tables: Tables,
    parameters: Vec<f32>,
    optimizer: Option<State>,
    pool: Arc<rayon::ThreadPool>,
    workspaces: Mutex<Vec<Workspace>>,
    scratch: Mutex<Vec<Buffer>>,
    targets: Targets,
}

impl Engine {
    /// Tables of zeros for a model, with dimensions bound by `dims`.
    ///
    /// # Errors
    /// When dimensions or parameters do not fit the model, or threads cannot be started.
    pub fn new(
        compiled: CompiledModel,
        dims: &BTreeMap<String, usize>,
        entities: usize,
        relations: usize,
        options: &EngineOptions,
    ) -> Result<Self, Error> {
        let sizes = compiled.model.bind(dims)?;
        check_symmetric(&compiled.model, &sizes)?;
        let parameters = bind_parameters(&compiled.model, &options.parameters)?;
        let threads = options.threads;
        if threads > MOST_THREADS {
            return Err(Error::TooManyThreads { threads, most: MOST_THREADS });
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| Error::Threads { threads, source })?;
        Ok(Self {
            tables: Tables::zeros(&compiled.model, &sizes, entities, relations),
            compiled,
            parameters,
            optimizer: None,
            pool: Arc::new(pool),
            workspaces: Mutex::default(),
            scratch: Mutex::default(),
            targets: Targets::default(),
        })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.compiled.model
    }

    /// How the model's kernels are run: `compiled` or `interpreted`.
    pub fn kernel_kind(&self) -> &'static str {
        self.compiled.kernels.kind()
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The tables, to write.
    pub fn tables_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// Runs `work` on the engine's threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The scores of a batch of triples.
    ///
    /// # Errors
    /// When a row number is out of range.
    ///
    /// # Panics
    /// When `scores` is not as long as the batch.
    pub fn score(&self, batch: Batch<'_>, scores: &mut [f32]) -> Result<(), Error> {
        batch.validate(&self.tables)?;
        let mut workspace = take(&self.workspaces);
        self.pool.install(|| self.forward(batch, &mut workspace));
        scores.copy_from_slice(&workspace.scalars[self.model().score]);
        give(&self.workspaces, workspace);
        Ok(())
    }

    fn forward(&self, batch: Batch<'_>, workspace: &mut Workspace) {
        workspace.begin(self.model(), batch.len());
        self.run(batch, [&[]; 3]).program_over_batch(Direction::Forward, workspace, None);
    }

    fn run<'a>(&'a self, batch: Batch<'a>, targets: [&'a [u32]; 3]) -> Run<'a> {
        Run { compiled: &self.compiled, tables: &self.tables, parameters: &self.parameters, batch, targets }
    }

    /// The gradient of `Σ upstreamᵢ · scoreᵢ` for the rows that the batch touches. Frozen tables have none.
    ///
    /// # Errors
    /// When a row number is out of range.
    pub fn gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<Gradients, Error> {
        batch.validate(&self.tables)?;
        let mut workspace = take(&self.workspaces);
        let pool = Arc::clone(&self.pool);
        let gradients = pool.install(|| {
            self.forward(batch, &mut workspace);
            workspace.scalars[self.model().upstream].copy_from_slice(upstream);
            self.backward(batch, &mut workspace, false)
        });
        give(&self.workspaces, workspace);
        Ok(gradients)
    }

    /// Runs the whole backward program into gradients kept whole.
    fn backward(&mut self, batch: Batch<'_>, workspace: &mut Workspace, dense: bool) -> Gradients {
        let mut targets = std::mem::take(&mut self.targets);
        let touched = targets.assign(batch, &self.tables, dense);
        let model = &self.compiled.model;
        let columns = targets.columns(batch, &touched);
        let mut gradients = Gradients::zeros(model, &self.tables, touched.clone(), |plane| model.is_trained(plane));
        self.run(batch, columns).program_over_batch(Direction::Backward, workspace, Some(&mut gradients));
        self.targets = targets;
        gradients
    }

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
        step: Step,
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
    fn learn(&mut self, batch: Batch<'_>, workspace: &mut Workspace, step: Step) {
        let mut state = self.optimizer.take().expect("an optimizer was set before training");
        let active = Active::select(batch, workspace, self.model().upstream);
        let touched = if self.model().backward.vectors.is_empty() && !state.rule.needs_row() {
            self.learn_by_tile(batch, active.batch(), workspace, &mut state, step)
        } else {
            let gradients = self.backward(active.batch(), workspace, state.rule.is_dense());
            state.update(&self.compiled.model, &mut self.tables, &gradients, step);
            gradients.touched().clone()
        };
        for slot in 0..self.compiled.model.slots.len() {
            let owner = owner_index(self.compiled.model.slots[slot].owner);
            self.tables.constrain(&self.compiled.model, slot, touched[owner].rows());
        }
        self.optimizer = Some(state);
    }

    /// Backward and update in one pass over each tile: the gradient of a tile lives only until its update.
    fn learn_by_tile(
        &mut self,
        whole: Batch<'_>,
        batch: Batch<'_>,
        workspace: &mut Workspace,
        state: &mut State,
        step: Step,
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
        debug_assert!(batch.len() <= whole.len());
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
        step: Step,
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
                item.planes.push((plane, lines, states));
            }
        }
        let context = TileContext { compiled, index, stage, batch, targets, touched, scalars: &scalars, parameters };
        let rule = state.rule;
        items.into_par_iter().zip(&tiles).for_each(|(mut item, tile)| {
            let mut scratch_buffer = take(scratch);
            let gradients = context.gradients(&item, *tile, &mut scratch_buffer);
            for (plane, lines, states) in item.planes.iter_mut().filter(|(plane, ..)| stage.scatters_to(*plane)) {
                let rows = context.rows(*plane);
                let update = Update { rule, step, rows: rows.rows(), row_lines: tile.lines(), factors: None };
                update.tile(lines, gradients[*plane], states);
            }
            give(scratch, scratch_buffer);
        });
    }

    /// The optimizer's state as named columns of numbers, to be saved beside the tables: `adam.0.entity.v`, ….
    pub fn optimizer_state(&self) -> Vec<(String, Vec<f32>)> {
        let Some(state) = &self.optimizer else { return Vec::new() };
        let mut named = Vec::new();
        for (plane, buffers) in state.planes.iter().enumerate() {
            for (number, buffer) in buffers.iter().enumerate() {
                let layout = &self.tables.planes()[plane].layout;
                named
                    .push((format!("state{number}.{}", self.model().plane_name(plane)), layout.export(buffer.lines())));
            }
        }
        for (slot, rows) in state.rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            named.push((format!("rows.{}", self.model().slot_name(slot)), rows.clone()));
        }
        named
    }

    /// Restores what [`Engine::optimizer_state`] gave, after [`Engine::set_optimizer`] with the same rule. Returns the
    /// name of a column that `saved` lacks or has in another length.
    ///
    /// # Errors
    /// The name of the missing column.
    pub fn restore_optimizer_state(&mut self, saved: &BTreeMap<String, Vec<f32>>) -> Result<(), String> {
        for (name, current) in self.optimizer_state() {
            if saved.get(&name).is_none_or(|values| values.len() != current.len()) {
                return Err(name);
            }
        }
        let Some(state) = &mut self.optimizer else { return Ok(()) };
        for (plane, buffers) in state.planes.iter_mut().enumerate() {
            for (number, buffer) in buffers.iter_mut().enumerate() {
                let layout = &self.tables.planes()[plane].layout;
                let name = format!("state{number}.{}", self.compiled.model.plane_name(plane));
                layout.import(&saved[&name], buffer.lines_mut());
            }
        }
        for (slot, rows) in state.rows.iter_mut().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            rows.copy_from_slice(&saved[&format!("rows.{}", self.compiled.model.slot_name(slot))]);
        }
        Ok(())
    }

    /// Applies every slot's constraints to all its rows, as after initialisation.
    pub fn constrain_all(&mut self) {
        let pool = Arc::clone(&self.pool);
        pool.install(|| {
            for slot in 0..self.compiled.model.slots.len() {
                self.tables.constrain(&self.compiled.model, slot, crate::table::Rows::All);
            }
        });
    }
}

/// What the tiles of a stage share.
struct TileContext<'a> {
    compiled: &'a CompiledModel,
    index: usize,
    stage: &'a Columns,
    batch: Batch<'a>,
    targets: [&'a [u32]; 3],
    touched: &'a [Touched; 2],
    scalars: &'a [&'a [f32]],
    parameters: &'a [f32],
}

impl TileContext<'_> {
    fn rows(&self, plane: usize) -> &Touched {
        &self.touched[owner_index(self.compiled.model.owner(plane))]
    }

    /// The gradient tile of each plane that the stage scatters to, in `scratch`; empty for other planes.
    fn gradients<'s>(&self, item: &TileItem<'_>, tile: Tile, scratch: &'s mut Buffer) -> Vec<&'s mut [Line]> {
        let planes = self.compiled.model.planes.len();
        let needed = |plane: usize| {
            if self.stage.scatters_to(plane) { self.rows(plane).len() * tile.lines() } else { 0 }
        };
        let total: usize = item.planes.iter().map(|(plane, ..)| needed(*plane)).sum();
        let mut rest = scratch.at_least(total);
        rest.fill(Line::ZERO);
        let mut gradients: Vec<&mut [Line]> = (0..planes).map(|_| <&mut [Line]>::default()).collect();
        let mut rows: Vec<&[Line]> = vec![&[]; planes];
        for (plane, lines, _) in &item.planes {
            rows[*plane] = lines;
            gradients[*plane] = rest.split_off_mut(..needed(*plane)).unwrap_or_default();
        }
        let input = ColumnsInput {
            triples: self.batch.columns(),
            targets: self.targets,
            width: tile.width,
            lines: tile.lines(),
            rows: &rows,
            scalars: self.scalars,
            parameters: self.parameters,
            vectors: &[],
        };
        let output = ColumnsOutput { reduced: &mut [], stored: &mut [], gradients: &mut gradients };
        self.compiled.kernels.columns(Direction::Backward, self.index, input, output);
        gradients
    }
}

/// A plane, a tile of its rows, that tile of its optimizer state.
type TilePlane<'a> = (usize, &'a mut [Line], Vec<&'a mut [Line]>);

/// The tile of each plane of a dimension, with its optimizer state.
#[derive(Default)]
struct TileItem<'a> {
    planes: Vec<TilePlane<'a>>,
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

fn check_symmetric(model: &Model, sizes: &[usize]) -> Result<(), Error> {
    for (index, plane) in model.planes.iter().enumerate() {
        if let Shape::Matrix(down, across) = plane.shape
            && model.slots[plane.slot].constraints.contains(&Constraint::Symmetric)
            && sizes[down] != sizes[across]
        {
            let plane = model.plane_name(index);
            return Err(Error::NotSquare { plane, rows: sizes[down], columns: sizes[across] });
        }
    }
    Ok(())
}

fn bind_parameters(model: &Model, given: &BTreeMap<String, f64>) -> Result<Vec<f32>, Error> {
    if let Some(name) = given.keys().find(|name| !model.parameters.iter().any(|parameter| parameter.name == **name)) {
        let known =
            model.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownParameter { model: model.name.clone(), name: name.clone(), known });
    }
    let value =
        |parameter: &crate::program::Parameter| *given.get(&parameter.name).unwrap_or(&parameter.default) as f32;
    Ok(model.parameters.iter().map(value).collect())
}

/// Takes a kept value, or a new one. A poisoned lock is no harm: values are overwritten before use.
fn take<T: Default>(kept: &Mutex<Vec<T>>) -> T {
    kept.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}

fn give<T>(kept: &Mutex<Vec<T>>, value: T) {
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(value);
}
