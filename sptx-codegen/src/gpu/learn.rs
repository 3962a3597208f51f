//! The way back from the scores of pairs to the outputs of their queries and candidates.
//!
//! First, for each pair, the numbers that the derivatives are made of ([`slopes`]); then, for each query, the sum over its
//! candidates, and for each candidate that over its queries ([`learn`]), in their order.

use sptx_runtime::gpu::{End, Role, Schedule};
use sptx_runtime::program::{
    Columns, Model, PairNumbers, PairProduct, PairProductKind, ReduceOp, Shape, Side, Split, Stage,
};

use super::body::{At, Item};
use super::compare::items;
use super::pairs::{Chunk, Number, Pair, Pairs, numbers, tiles};
use super::rows::{Rows, size};
use super::run::{run, scalars_of};
use super::{Plan, end_name, kernel_name, missing_name};
use crate::lir::{Access, Binary, Builder, Constant, Expression, Place, Scalar, Value, VariableId};

/// What is kept of each pair for the derivatives, from the derivative by its score.
pub(super) fn slopes(model: &Model, schedule: &Schedule, split: &Split) -> Plan {
    let missing = missing_name(split.missing);
    let doc = format!("{}: what the derivatives by pairs are made of, where a {missing} is missing.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("slopes_{missing}")), doc, schedule.workgroup);
    let pairs = Pairs::new(&mut k, schedule, split, None);
    let scores = Place::Buffer(k.buffer("scores", Scalar::F32, 1, Access::Read));
    let kept = Place::Buffer(k.buffer("pairs", Scalar::F32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let tile = pairs.tile(&mut k, rows.row, schedule.tile);
    let comparison = &split.comparison;
    let mut items = if comparison.learns_anew() {
        let mut items = items(&mut k, &rows, split, &tile);
        run(&mut k, &rows, &comparison.forward, None, &mut items);
        items
    } else {
        tile.iter().map(|pair| Item::pair(model, pair.ends, Vec::new(), comparison.scalars)).collect()
    };
    for (pair, item) in tile.iter().zip(&mut items) {
        item.scalars[comparison.upstream] = Some(k.load(scores, pair.place, 1));
    }
    run(&mut k, &rows, &comparison.backward, None, &mut items);
    let (writes, count) = (rows.writes(&mut k), pairs.count(&mut k));
    let numbers = comparison.pair_numbers();
    for (pair, item) in tile.into_iter().zip(items) {
        let writes = k.binary(Binary::And, writes, pair.inside);
        k.when(writes, |k| {
            let known = |scalar: &usize| item.scalars[*scalar].expect("what is kept was computed");
            let mut values: Vec<Value> = numbers.scalars.iter().map(known).collect();
            values.extend(numbers.planes.iter().map(|plane| scattered(k, split, &item, *plane)));
            for (number, value) in values.into_iter().enumerate() {
                let from = k.mul_u32(count, number as u32);
                let index = k.add(from, pair.place);
                k.store(kept, index, value);
            }
        });
    }
    rows.plan(Role::Slopes(split.missing), k)
}

/// What a pair adds to a plane of numbers.
fn scattered(k: &mut Builder, split: &Split, item: &Item<'_>, (side, plane): (Side, usize)) -> Value {
    let mut sum: Option<Value> = None;
    for stage in &split.comparison.backward.stages {
        let Stage::Scalars(stage) = stage else { continue };
        let own = stage.scatter.iter().filter(|scatter| (scatter.side, scatter.plane) == (side, plane));
        let wanted: Vec<_> = own.map(|scatter| scatter.register).collect();
        for value in item.body(k, &stage.body, At { column: None, lanes: 1 }, &wanted) {
            sum = Some(sum.map_or(value, |sum| k.add(sum, value)));
        }
    }
    sum.expect("something is scattered to the plane")
}

/// The derivatives by the outputs of queries, or of candidates.
pub(super) fn learn(model: &Model, schedule: &Schedule, split: &Split, end: End) -> Plan {
    let missing = missing_name(split.missing);
    let what = end_name(end);
    let doc = format!("{}: the derivatives by what {what} are compared by, where a {missing} is missing.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("learn_{what}_{missing}")), doc, schedule.workgroup);
    let pairs = Pairs::new(&mut k, schedule, split, Some(end));
    let kept = Place::Buffer(k.buffer("pairs", Scalar::F32, 1, Access::Read));
    let rows = Rows::new(&mut k, model, schedule);
    let each = match end {
        End::Query => pairs.chunk,
        End::Candidate => pairs.candidates,
    };
    let tiles = tiles(&mut k, each, schedule.tile);
    let (chunk, tile) = (k.div(rows.row, tiles), k.rem(rows.row, tiles));
    let chunk = pairs.chunk(&mut k, chunk);
    let (own, others) = match end {
        End::Query => (chunk.queries, pairs.candidates),
        End::Candidate => (pairs.candidates, chunk.queries),
    };
    let own = numbers(&mut k, tile, schedule.tile, own);
    let count = pairs.count(&mut k);
    let learn =
        Learn { rows, split, end, numbers: split.comparison.pair_numbers(), pairs, kept, chunk, own, others, count };
    for dim in 0..model.dims.len() {
        learn.vectors(&mut k, dim);
    }
    learn.outputs(Shape::Scalar).into_iter().for_each(|output| learn.scalar(&mut k, output));
    learn.rows.plan(Role::Learn(split.missing, end), k)
}

/// A tile of queries with all their candidates, or of candidates with all their queries.
struct Learn<'a> {
    rows: Rows<'a>,
    split: &'a Split,
    end: End,
    pairs: Pairs<'a>,
    /// What is kept of each pair, and what that is.
    kept: Place,
    numbers: PairNumbers,
    chunk: Chunk,
    own: Vec<Number>,
    /// How many each of them is paired with.
    others: Value,
    /// Number of pairs.
    count: Value,
}

impl<'a> Learn<'a> {
    /// The outputs of the own end that have a shape.
    fn outputs(&self, shape: Shape) -> Vec<usize> {
        let outputs = self.split.parts()[self.end as usize].outputs.iter().enumerate();
        outputs.filter(|(_, output)| output.shape == shape).map(|(number, _)| number).collect()
    }

    /// The side and the plane of an output of the own end.
    fn plane(&self, output: usize) -> (Side, usize) {
        match self.end {
            End::Query => (Side::Head, output),
            End::Candidate => (Side::Tail, self.split.query.outputs.len() + output),
        }
    }

    fn pair(&self, k: &mut Builder, own: Number, other: Value) -> Pair<'a> {
        let inside = k.define(Expression::Constant(Constant::Bool(true)));
        let other = Number { at: other, inside };
        let ends = match self.end {
            End::Query => [own, other],
            End::Candidate => [other, own],
        };
        self.pairs.pair(k, self.chunk, ends)
    }

    /// One of the numbers that are kept of a pair.
    fn number(&self, k: &mut Builder, pair: Pair<'_>, number: usize) -> Value {
        let from = k.mul_u32(self.count, number as u32);
        let index = k.add(from, pair.place);
        k.load(self.kept, index, 1)
    }

    /// The number that is kept for a plane, where there is one.
    fn number_of(&self, plane: (Side, usize)) -> Option<usize> {
        let position = self.numbers.planes.iter().position(|it| *it == plane)?;
        Some(self.numbers.scalars.len() + position)
    }

    /// The outputs that are vectors of one dimension.
    fn vectors(&self, k: &mut Builder, dim: usize) {
        let outputs = self.outputs(Shape::Vector(dim));
        if outputs.is_empty() {
            return;
        }
        let vector = self.rows.schedule.vector;
        let (zero, one, size) = (k.u32(0), k.u32(1), size(k, dim));
        self.rows.columns(k, size, |k, columns| {
            let none = k.f32s(0.0, vector);
            let sums = |k: &mut Builder| outputs.iter().map(|_| k.variable(none)).collect::<Vec<_>>();
            let sums: Vec<Vec<Vec<VariableId>>> =
                self.own.iter().map(|_| columns.iter().map(|_| sums(k)).collect()).collect();
            k.repeat(zero, self.others, one, |k, other| {
                for (own, sums) in self.own.iter().zip(&sums) {
                    let pair = self.pair(k, *own, other);
                    for (column, sums) in columns.iter().zip(sums) {
                        let at = At { column: Some(column.column), lanes: vector };
                        self.add_scattered(k, pair, dim, at, &outputs, sums);
                        self.add_products(k, pair, at, &outputs, sums);
                    }
                }
            });
            for (own, sums) in self.own.iter().zip(&sums) {
                for (column, sums) in columns.iter().zip(sums) {
                    let writes = k.binary(Binary::And, column.any, self.rows.inside);
                    let writes = k.binary(Binary::And, writes, own.inside);
                    k.when(writes, |k| {
                        for (output, sum) in outputs.iter().zip(sums) {
                            self.store(k, *own, *output, Some(column.column), *sum);
                        }
                    });
                }
            }
        });
    }

    /// Adds what the comparison's stage over a dimension scatters.
    fn add_scattered(
        &self,
        k: &mut Builder,
        pair: Pair<'a>,
        dim: usize,
        at: At,
        outputs: &[usize],
        sums: &[VariableId],
    ) {
        for stage in &self.split.comparison.backward.stages {
            let Stage::Columns(Columns { body, scatter, .. }) = stage else { continue };
            let position = |plane| outputs.iter().position(|output| self.plane(*output) == plane);
            let own: Vec<_> = scatter
                .iter()
                .filter_map(|scatter| Some((scatter.register, position((scatter.side, scatter.plane))?)))
                .collect();
            if own.is_empty() {
                continue;
            }
            debug_assert!(matches!(stage, Stage::Columns(stage) if stage.dim == dim), "a stage is over one dimension");
            let mut item = Item::pair(self.rows.model, pair.ends, Vec::new(), self.split.comparison.scalars);
            for scalar in scalars_of(body) {
                let number = self.numbers.scalars.iter().position(|it| *it == scalar).expect("what is read is kept");
                item.scalars[scalar] = Some(self.number(k, pair, number));
            }
            let wanted: Vec<_> = own.iter().map(|(register, _)| *register).collect();
            for ((_, sum), value) in own.iter().zip(item.body(k, body, at, &wanted)) {
                let so_far = k.get(sums[*sum]);
                let next = k.add(so_far, value);
                k.set(sums[*sum], next);
            }
        }
    }

    /// Adds what comes of the products.
    fn add_products(&self, k: &mut Builder, pair: Pair<'a>, at: At, outputs: &[usize], sums: &[VariableId]) {
        let before = self.split.query.outputs.len() + self.split.candidate.outputs.len();
        for (number, PairProduct { kind, vectors }) in self.split.comparison.products.iter().enumerate() {
            let Some(kept) = self.number_of((Side::Relation, before + number)) else { continue };
            for (query, candidate) in vectors {
                let ends = [*query, *candidate];
                let own = self.end as usize;
                let Some(position) = outputs.iter().position(|output| *output == ends[own]) else { continue };
                let slope = self.number(k, pair, kept);
                let slope = k.splat(slope, at.lanes);
                let other = pair.ends[1 - own].output(k, ends[1 - own], at);
                let [slope, factor] = match kind {
                    PairProductKind::Dot => [slope, other],
                    PairProductKind::SquaredDistance => {
                        let mine = pair.ends[own].output(k, ends[own], at);
                        [k.add(slope, slope), k.sub(mine, other)]
                    }
                };
                let so_far = k.get(sums[position]);
                let next = k.multiply_add(slope, factor, so_far);
                k.set(sums[position], next);
            }
        }
    }

    /// An output that is a number. The lanes share what it is paired with.
    fn scalar(&self, k: &mut Builder, output: usize) {
        let none = k.f32(0.0);
        let sums: Vec<VariableId> = self.own.iter().map(|_| k.variable(none)).collect();
        if let Some(number) = self.number_of(self.plane(output)) {
            let lanes = k.u32(self.rows.schedule.lanes);
            k.repeat(self.rows.lane, self.others, lanes, |k, other| {
                for (own, sum) in self.own.iter().zip(&sums) {
                    let pair = self.pair(k, *own, other);
                    let (so_far, value) = (k.get(*sum), self.number(k, pair, number));
                    let next = k.add(so_far, value);
                    k.set(*sum, next);
                }
            });
        }
        let writes = self.rows.writes(k);
        for (own, sum) in self.own.iter().zip(sums) {
            let part = k.get(sum);
            let total = self.rows.join(k, ReduceOp::Sum, part);
            k.set(sum, total);
            let writes = k.binary(Binary::And, writes, own.inside);
            k.when(writes, |k| self.store(k, *own, output, None, sum));
        }
    }

    fn store(&self, k: &mut Builder, own: Number, output: usize, column: Option<Value>, sum: VariableId) {
        let zero = k.u32(0);
        let pair = self.pair(k, own, zero);
        let index = pair.ends[self.end as usize].derivative_at(k, output, column);
        let sum = k.get(sum);
        k.store(self.pairs.vectors(self.end), index, sum);
    }
}
