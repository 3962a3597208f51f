//! The CPU device of one model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::batch::{Batch, Targets};
use super::block::PartKernels;
use super::gradients::Gradients;
use super::stages::{Programs, Run, Workspace};
use super::update::State;
use crate::Error;
use crate::kernel::{CompiledModel, Direction};
use crate::program::{Constraint, Model, Owner, Shape};
use crate::table::{Buffer, Tables};

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
    pub(super) compiled: CompiledModel,
    /// Of each split of the model.
    pub(super) part_kernels: Arc<[PartKernels]>,
    pub(super) tables: Tables,
    pub(crate) parameters: Vec<f32>,
    pub(crate) optimizer: Option<State>,
    pub(super) pool: Arc<rayon::ThreadPool>,
    pub(super) workspaces: Mutex<Vec<Workspace>>,
    pub(super) scratch: Mutex<Vec<Buffer>>,
    pub(super) targets: Targets,
    pub(super) reciprocal: bool,
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
            part_kernels: compiled.model.splits.iter().map(PartKernels::new).collect(),
            compiled,
            parameters,
            optimizer: None,
            pool: Arc::new(pool),
            workspaces: Mutex::default(),
            scratch: Mutex::default(),
            targets: Targets::default(),
            reciprocal: false,
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

    /// Says that the second half of the relations are the inverses of the first, in their order: (?, r, t) is then asked
    /// as (t, r⁻¹, ?). Calls of the engine itself take relations by their rows, with or without inverses.
    ///
    /// # Panics
    /// When the number of relations is odd.
    pub fn set_reciprocal(&mut self) {
        assert!(self.tables.count(Owner::Relation).is_multiple_of(2), "as many inverses as relations");
        self.reciprocal = true;
    }

    /// Number of relations, inverses not counted.
    pub fn relations(&self) -> usize {
        self.tables.count(Owner::Relation) / if self.reciprocal { 2 } else { 1 }
    }

    /// The row of a relation's inverse, where [relations have inverses](Self::set_reciprocal).
    pub fn inverse_of(&self, relation: u32) -> Option<u32> {
        // A table has fewer than 2^32 rows.
        self.reciprocal.then(|| relation + self.relations() as u32)
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
        self.pool.install(|| self.score_batch(batch, scores));
        Ok(())
    }

    /// [`Engine::score`] of a batch whose numbers are rows, on the threads of whoever calls.
    pub(super) fn score_batch(&self, batch: Batch<'_>, scores: &mut [f32]) {
        let mut workspace = take(&self.workspaces);
        self.forward(batch, &mut workspace);
        scores.copy_from_slice(&workspace.scalars[self.model().score]);
        give(&self.workspaces, workspace);
    }

    pub(super) fn forward(&self, batch: Batch<'_>, workspace: &mut Workspace) {
        workspace.begin(self.model().scalars, batch.len());
        self.run(batch, [&[]; 3]).program_over_batch(Direction::Forward, workspace, None);
    }

    pub(super) fn run<'a>(&'a self, batch: Batch<'a>, targets: [&'a [u32]; 3]) -> Run<'a> {
        Run {
            programs: Programs::of_model(&self.compiled),
            model: &self.compiled.model,
            tables: &self.tables,
            inputs: &[],
            parameters: &self.parameters,
            batch,
            targets,
        }
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
    pub(super) fn backward(&mut self, batch: Batch<'_>, workspace: &mut Workspace, dense: bool) -> Gradients {
        let mut targets = std::mem::take(&mut self.targets);
        let touched = targets.assign(batch, &self.tables, dense);
        let model = &self.compiled.model;
        let columns = targets.columns(batch, &touched);
        let mut gradients = Gradients::zeros(model, &self.tables, touched.clone(), |plane| model.is_trained(plane));
        self.run(batch, columns).program_over_batch(Direction::Backward, workspace, Some(&mut gradients));
        self.targets = targets;
        gradients
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

pub(crate) fn check_symmetric(model: &Model, sizes: &[usize]) -> Result<(), Error> {
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

pub(crate) fn bind_parameters(model: &Model, given: &BTreeMap<String, f64>) -> Result<Vec<f32>, Error> {
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
pub(super) fn take<T: Default>(kept: &Mutex<Vec<T>>) -> T {
    kept.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}

pub(super) fn give<T>(kept: &Mutex<Vec<T>>, value: T) {
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(value);
}
