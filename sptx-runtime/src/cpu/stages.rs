//! Running the stages of a program over a batch, or a stretch of one.

use std::ops::Range;

use rayon::prelude::*;

use super::batch::Batch;
use super::gradients::Gradients;
use super::matrix;
use crate::kernel::{ColumnsInput, ColumnsOutput, CompiledModel, Direction, Kernels, ScalarsInput, ScalarsOutput};
use crate::program::{Columns, Model, Program, ReduceOp, Scalars, Shape, Stage};
use crate::table::{Buffer, Line, Table, Tables};

/// Triples of one work item of a stage that scatters nothing.
const CHUNK: usize = 4096;

/// What the stages of a batch leave for one another. Kept between batches, so that memory is taken once.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Each scalar of each triple of the batch.
    pub(crate) scalars: Vec<Vec<f32>>,
    pub(crate) vectors: Vec<Buffer>,
    partials: Vec<f32>,
}

/// The two programs of a score, or of one end of it, and what runs their bodies.
#[derive(Clone, Copy)]
pub(crate) struct Programs<'a> {
    pub(crate) forward: &'a Program,
    pub(crate) backward: &'a Program,
    pub(crate) kernels: &'a dyn Kernels,
}

/// A batch on its way through a program.
pub(crate) struct Run<'a> {
    pub(crate) programs: Programs<'a>,
    pub(crate) model: &'a Model,
    pub(crate) tables: &'a Tables,
    /// Planes behind the model's, with their shapes.
    pub(crate) inputs: &'a [(Shape, Table)],
    pub(crate) parameters: &'a [f32],
    pub(crate) batch: Batch<'a>,
    /// Gradient rows of the batch; empty columns for programs that scatter nothing.
    pub(crate) targets: [&'a [u32]; 3],
}

impl<'a> Programs<'a> {
    pub(crate) fn of_model(compiled: &'a CompiledModel) -> Self {
        let Model { forward, backward, .. } = &*compiled.model;
        Self { forward, backward, kernels: &*compiled.kernels }
    }
}

impl Workspace {
    /// Makes room for `scalars` scalars of `triples` triples.
    pub(crate) fn begin(&mut self, scalars: usize, triples: usize) {
        self.scalars.resize_with(scalars, Vec::new);
        for scalar in &mut self.scalars {
            scalar.resize(triples, 0.0);
        }
    }
}

impl<'a> Run<'a> {
    pub(crate) fn program(&self, direction: Direction) -> &'a Program {
        match direction {
            Direction::Forward => self.programs.forward,
            Direction::Backward => self.programs.backward,
        }
    }

    /// The shapes and the rows of all planes.
    fn planes(&self) -> impl Iterator<Item = (Shape, &'a Table)> {
        let own = self.model.planes.iter().map(|plane| plane.shape).zip(self.tables.planes());
        own.chain(self.inputs.iter().map(|(shape, table)| (*shape, table)))
    }

    /// Runs the whole program, a stretch of the batch at a time where vectors pass between stages.
    pub(crate) fn program_over_batch(
        &self,
        direction: Direction,
        workspace: &mut Workspace,
        mut gradients: Option<&mut Gradients>,
    ) {
        for range in self.stretches(direction) {
            self.program_over(direction, range, workspace, gradients.as_deref_mut());
        }
    }

    /// The stretches that the batch is worked on in: vectors last from stage to stage of one stretch.
    pub(crate) fn stretches(&self, direction: Direction) -> impl Iterator<Item = Range<usize>> + use<> {
        let (len, stretch) = (self.batch.len(), self.stretch(self.program(direction)).max(1));
        (0..len).step_by(stretch).map(move |start| start..len.min(start + stretch))
    }

    /// Runs the whole program over one stretch.
    pub(crate) fn program_over(
        &self,
        direction: Direction,
        range: Range<usize>,
        workspace: &mut Workspace,
        mut gradients: Option<&mut Gradients>,
    ) {
        for stage in 0..self.program(direction).stages.len() {
            self.stage(direction, stage, range.clone(), workspace, gradients.as_deref_mut());
        }
    }

    /// Triples whose vectors are kept at a time: a function of the model and its sizes alone.
    fn stretch(&self, program: &Program) -> usize {
        const BYTES: usize = 4 << 20;
        let lines: usize = program.vectors.iter().map(|dim| self.tables.tilings()[*dim].lines()).sum();
        if lines == 0 { self.batch.len() } else { (BYTES / (lines * size_of::<Line>())).clamp(64, 8192) }
    }

    /// Runs one stage over a range of the batch.
    pub(crate) fn stage(
        &self,
        direction: Direction,
        stage: usize,
        range: Range<usize>,
        workspace: &mut Workspace,
        gradients: Option<&mut Gradients>,
    ) {
        let program = self.program(direction);
        match &program.stages[stage] {
            Stage::Columns(columns) => self.columns(direction, stage, columns, range, workspace, gradients),
            Stage::Scalars(scalars) => self.scalars(direction, stage, scalars, range, workspace, gradients),
            Stage::Product(product) => {
                let [target, source] = self.take_vectors(program, [product.target, product.source], &range, workspace);
                let mut target = target;
                let ids = &self.batch.columns()[product.side.index()][range.clone()];
                matrix::product(
                    self.tables,
                    product,
                    self.model.planes[product.plane].shape,
                    ids,
                    &source,
                    &mut target,
                );
                workspace.vectors[product.target] = target;
                workspace.vectors[product.source] = source;
            }
            Stage::Outer(outer) => {
                let Some(gradients) = gradients else { return };
                let ids = &self.targets[outer.side.index()][range.clone()];
                let (left, right) = (&workspace.vectors[outer.left], &workspace.vectors[outer.right]);
                matrix::outer(self.tables, outer, self.model.planes[outer.plane].shape, ids, left, right, gradients);
            }
        }
    }

    /// Takes vectors out of the workspace, each with room for the range.
    fn take_vectors<const N: usize>(
        &self,
        program: &Program,
        vectors: [usize; N],
        range: &Range<usize>,
        workspace: &mut Workspace,
    ) -> [Buffer; N] {
        workspace.vectors.resize_with(program.vectors.len(), Buffer::default);
        vectors.map(|vector| {
            let mut buffer = std::mem::take(&mut workspace.vectors[vector]);
            buffer.at_least(range.len() * self.tables.tilings()[program.vectors[vector]].lines());
            buffer
        })
    }

    fn columns(
        &self,
        direction: Direction,
        stage: usize,
        columns: &Columns,
        range: Range<usize>,
        workspace: &mut Workspace,
        gradients: Option<&mut Gradients>,
    ) {
        let program = self.program(direction);
        let tiles = self.tables.tilings()[columns.dim].tiles();
        let rows = self.rows_by_tile(columns.dim);
        let mut stored: Vec<Buffer> = columns
            .store
            .iter()
            .map(|(_, vector)| {
                let [buffer] = self.take_vectors(program, [*vector], &range, workspace);
                buffer
            })
            .collect();
        let vectors = self.vectors_by_tile(program, columns.dim, range.len(), &workspace.vectors);
        let mut partials = std::mem::take(&mut workspace.partials);
        partials.resize(columns.reduce.len() * tiles.len() * range.len(), 0.0);

        let chunk = if columns.scatter.is_empty() { CHUNK } else { range.len().max(1) };
        let mut items = split_items(tiles.len(), range.len(), chunk);
        hand_out_partials(&mut items, &mut partials, tiles.len(), range.len());
        for buffer in &mut stored {
            hand_out_vector(&mut items, buffer.lines_mut(), tiles.iter().map(|tile| tile.lines()));
        }
        if let Some(gradients) = gradients {
            hand_out_gradients(&mut items, columns, gradients);
        }
        let scalars: Vec<&[f32]> = workspace.scalars.iter().map(|scalar| &scalar[range.clone()]).collect();
        items.into_par_iter().for_each(|mut item| {
            let within = item.range.clone();
            let whole = range.start + within.start..range.start + within.end;
            let scalars: Vec<&[f32]> = scalars.iter().map(|scalar| &scalar[within.clone()]).collect();
            let lines = tiles[item.tile].lines();
            let vectors: Vec<&[Line]> = vectors[item.tile]
                .iter()
                .map(|vector| vector.get(within.start * lines..within.end * lines).unwrap_or_default())
                .collect();
            self.programs.kernels.columns(
                direction,
                stage,
                ColumnsInput {
                    triples: self.batch.columns().map(|column| &column[whole.clone()]),
                    targets: self.targets.map(|column| column.get(whole.clone()).unwrap_or_default()),
                    width: tiles[item.tile].width,
                    lines,
                    rows: &rows[item.tile],
                    scalars: &scalars,
                    parameters: self.parameters,
                    vectors: &vectors,
                },
                ColumnsOutput { reduced: &mut item.reduced, stored: &mut item.stored, gradients: &mut item.gradients },
            );
        });
        join_partials(columns, &partials, tiles.len(), range, &mut workspace.scalars);
        workspace.partials = partials;
        for ((_, vector), buffer) in columns.store.iter().zip(stored) {
            workspace.vectors[*vector] = buffer;
        }
    }

    /// For each tile of a dimension, that tile of each plane over it.
    pub(crate) fn rows_by_tile(&self, dim: usize) -> Vec<Vec<&'a [Line]>> {
        let tiles = self.tables.tilings()[dim].tiles().len();
        let mut by_tile = vec![vec![[].as_slice(); self.planes().count()]; tiles];
        for (plane, (shape, table)) in self.planes().enumerate() {
            if shape == Shape::Vector(dim) {
                for (tile, lines) in table.layout.split(table.buffer.lines()).into_iter().enumerate() {
                    by_tile[tile][plane] = lines;
                }
            }
        }
        by_tile
    }

    /// For each tile of a dimension, that tile of each stored vector over it.
    fn vectors_by_tile<'v>(
        &self,
        program: &Program,
        dim: usize,
        triples: usize,
        vectors: &'v [Buffer],
    ) -> Vec<Vec<&'v [Line]>> {
        let tiles = self.tables.tilings()[dim].tiles();
        let mut by_tile = vec![vec![[].as_slice(); vectors.len()]; tiles.len()];
        // The other direction's program may have left more vectors than this one's has.
        let own = vectors.iter().zip(&program.vectors).enumerate().filter(|(_, (_, of))| **of == dim);
        for (vector, (buffer, _)) in own {
            let mut rest = buffer.lines();
            for (tile, span) in tiles.iter().enumerate() {
                by_tile[tile][vector] = rest.split_off(..triples * span.lines()).unwrap_or_default();
            }
        }
        by_tile
    }

    fn scalars(
        &self,
        direction: Direction,
        stage: usize,
        scalars: &Scalars,
        range: Range<usize>,
        workspace: &mut Workspace,
        gradients: Option<&mut Gradients>,
    ) {
        let mut defined: Vec<Vec<f32>> =
            scalars.define.iter().map(|(_, scalar)| std::mem::take(&mut workspace.scalars[*scalar])).collect();
        let rows: Vec<&[f32]> = self
            .planes()
            .map(|(shape, table)| match shape {
                Shape::Scalar => table.buffer.floats(),
                Shape::Vector(_) | Shape::Matrix(..) => &[],
            })
            .collect();
        let mut gradient_rows: Vec<&mut [f32]> =
            (0..self.model.planes.len()).map(|_| <&mut [f32]>::default()).collect();
        if let Some(gradients) = gradients {
            for (plane, (layout, buffer)) in gradients.planes_mut().iter_mut().enumerate() {
                if layout.is_scalar() {
                    gradient_rows[plane] = buffer.floats_mut();
                }
            }
        }
        let inputs: Vec<&[f32]> =
            workspace.scalars.iter().map(|scalar| scalar.get(range.clone()).unwrap_or_default()).collect();
        self.programs.kernels.scalars(
            direction,
            stage,
            ScalarsInput {
                triples: self.batch.columns().map(|column| &column[range.clone()]),
                targets: self.targets.map(|column| column.get(range.clone()).unwrap_or_default()),
                rows: &rows,
                scalars: &inputs,
                parameters: self.parameters,
            },
            ScalarsOutput {
                defined: &mut defined.iter_mut().map(|scalar| &mut scalar[range.clone()]).collect::<Vec<_>>(),
                gradients: &mut gradient_rows,
            },
        );
        for ((_, scalar), values) in scalars.define.iter().zip(defined) {
            workspace.scalars[*scalar] = values;
        }
    }
}

/// A piece of a stage: one tile, some triples, and where its results go.
struct Item<'a> {
    tile: usize,
    range: Range<usize>,
    reduced: Vec<&'a mut [f32]>,
    stored: Vec<&'a mut [Line]>,
    gradients: Vec<&'a mut [Line]>,
}

fn split_items<'a>(tiles: usize, triples: usize, chunk: usize) -> Vec<Item<'a>> {
    let ranges = (0..triples).step_by(chunk).map(|start| start..triples.min(start + chunk));
    (0..tiles)
        .flat_map(|tile| ranges.clone().map(move |range| (tile, range)))
        .map(|(tile, range)| Item { tile, range, reduced: Vec::new(), stored: Vec::new(), gradients: Vec::new() })
        .collect()
}

/// Partials are ordered by reduction, tile, triple: items are ordered by tile, triple.
fn hand_out_partials<'a>(items: &mut [Item<'a>], partials: &'a mut [f32], tiles: usize, triples: usize) {
    if triples == 0 {
        return;
    }
    for mut of_reduction in partials.chunks_mut(tiles * triples) {
        for item in items.iter_mut() {
            item.reduced.push(of_reduction.split_off_mut(..item.range.len()).unwrap_or_default());
        }
    }
}

/// A vector is ordered by tile, triple, as the items are.
fn hand_out_vector<'a>(items: &mut [Item<'a>], mut lines: &'a mut [Line], tile_lines: impl Iterator<Item = usize>) {
    let tile_lines: Vec<usize> = tile_lines.collect();
    for item in items {
        let count = item.range.len() * tile_lines[item.tile];
        item.stored.push(lines.split_off_mut(..count).unwrap_or_default());
    }
}

/// Stages that scatter have one item a tile.
fn hand_out_gradients<'a>(items: &mut [Item<'a>], columns: &Columns, gradients: &'a mut Gradients) {
    let count = gradients.planes().len();
    for item in items.iter_mut() {
        item.gradients = (0..count).map(|_| <&mut [Line]>::default()).collect();
    }
    for (plane, (layout, buffer)) in gradients.planes_mut().iter_mut().enumerate() {
        if columns.scatter.iter().any(|scatter| scatter.plane == plane) {
            for (item, lines) in items.iter_mut().zip(layout.split_mut(buffer.lines_mut())) {
                item.gradients[plane] = lines;
            }
        }
    }
}

/// Joins the partial folds of the tiles, in tile order.
fn join_partials(columns: &Columns, partials: &[f32], tiles: usize, range: Range<usize>, scalars: &mut [Vec<f32>]) {
    let triples = range.len();
    if triples == 0 {
        return;
    }
    for (reduce, of_reduction) in columns.reduce.iter().zip(partials.chunks(tiles * triples)) {
        let out = &mut scalars[reduce.scalar][range.clone()];
        let mut by_tile = of_reduction.chunks(triples);
        match by_tile.next() {
            Some(first) => out.copy_from_slice(first),
            None => out.fill(reduce.op.identity()),
        }
        for tile in by_tile {
            join(reduce.op, out, tile);
        }
    }
}

fn join(op: ReduceOp, out: &mut [f32], tile: &[f32]) {
    out.iter_mut().zip(tile).for_each(|(sum, part)| *sum = op.combine(*sum, *part));
}
