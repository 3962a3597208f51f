//! Working out one end: the programs of a part, over queries or over candidates.

use super::Queries;
use super::operands::Operands;
use crate::cpu::batch::Batch;
use crate::cpu::engine::Engine;
use crate::cpu::gradients::Gradients;
use crate::cpu::interpret::Interpreter;
use crate::cpu::stages::{Programs, Run, Workspace};
use crate::kernel::Direction;
use crate::program::{Part, Shape, Side, Split};
use crate::table::Table;

/// A part over some ends, on its way.
pub(super) struct Half<'a> {
    engine: &'a Engine,
    part: &'a Part,
    kernels: &'a Interpreter,
    columns: [Vec<u32>; 3],
    workspace: Workspace,
}

/// The kernels of a split's parts. A part is worked out once where pairs are compared many times, so it is interpreted.
#[derive(Debug)]
pub(crate) struct PartKernels {
    query: Interpreter,
    candidate: Interpreter,
}

impl PartKernels {
    pub(crate) fn new(split: &Split) -> Self {
        let of = |part: &Part| Interpreter::new(part.forward.clone(), part.backward.clone());
        Self { query: of(&split.query), candidate: of(&split.candidate) }
    }
}

/// The numbers 0, 1, …: rows of the derivatives by a part's outputs.
fn positions(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

impl<'a> Half<'a> {
    /// The queries.
    pub(super) fn queries(
        engine: &'a Engine,
        split: &'a Split,
        kernels: &'a PartKernels,
        queries: Queries<'_>,
    ) -> Self {
        let [heads, tails] = queries.ends(queries.entities.to_vec(), positions(queries.len()));
        let columns = [heads, queries.relations.to_vec(), tails];
        Self { engine, part: &split.query, kernels: &kernels.query, columns, workspace: Workspace::default() }
    }

    /// The candidates of one relation.
    pub(super) fn candidates(
        engine: &'a Engine,
        split: &'a Split,
        kernels: &'a PartKernels,
        candidates: &[u32],
        relation: u32,
    ) -> Self {
        let (known, missing) = (positions(candidates.len()), candidates.to_vec());
        let [heads, tails] = if split.missing == Side::Head { [missing, known] } else { [known, missing] };
        let columns = [heads, vec![relation; candidates.len()], tails];
        Self { engine, part: &split.candidate, kernels: &kernels.candidate, columns, workspace: Workspace::default() }
    }

    fn run<'r>(&'r self, inputs: &'r [(Shape, Table)], targets: [&'r [u32]; 3]) -> Run<'r> {
        let Part { forward, backward, .. } = self.part;
        let [heads, relations, tails] = &self.columns;
        Run {
            programs: Programs { forward, backward, kernels: self.kernels },
            model: self.engine.model(),
            tables: &self.engine.tables,
            inputs,
            parameters: &self.engine.parameters,
            batch: Batch { heads, relations, tails },
            targets,
        }
    }

    fn count(&self) -> usize {
        self.columns[0].len()
    }

    /// Zeros in the shapes of the outputs.
    pub(super) fn zeros(&self, count: usize) -> Operands {
        Operands::zeros(&self.part.outputs, &self.engine.tables, count)
    }

    /// The outputs.
    pub(super) fn forward(&mut self) -> Operands {
        let mut outputs = self.zeros(self.count());
        let mut workspace = std::mem::take(&mut self.workspace);
        workspace.begin(self.part.scalars, self.count());
        let run = self.run(&[], [&[]; 3]);
        for range in run.stretches(Direction::Forward) {
            run.program_over(Direction::Forward, range.clone(), &mut workspace, None);
            for (number, output) in self.part.outputs.iter().enumerate() {
                match output.shape {
                    Shape::Vector(dim) => {
                        let tiles = self.engine.tables.tilings()[dim].tiles().iter();
                        let tiles: Vec<usize> = tiles.map(|tile| tile.lines()).collect();
                        let vectors = workspace.vectors[output.source].lines();
                        outputs.set_rows(number, range.clone(), &tiles, vectors);
                    }
                    Shape::Scalar | Shape::Matrix(..) => {
                        let scalars = &workspace.scalars[output.source][range.clone()];
                        outputs.floats_mut(number)[range.clone()].copy_from_slice(scalars);
                    }
                }
            }
        }
        self.workspace = workspace;
        outputs
    }

    /// Adds the gradient, given the derivatives by the outputs, which [`Half::forward`] gave before. `targets` are the
    /// gradient rows of the ends' entities and relations.
    pub(super) fn backward(&mut self, derivatives: &Operands, targets: [&[u32]; 3], gradients: &mut Gradients) {
        let shapes = self.part.outputs.iter().map(|output| output.shape).enumerate();
        let inputs: Vec<(Shape, Table)> =
            shapes.map(|(number, shape)| (shape, derivatives.table(number, shape, &self.engine.tables))).collect();
        let mut workspace = std::mem::take(&mut self.workspace);
        workspace.scalars[self.part.upstream].fill(1.0);
        let run = self.run(&inputs, targets);
        run.program_over_batch(Direction::Backward, &mut workspace, Some(gradients));
        self.workspace = workspace;
    }
}
