//! What a whole training step on triples reads and writes.

use std::collections::BTreeMap;
use std::iter::Sum;

use sptx_runtime::gpu::{PIECE, RuleKind, Schedule};
use sptx_runtime::program::{Model, Owner};

use super::saved::{TripleBytes, row_bytes};
use super::{saved_of_steps, trained_planes};

/// A batch and a rule, as far as the bytes of a step depend on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepShape {
    triples: usize,
    rule: RuleKind,
    owners: [Runs; 2],
}

/// The hits of an owner's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Runs {
    /// Rows of its tables.
    rows: usize,
    /// Rows that are hit.
    touched: usize,
    /// Pieces of their hits.
    pieces: usize,
}

impl Runs {
    /// A row that is hit so often.
    fn row(hits: usize) -> Self {
        Self { rows: 0, touched: 1, pieces: hits.div_ceil(PIECE) }
    }
}

impl Sum for Runs {
    fn sum<I: Iterator<Item = Self>>(runs: I) -> Self {
        runs.fold(Self::default(), |sum, run| Self {
            rows: sum.rows + run.rows,
            touched: sum.touched + run.touched,
            pieces: sum.pieces + run.pieces,
        })
    }
}

impl StepShape {
    /// A batch of triples, negatives among them, given by its heads, relations and tails; and how many rows tables of
    /// entities and of relations have.
    pub fn of(triples: [&[u32]; 3], rows: [usize; 2], rule: RuleKind) -> Self {
        let [heads, relations, tails] = triples;
        let runs = |columns: &[&[u32]], rows: usize| {
            let mut hits = BTreeMap::<u32, usize>::new();
            columns.iter().copied().flatten().for_each(|row| *hits.entry(*row).or_default() += 1);
            Runs { rows, ..hits.into_values().map(Runs::row).sum() }
        };
        let owners = [runs(&[heads, tails], rows[0]), runs(&[relations], rows[1])];
        Self { triples: heads.len(), rule, owners }
    }

    /// As many triples, negatives among them, that hit rows evenly.
    ///
    /// ```
    /// use sptx_codegen::gpu::StepShape;
    /// use sptx_runtime::gpu::RuleKind;
    ///
    /// let heads = [0, 1, 2, 3];
    /// let batch = StepShape::of([&heads, &[0, 1, 0, 1], &heads], [4, 2], RuleKind::Adam);
    /// assert_eq!(StepShape::even(4, [4, 2], RuleKind::Adam), batch);
    /// ```
    pub fn even(triples: usize, rows: [usize; 2], rule: RuleKind) -> Self {
        let runs = |hits: usize, rows: usize| {
            let touched = rows.min(hits);
            let fewest = hits.checked_div(touched).unwrap_or(0);
            let of = |hits: usize, rows: usize| (0..rows).map(move |_| Runs::row(hits));
            let more = hits - fewest * touched;
            Runs { rows, ..of(fewest, touched - more).chain(of(fewest + 1, more)).sum() }
        };
        Self { triples, rule, owners: [runs(2 * triples, rows[0]), runs(triples, rows[1])] }
    }

    /// Number of triples.
    pub fn triples(&self) -> usize {
        self.triples
    }
}

/// Bytes of rows that the kernels of a step read and write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepBytes {
    /// Rows that are read for scores, and columns that are saved.
    pub forward: usize,
    /// Rows that are read for what the gradient needs before it is scattered.
    pub adjoint: usize,
    /// Rows and saved columns that are read for the gradient, and the sums of its pieces, which are written.
    pub gradient: usize,
    /// Sums of pieces that are read, rows of the tables and of the optimizer's state, which are read and written.
    pub update: usize,
}

impl StepBytes {
    /// All together.
    pub fn total(&self) -> usize {
        self.forward + self.adjoint + self.gradient + self.update
    }
}

/// Bytes of rows that the kernels of [`training`](super::training) read and write in one step, as if nothing were cached and
/// every triple had a derivative. `sizes` are those of the dimensions. What is one number for each triple or hit is left
/// out, and so are the vectors that models with matrices store.
///
/// Of a row of w bytes that is hit, with p pieces:
///
/// | | Bytes |
/// |---|---|
/// | its pieces | p·w written, p·w read; by row-wise Adagrad read twice |
/// | SGD | 2·w: the row read and written |
/// | row-wise Adagrad | 3·w |
/// | Adagrad | 4·w: the row and the sums of squares |
/// | Adam | 6·w: the row and two moments; of every row of the tables, unless it is lazy |
///
/// ```
/// use sptx_codegen::gpu::{StepShape, step_bytes, traffic};
/// use sptx_codegen::{compile, testing::Sketch};
/// use sptx_runtime::gpu::{RuleKind, Schedule};
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let (schedule, sizes) = (Schedule::default(), vec![1024; model.dims.len()]);
/// let bytes = step_bytes(&model, &schedule, &sizes, &StepShape::even(4096, [14_541, 237], RuleKind::Sgd));
/// assert!(bytes.total() > 4096 * traffic(&model, &schedule, &sizes));
/// ```
pub fn step_bytes(model: &Model, schedule: &Schedule, sizes: &[usize], shape: &StepShape) -> StepBytes {
    let schedule = saved_of_steps(model, schedule, shape.rule);
    let of_triple = TripleBytes::of(model, &schedule, sizes);
    let mut bytes = StepBytes {
        forward: shape.triples * of_triple.forward,
        adjoint: shape.triples * of_triple.adjoint,
        gradient: shape.triples * of_triple.parts.iter().sum::<usize>(),
        update: 0,
    };
    for owner in [Owner::Entity, Owner::Relation] {
        let row: usize = trained_planes(model, owner).map(|(plane, _)| row_bytes(model, plane, sizes)).sum();
        let Runs { rows, touched, pieces } = shape.owners[owner as usize];
        // Row-wise Adagrad finds the squares of the whole row before it begins.
        let passes = if shape.rule == RuleKind::RowAdagrad { 2 } else { 1 };
        let updated = if shape.rule.is_dense() { rows } else { touched };
        bytes.gradient += row * pieces;
        bytes.update += row * (passes * (pieces + updated) + updated + 2 * shape.rule.states() * updated);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::testing::Sketch;

    /// Sums of one model's rows of d numbers each, where every triple has rows of its own but for the relation.
    #[test]
    fn rows_and_pieces_are_counted_one_by_one() {
        let model = compile(Sketch::models()[0].clone()).program();
        let sizes = vec![8; model.dims.len()];
        let row =
            |owner| trained_planes(&model, owner).map(|(plane, _)| row_bytes(&model, plane, &sizes)).sum::<usize>();
        let [entity, relation] = [Owner::Entity, Owner::Relation].map(row);
        let (heads, tails): (Vec<u32>, Vec<u32>) = ((0..40).collect(), (40..80).collect());
        let relations = [0; 40];
        let of = |rule| {
            let shape = StepShape::of([&heads, &relations, &tails], [100, 5], rule);
            step_bytes(&model, &Schedule::default(), &sizes, &shape)
        };
        let triples = TripleBytes::of(&model, &Schedule::default(), &sizes);
        // 40 hits of one relation are two pieces.
        let pieces = 80 * entity + 2 * relation;
        let sgd = of(RuleKind::Sgd);
        assert_eq!((sgd.forward, sgd.adjoint), (40 * triples.forward, 40 * triples.adjoint));
        assert_eq!(sgd.gradient, 40 * triples.parts.iter().sum::<usize>() + pieces);
        let touched = 80 * entity + relation;
        assert_eq!(sgd.update, pieces + 2 * touched);
        assert_eq!(of(RuleKind::RowAdagrad).update, 2 * pieces + 3 * touched);
        assert_eq!(of(RuleKind::Adagrad).update, pieces + 4 * touched);
        assert_eq!(of(RuleKind::LazyAdam).update, pieces + 6 * touched);
        assert_eq!(of(RuleKind::Adam).update, pieces + 6 * (100 * entity + 5 * relation));
    }
}
