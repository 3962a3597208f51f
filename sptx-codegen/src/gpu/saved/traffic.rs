//! What a gradient reads and writes of rows and of saved columns.

use std::collections::BTreeSet;

use sptx_runtime::gpu::{Schedule, saved_words};
use sptx_runtime::program::{Instruction, Model, Register, Scatter, Shape, Side, Stage};

use super::{Savings, needed};

/// Bytes that the gradient of one triple reads of rows, and writes and reads of saved columns, as if nothing were cached: in
/// the forward kernel, in the adjoint, and for each of the three rows that have a part in it. `sizes` are those of the
/// dimensions. Of a matrix that the triples of a group share, each reads its part, as if groups were all of one relation.
///
/// In rows of d columns, 4·d bytes each:
///
/// | | nothing | f32 | bf16 | signs | sign bits |
/// |---|---|---|---|---|---|
/// | TransE, first norm | 12 | 7 | 5 | 3¼ | 3⅛ |
/// | TransE, second norm | 12 | 7 | 5 | | |
/// | DistMult | 9 | | 6 | | |
/// | TransH | 23 | 19 | 16 | | |
///
/// With sign bits a word more is read and written each time, and the rows of triples are read again that have a column of
/// exactly 0: these are not counted.
pub fn traffic(model: &Model, schedule: &Schedule, sizes: &[usize]) -> usize {
    TripleBytes::of(model, schedule, sizes).total()
}

/// [`traffic`], by the kernels that have a part in it.
pub(in crate::gpu) struct TripleBytes {
    /// Of the forward kernel.
    pub(in crate::gpu) forward: usize,
    /// Of the adjoint.
    pub(in crate::gpu) adjoint: usize,
    /// Of the gradient of each side's row.
    pub(in crate::gpu) parts: [usize; 3],
}

impl TripleBytes {
    pub(in crate::gpu) fn of(model: &Model, schedule: &Schedule, sizes: &[usize]) -> Self {
        let savings = Savings::new(model, schedule.saved);
        let bytes = Bytes { model, schedule, sizes, savings: &savings };
        let parts = [Side::Head, Side::Relation, Side::Tail].map(|side| bytes.part(side));
        Self { forward: bytes.forward(), adjoint: bytes.adjoint(), parts }
    }

    pub(in crate::gpu) fn total(&self) -> usize {
        self.forward + self.adjoint + self.parts.iter().sum::<usize>()
    }
}

struct Bytes<'a> {
    model: &'a Model,
    schedule: &'a Schedule,
    sizes: &'a [usize],
    savings: &'a Savings,
}

impl Bytes<'_> {
    fn forward(&self) -> usize {
        let stages = self.model.forward.stages.iter().enumerate().map(|(number, stage)| {
            let mut rows = self.computed(stage);
            for value in self.savings.values.iter().filter(|value| value.stage == number) {
                let (body, register) = value.found_by();
                rows.extend(rows_of(body, &[register]));
            }
            self.rows(&rows) / self.sharing(stage)
        });
        let saved = (0..self.savings.values.len()).map(|number| self.saved(number));
        stages.sum::<usize>() + saved.sum::<usize>()
    }

    fn adjoint(&self) -> usize {
        self.model.backward.stages.iter().map(|stage| self.rows(&self.computed(stage)) / self.sharing(stage)).sum()
    }

    /// How many triples share what a stage reads.
    fn sharing(&self, stage: &Stage) -> usize {
        match stage {
            Stage::Product(product) if product.side == Side::Relation => self.schedule.group as usize,
            Stage::Product(_) | Stage::Columns(_) | Stage::Scalars(_) | Stage::Outer(_) => 1,
        }
    }

    /// The rows for what a stage leaves to later ones.
    fn computed(&self, stage: &Stage) -> BTreeSet<(Side, usize)> {
        match stage {
            Stage::Columns(stage) => {
                let reduced = stage.reduce.iter().map(|reduce| reduce.register);
                let wanted: Vec<_> = reduced.chain(stage.store.iter().map(|store| store.0)).collect();
                rows_of(&stage.body, &wanted)
            }
            Stage::Scalars(stage) => {
                let wanted: Vec<_> = stage.define.iter().map(|(register, _)| *register).collect();
                rows_of(&stage.body, &wanted)
            }
            Stage::Product(product) => BTreeSet::from([(product.side, product.plane)]),
            Stage::Outer(_) => BTreeSet::new(),
        }
    }

    /// What a side's row takes for its part of the gradient.
    fn part(&self, side: Side) -> usize {
        let wanted = |scatters: &[Scatter]| -> Vec<_> {
            scatters.iter().filter(|scatter| scatter.side == side).map(|scatter| scatter.register).collect()
        };
        let stages = self.savings.stages.iter().map(|stage| match stage {
            Stage::Columns(stage) => {
                let wanted = wanted(&stage.scatter);
                let saved = self.savings.read_by(self.model, &stage.body, &wanted).into_iter();
                self.rows(&rows_of(&stage.body, &wanted)) + saved.map(|number| self.saved(number)).sum::<usize>()
            }
            Stage::Scalars(stage) => self.rows(&rows_of(&stage.body, &wanted(&stage.scatter))),
            Stage::Product(_) | Stage::Outer(_) => 0,
        });
        stages.sum()
    }

    fn rows(&self, rows: &BTreeSet<(Side, usize)>) -> usize {
        rows.iter().map(|(_, plane)| row_bytes(self.model, *plane, self.sizes)).sum()
    }

    fn saved(&self, number: usize) -> usize {
        4 * saved_words(self.schedule, self.sizes[self.savings.values[number].dim])
    }
}

/// Bytes of the numbers of a plane's row.
pub(in crate::gpu) fn row_bytes(model: &Model, plane: usize, sizes: &[usize]) -> usize {
    let numbers = match model.planes[plane].shape {
        Shape::Scalar => 1,
        Shape::Vector(dim) => sizes[dim],
        Shape::Matrix(down, across) => sizes[down] * sizes[across],
    };
    4 * numbers
}

/// The rows that registers are made of.
fn rows_of(body: &[Instruction], wanted: &[Register]) -> BTreeSet<(Side, usize)> {
    let rows = needed(body, wanted).into_iter().filter_map(|register| match body[register] {
        Instruction::Row(side, plane) => Some((side, plane)),
        _ => None,
    });
    rows.collect()
}
