//! The update of rows by an optimizer's rule, each with the sum of its pieces.
//!
//! The rules are those of `sptx_runtime::optimizer`. Numbers that change from step to step are parameters.
//!
//! A row with one piece needs no sum of it in memory: where the gradient is made of no rows, which the update is changing,
//! its hits are added up here ([`fused`]), and its gradient never leaves the registers. That spares writing and reading
//! 4·d bytes for each such row of d columns: of TransE's signs at d 1024, where most of 14 541 entities have fewer than 33
//! hits among 131 072, 119 MB a step. Row-wise Adagrad needs the squares of the whole row before it begins, and so goes over
//! the hits twice: where signs are saved, reading those of up to 32 hits again is less than a sum that is written and read
//! twice, elsewhere it keeps the sums.

use std::collections::BTreeMap;

use sptx_runtime::gpu::{Role, RuleKind, Saved, Schedule};
use sptx_runtime::program::{Model, Owner, ReduceOp, Shape};

use super::partial::{Sink, hits_of_rows};
use super::rows::{Element, Rows, across, place, size};
use super::runs::{Parts, Runs, Word, add_to};
use super::sample::{HALVINGS, lower_bound};
use super::{Plan, fits, kernel_name, owner_name, trained_planes};
use crate::legalize::touched;
use crate::lir::{Access, Binary, Builder, Expression, Place, Scalar, Unary, Value, VariableId};

/// The update of an owner's rows, with the sums of their pieces.
pub(super) fn update(model: &Model, schedule: &Schedule, owner: Owner, kind: RuleKind) -> Plan {
    let mut k = builder(model, schedule, owner, kind, "");
    let row = Row::new(&mut k, model, schedule, kind);
    let update = row.update(&mut k, kind, row.pieces);
    update.all(&mut k, owner, &|k, sink| {
        for (plane, it) in trained_planes(model, owner) {
            row.rows.elements(k, it.shape, |k, element| {
                k.when(element.any, |k| {
                    let none = k.f32s(0.0, element.lanes);
                    let sum = k.variable(none);
                    sink(k, plane, element, sum);
                });
            });
        }
    });
    row.rows.plan(Role::Update(owner, kind), k)
}

/// The same, where the hits of a row of one piece are added up here: none where that cannot be, or spares nothing.
pub(super) fn fused(model: &Model, schedule: &Schedule, owner: Owner, kind: RuleKind) -> Option<Plan> {
    if kind == RuleKind::RowAdagrad && schedule.saved != Saved::Signs {
        return None;
    }
    let hits_of_rows = hits_of_rows(model, schedule, owner)?;
    let mut k = builder(model, schedule, owner, kind, ", those of few hits added up here");
    let mut read = |name, scalar, lanes| Place::Buffer(k.buffer(name, scalar, lanes, Access::Read));
    let (triples, scalars) = (read("triples", Scalar::U32, 1), read("scalars", Scalar::F32, 1));
    let (vectors, hits) = (read("vectors", Scalar::F32, schedule.vector), read("hits", Scalar::U32, 1));
    let scattering = hits_of_rows.scattering(&mut k, schedule);
    let row = Row::new(&mut k, model, schedule, kind);
    let [from, until] = row.pieces;
    let next = k.add_u32(from, 1);
    let is_lone = k.binary(Binary::Equal, next, until);
    let [first, end] = row.runs.range(&mut k, row.position, Word::Hit);
    let end = k.select(is_lone, end, first);
    let until = k.select(is_lone, from, until);
    let update = row.update(&mut k, kind, [from, until]);
    let memory = [row.tables, triples, scalars, vectors];
    update.all(&mut k, owner, &|k, sink| {
        hits_of_rows.each(k, row.rows, &scattering, (memory, hits), [first, end], sink);
    });
    let plan = row.rows.plan(Role::Update(owner, kind), k);
    let plan = Plan { kernel: touched(&plan.kernel), ..plan };
    fits(&plan).then_some(plan)
}

fn builder(model: &Model, schedule: &Schedule, owner: Owner, kind: RuleKind, how: &str) -> Builder {
    let rule = match kind {
        RuleKind::Sgd => "sgd",
        RuleKind::Adagrad => "adagrad",
        RuleKind::RowAdagrad => "row_adagrad",
        RuleKind::Adam => "adam",
        RuleKind::LazyAdam => "lazy_adam",
    };
    let name = kernel_name(model, &format!("update_{}_{rule}", owner_name(owner)));
    let which = if kind.is_dense() { "all" } else { "the touched" };
    let doc = format!("{}: the update of {which} rows, of {}{how}.", model.name, owner_name(owner));
    Builder::new(name, doc, schedule.workgroup)
}

/// A row that is updated, and where its pieces and hits are found.
struct Row<'a> {
    rows: Rows<'a>,
    tables: Place,
    partial: Place,
    states: Vec<Place>,
    runs: Runs,
    /// Where it is among the rows that are touched, if it is one.
    position: Value,
    /// Its number.
    number: Value,
    /// From where to where it has its pieces.
    pieces: [Value; 2],
}

impl<'a> Row<'a> {
    fn new(k: &mut Builder, model: &'a Model, schedule: &Schedule, kind: RuleKind) -> Self {
        let wide =
            |k: &mut Builder, name: &str, access| Place::Buffer(k.buffer(name, Scalar::F32, schedule.vector, access));
        let tables = wide(k, "tables", Access::ReadWrite);
        let partial = wide(k, "partial", Access::Read);
        let states = (0..kind.states()).map(|state| wide(k, &format!("state{state}"), Access::ReadWrite)).collect();
        let runs = Runs::new(k, Access::Read);
        let count = runs.rows(k);
        let (rows, position, number, is_touched) = if kind.is_dense() {
            let rows = Rows::new(k, model, schedule);
            let (position, found) = find(k, rows.row, runs, count);
            (rows, position, rows.row, found)
        } else {
            let rows = Rows::counted(k, model, schedule, count);
            (rows, rows.row, runs.get(k, rows.row, Word::Number), rows.inside)
        };
        let [from, until] = runs.range(k, position, Word::Piece);
        let pieces = [from, k.select(is_touched, until, from)];
        Self { rows, tables, partial, states, runs, position, number, pieces }
    }

    /// Its update, by pieces in a range.
    fn update(&self, k: &mut Builder, kind: RuleKind, pieces: [Value; 2]) -> Update<'a> {
        let Self { rows, tables, partial, ref states, number, .. } = *self;
        Update { rows, kind, tables, parts: Parts::new(k, partial, pieces), states: states.clone(), row: number }
    }
}

/// Where a row is among those touched, and whether it is one of them.
fn find(k: &mut Builder, row: Value, runs: Runs, count: Value) -> (Value, Value) {
    let zero = k.u32(0);
    let position = lower_bound(k, [zero, count], HALVINGS, |k, middle| {
        let other = runs.get(k, middle, Word::Number);
        k.less(other, row)
    });
    let inside = k.less(position, count);
    // Behind the last, the first is read; neither means anything then.
    let position = k.select(inside, position, zero);
    let other = runs.get(k, position, Word::Number);
    let equal = k.binary(Binary::Equal, other, row);
    (position, k.binary(Binary::And, inside, equal))
}

/// A parameter that is a number.
fn number(k: &mut Builder, name: &str) -> Value {
    k.parameter(name, Scalar::F32, 1)
}

/// The update of a row.
struct Update<'a> {
    rows: Rows<'a>,
    kind: RuleKind,
    tables: Place,
    /// What its gradient is the sum of, beside hits that are added up here.
    parts: Parts,
    states: Vec<Place>,
    /// The row in the tables.
    row: Value,
}

impl Update<'_> {
    /// Where an element is in the tables, and in what is laid out as they are.
    fn index(&self, k: &mut Builder, plane: usize, element: Element) -> Value {
        let row = place(k, self.rows.model, "plane", plane, self.row);
        k.add(row, element.at)
    }

    /// The gradient, decay included, and what is at its place. `sum` has what is added to its parts.
    fn gradient(&self, k: &mut Builder, plane: usize, element: Element, sum: VariableId) -> [Value; 2] {
        self.parts.add(k, self.rows.model, plane, element, sum);
        let index = self.index(k, plane, element);
        let value = k.load(self.tables, index, element.lanes);
        let decay = number(k, "decay");
        let decay = k.splat(decay, element.lanes);
        let sum = k.get(sum);
        [k.multiply_add(decay, value, sum), value]
    }

    /// Updates all numbers of the row. `visit` goes over them, with what is added to the parts of each.
    fn all(&self, k: &mut Builder, owner: Owner, visit: &dyn Fn(&mut Builder, Sink<'_>)) {
        let model = self.rows.model;
        let rates: BTreeMap<usize, Value> = match self.kind {
            RuleKind::RowAdagrad => self.row_rates(k, owner, visit),
            RuleKind::Sgd | RuleKind::Adagrad | RuleKind::Adam | RuleKind::LazyAdam => {
                let rate = number(k, "rate");
                trained_planes(model, owner).map(|(_, plane)| (plane.slot, rate)).collect()
            }
        };
        visit(k, &|k, plane, element, sum| self.change(k, plane, element, sum, rates[&model.planes[plane].slot]));
    }

    /// The learning rates of the slots: the mean of the squares of a row's gradient, over all of a slot's planes, is added
    /// to what is kept of the row.
    fn row_rates(
        &self,
        k: &mut Builder,
        owner: Owner,
        visit: &dyn Fn(&mut Builder, Sink<'_>),
    ) -> BTreeMap<usize, Value> {
        let model = self.rows.model;
        let sums = Place::Buffer(k.buffer("sums", Scalar::F32, 1, Access::ReadWrite));
        let zero = k.f32(0.0);
        let mut squares = BTreeMap::new();
        for (_, plane) in trained_planes(model, owner) {
            squares.entry(plane.slot).or_insert_with(|| k.variable(zero));
        }
        visit(k, &|k, plane, element, sum| {
            let [gradient, _] = self.gradient(k, plane, element, sum);
            let square = k.mul(gradient, gradient);
            let none = k.f32s(0.0, element.lanes);
            let square = k.select(element.valid, square, none);
            let own = across(k, ReduceOp::Sum, square);
            add_to(k, squares[&model.planes[plane].slot], own);
        });
        squares.into_iter().map(|(slot, squares)| (slot, self.row_rate(k, owner, slot, squares, sums))).collect()
    }

    /// The learning rate of a slot, of which a thread has the sum of some squares.
    fn row_rate(&self, k: &mut Builder, owner: Owner, slot: usize, squares: VariableId, sums: Place) -> Value {
        let (zero, mut count) = (k.f32(0.0), k.u32(0));
        for (_, plane) in trained_planes(self.rows.model, owner).filter(|(_, plane)| plane.slot == slot) {
            let elements = elements(k, plane.shape);
            count = k.add(count, elements);
        }
        let own = k.get(squares);
        let total = self.rows.join(k, ReduceOp::Sum, own);
        let count = k.define(Expression::Convert(Scalar::F32, count));
        let mean = k.div(total, count);
        let offset = k.parameter(&format!("sums{slot}"), Scalar::U32, 1);
        let index = k.add(offset, self.row);
        let writes = self.rows.writes(k);
        // One thread reads what it will write, and tells the others.
        let before = k.variable(zero);
        k.when(writes, |k| {
            let kept = k.load(sums, index, 1);
            k.set(before, kept);
        });
        let own = k.get(before);
        let kept = self.rows.join(k, ReduceOp::Sum, own);
        let sum = k.add(kept, mean);
        k.when(writes, |k| k.store(sums, index, sum));
        let (rate, epsilon) = (number(k, "rate"), number(k, "epsilon"));
        let root = k.unary(Unary::Sqrt, sum);
        let divisor = k.add(root, epsilon);
        k.div(rate, divisor)
    }

    /// Updates some numbers of a plane, where the row has them, by the sum of `sum` and its parts.
    fn change(&self, k: &mut Builder, plane: usize, element: Element, sum: VariableId, rate: Value) {
        let [gradient, value] = self.gradient(k, plane, element, sum);
        let index = self.index(k, plane, element);
        let rate = k.splat(rate, element.lanes);
        let new = match self.kind {
            RuleKind::Sgd | RuleKind::RowAdagrad => {
                let down = k.unary(Unary::Neg, rate);
                k.multiply_add(down, gradient, value)
            }
            RuleKind::Adagrad => self.adagrad(k, index, gradient, value, rate),
            RuleKind::Adam | RuleKind::LazyAdam => self.adam(k, index, gradient, value, rate),
        };
        k.store(self.tables, index, new);
    }

    fn adagrad(&self, k: &mut Builder, index: Value, gradient: Value, value: Value, rate: Value) -> Value {
        let lanes = k.ty(value).lanes;
        let kept = k.load(self.states[0], index, lanes);
        let sum = k.multiply_add(gradient, gradient, kept);
        k.store(self.states[0], index, sum);
        let epsilon = number(k, "epsilon");
        let epsilon = k.splat(epsilon, lanes);
        let root = k.unary(Unary::Sqrt, sum);
        let (step, divisor) = (k.mul(rate, gradient), k.add(root, epsilon));
        let change = k.div(step, divisor);
        k.sub(value, change)
    }

    fn adam(&self, k: &mut Builder, index: Value, gradient: Value, value: Value, rate: Value) -> Value {
        let lanes = k.ty(value).lanes;
        let [one_minus_beta1, beta2, one_minus_beta2, root, epsilon] =
            ["one_minus_beta1", "beta2", "one_minus_beta2", "root", "epsilon"].map(|name| {
                let number = number(k, name);
                k.splat(number, lanes)
            });
        let old = k.load(self.states[0], index, lanes);
        let ahead = k.sub(gradient, old);
        let mean = k.multiply_add(ahead, one_minus_beta1, old);
        let square = k.mul(gradient, gradient);
        let squared = k.mul(square, one_minus_beta2);
        let old = k.load(self.states[1], index, lanes);
        let variance = k.multiply_add(old, beta2, squared);
        k.store(self.states[0], index, mean);
        k.store(self.states[1], index, variance);
        let deviation = k.unary(Unary::Sqrt, variance);
        let divisor = k.multiply_add(deviation, root, epsilon);
        let step = k.mul(rate, mean);
        let change = k.div(step, divisor);
        k.sub(value, change)
    }
}

/// Numbers of a row, without what lies between.
fn elements(k: &mut Builder, shape: Shape) -> Value {
    match shape {
        Shape::Scalar => k.u32(1),
        Shape::Vector(dim) => size(k, dim),
        Shape::Matrix(down, across) => {
            let (down, across) = (size(k, down), size(k, across));
            k.mul(down, across)
        }
    }
}
