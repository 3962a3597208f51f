//! What a whole training step on triples reads and writes.

use std::collections::BTreeMap;
use std::iter::Sum;

use sptx_runtime::gpu::{GROUP, PIECE, RuleKind, Schedule};
use sptx_runtime::program::{Model, Owner};

use super::saved::{TripleBytes, row_bytes};
use super::{saved_of_steps, trained_planes, update};

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
    /// Rows of one piece, and their hits.
    lone: usize,
    lone_hits: usize,
    /// Groups of pieces that are joined ahead.
    groups: usize,
}

impl Runs {
    /// A row that is hit so often.
    fn row(hits: usize) -> Self {
        let pieces = hits.div_ceil(PIECE);
        Self {
            rows: 0,
            touched: 1,
            pieces,
            lone: usize::from(pieces == 1),
            lone_hits: if pieces == 1 { hits } else { 0 },
            groups: pieces / GROUP,
        }
    }
}

impl Sum for Runs {
    fn sum<I: Iterator<Item = Self>>(runs: I) -> Self {
        runs.fold(Self::default(), |sum, run| Self {
            rows: sum.rows + run.rows,
            touched: sum.touched + run.touched,
            pieces: sum.pieces + run.pieces,
            lone: sum.lone + run.lone,
            lone_hits: sum.lone_hits + run.lone_hits,
            groups: sum.groups + run.groups,
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
    /// Sums of pieces that are read, and of groups of them, which are written.
    pub join: usize,
    /// Sums of pieces and of groups that are read, saved columns that are read a second time, rows of the tables and of the optimizer's state, which are read and
    /// written.
    pub update: usize,
}

impl StepBytes {
    /// All together.
    pub fn total(&self) -> usize {
        self.forward + self.adjoint + self.gradient + self.join + self.update
    }
}

/// Bytes of rows that the kernels of [`training`](super::training) read and write in one step, as if nothing were cached and
/// every triple had a derivative. `sizes` are those of the dimensions. What is one number for each triple or hit is left
/// out, and so are the vectors that models with matrices store.
///
/// Of a row of w bytes that is hit, with p pieces, of which g groups of 32 are joined ahead:
///
/// | | Bytes |
/// |---|---|
/// | its pieces | p·w written; nothing for one piece that the update adds up, as it does where the gradient is made of no rows |
/// | its groups | 32·g·w read, g·w written |
/// | their sums | (p − 31·g)·w read; by row-wise Adagrad read twice, as are the saved columns of what it adds up |
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
        join: 0,
        update: 0,
    };
    for owner in [Owner::Entity, Owner::Relation] {
        let row: usize = trained_planes(model, owner).map(|(plane, _)| row_bytes(model, plane, sizes)).sum();
        let Runs { rows, touched, pieces, lone, lone_hits, groups } = shape.owners[owner as usize];
        let is_fused = row > 0 && update::fused(model, &schedule, owner, shape.rule).is_some();
        // Row-wise Adagrad finds the squares of the whole row before it begins.
        let passes = if shape.rule == RuleKind::RowAdagrad { 2 } else { 1 };
        let pieces = if is_fused { pieces - lone } else { pieces };
        if is_fused && passes == 2 {
            let [head, relation, tail] = of_triple.parts;
            bytes.update += lone_hits * [(head + tail) / 2, relation][owner as usize];
        }
        let sums = pieces - (GROUP - 1) * groups;
        let updated = if shape.rule.is_dense() { rows } else { touched };
        bytes.gradient += row * pieces;
        bytes.join += row * (GROUP + 1) * groups;
        bytes.update += row * (passes * (sums + updated) + updated + 2 * shape.rule.states() * updated);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sptx_runtime::gpu::Saved;

    use super::*;
    use crate::compile;
    use crate::testing::Sketch;

    /// Where triples have entities of their own, and one relation.
    fn of(model: &Model, saved: Saved, sizes: &[usize], count: u32, rule: RuleKind) -> [StepBytes; 2] {
        let (heads, tails): (Vec<u32>, Vec<u32>) = ((0..count).collect(), (count..2 * count).collect());
        let relations = vec![0; count as usize];
        let shape = StepShape::of([&heads, &relations, &tails], [2 * count as usize + 20, 5], rule);
        let schedule = Schedule { saved, ..Schedule::default() };
        let of_triples = TripleBytes::of(model, &saved_of_steps(model, &schedule, rule), sizes);
        let bytes = step_bytes(model, &schedule, sizes, &shape);
        let count = count as usize;
        let gradient = bytes.gradient - count * of_triples.parts.iter().sum::<usize>();
        let rest = StepBytes { forward: count * of_triples.forward, adjoint: count * of_triples.adjoint, ..bytes };
        assert_eq!(rest, bytes);
        [bytes, StepBytes { gradient, ..rest }]
    }

    fn rows_of(model: &Model, sizes: &[usize]) -> [usize; 2] {
        let row = |owner| trained_planes(model, owner).map(|(plane, _)| row_bytes(model, plane, sizes)).sum::<usize>();
        [Owner::Entity, Owner::Relation].map(row)
    }

    #[test]
    fn rows_and_pieces_are_counted_one_by_one() {
        let model = compile(Sketch::models()[0].clone()).program();
        let sizes = vec![8; model.dims.len()];
        let [entity, relation] = rows_of(&model, &sizes);
        let of = |rule| of(&model, Saved::Nothing, &sizes, 40, rule)[1];
        // 40 hits of one relation are two pieces.
        let pieces = 80 * entity + 2 * relation;
        assert_eq!((of(RuleKind::Sgd).gradient, of(RuleKind::Sgd).join), (pieces, 0));
        let touched = 80 * entity + relation;
        assert_eq!(of(RuleKind::Sgd).update, pieces + 2 * touched);
        assert_eq!(of(RuleKind::RowAdagrad).update, 2 * pieces + 3 * touched);
        assert_eq!(of(RuleKind::Adagrad).update, pieces + 4 * touched);
        assert_eq!(of(RuleKind::LazyAdam).update, pieces + 6 * touched);
        assert_eq!(of(RuleKind::Adam).update, pieces + 6 * (100 * entity + 5 * relation));
    }

    #[test]
    fn rows_of_one_piece_have_no_sums_where_their_update_adds_them_up() {
        let mut fused = 0;
        let models = Sketch::models().into_iter().map(|score| compile(score).program()).collect::<Vec<_>>();
        for (model, saved) in models.iter().flat_map(|model| [Saved::F32, Saved::Signs].map(|saved| (model, saved))) {
            let sizes = vec![64; model.dims.len()];
            let [entity, relation] = rows_of(model, &sizes);
            let of = |rule| of(model, saved, &sizes, 3200, rule)[1];
            if of(RuleKind::Sgd).gradient >= 6400 * entity {
                continue;
            }
            // A hundred pieces, of which three groups are 96.
            for rule in [RuleKind::Sgd, RuleKind::Adagrad, RuleKind::LazyAdam] {
                assert_eq!(of(rule).gradient, 100 * relation, "{} {rule:?}", model.name);
                assert_eq!(of(rule).join, 3 * 33 * relation);
                let touched = (2 + 2 * rule.states()) * (6400 * entity + relation);
                assert_eq!(of(rule).update, (100 - 3 * 31) * relation + touched);
            }
            // It goes over its hits twice, which are a sixteenth of rows where they are signs.
            let of_row_adagrad = of(RuleKind::RowAdagrad);
            let kept = 2 * (100 - 3 * 31) * relation + 3 * (6400 * entity + relation);
            if saved == Saved::Signs {
                assert_eq!(of_row_adagrad.gradient, 100 * relation);
                assert_eq!(of_row_adagrad.update, kept + 6400 * entity / 16);
            } else {
                assert_eq!(of_row_adagrad.gradient, 6400 * entity + 100 * relation);
                assert_eq!(of_row_adagrad.update, kept + 2 * 6400 * entity);
            }
            fused += 1;
        }
        assert!(fused > 1, "the gradient of some models is made of no rows");
    }
}
