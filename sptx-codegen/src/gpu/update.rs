//! The update of rows by an optimizer's rule, each with the sum of its pieces.
//!
//! The rules are those of `sptx_runtime::optimizer`. Numbers that change from step to step are parameters.

use sptx_runtime::gpu::{Role, RuleKind, Schedule};
use sptx_runtime::program::{Model, Owner, ReduceOp, Shape};

use super::rows::{Element, Rows, across, place, size};
use super::sample::lower_bound;
use super::{Plan, kernel_name, owner_name, trained_planes};
use crate::lir::{Access, Binary, Builder, Expression, Place, Scalar, Unary, Value, VariableId};

/// The update of an owner's rows.
pub(super) fn update(model: &Model, schedule: &Schedule, owner: Owner, kind: RuleKind) -> Plan {
    let rule = match kind {
        RuleKind::Sgd => "sgd",
        RuleKind::Adagrad => "adagrad",
        RuleKind::RowAdagrad => "row_adagrad",
        RuleKind::Adam => "adam",
        RuleKind::LazyAdam => "lazy_adam",
    };
    let name = kernel_name(model, &format!("update_{}_{rule}", owner_name(owner)));
    let which = if kind.is_dense() { "all" } else { "the touched" };
    let doc = format!("{}: the update of {which} rows, of {}.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let wide =
        |k: &mut Builder, name: &str, access| Place::Buffer(k.buffer(name, Scalar::F32, schedule.vector, access));
    let tables = wide(&mut k, "tables", Access::ReadWrite);
    let partial = wide(&mut k, "partial", Access::Read);
    let states = (0..kind.states()).map(|state| wide(&mut k, &format!("state{state}"), Access::ReadWrite)).collect();
    let sums =
        (kind == RuleKind::RowAdagrad).then(|| Place::Buffer(k.buffer("sums", Scalar::F32, 1, Access::ReadWrite)));
    let [pieces, touched] = ["rows", "touched"].map(|name| Place::Buffer(k.buffer(name, Scalar::U32, 1, Access::Read)));
    let (rows, position, row, has_pieces) = if kind.is_dense() {
        let counts = Place::Buffer(k.buffer("counts", Scalar::U32, 1, Access::Read));
        let rows = Rows::new(&mut k, model, schedule);
        let (position, found) = find(&mut k, rows.row, counts, touched);
        (rows, position, rows.row, found)
    } else {
        let rows = Rows::counted(&mut k, model, schedule, 0);
        (rows, rows.row, k.load(touched, rows.row, 1), rows.inside)
    };
    let next = k.add_u32(position, 1);
    let (from, until) = (k.load(pieces, position, 1), k.load(pieces, next, 1));
    let until = k.select(has_pieces, until, from);
    k.name(from, "begin");
    k.name(until, "end");
    let update = Update { rows, kind, tables, partial, states, row, from, until };
    for slot in 0..model.slots.len() {
        let planes: Vec<(usize, Shape)> = trained_planes(model, owner)
            .filter(|(_, plane)| plane.slot == slot)
            .map(|(plane, it)| (plane, it.shape))
            .collect();
        if planes.is_empty() {
            continue;
        }
        let rate = match sums {
            Some(sums) => update.row_rate(&mut k, slot, &planes, sums),
            None => number(&mut k, "rate"),
        };
        planes.iter().for_each(|(plane, shape)| update.plane(&mut k, *plane, *shape, rate));
    }
    rows.plan(Role::Update(owner, kind), k)
}

/// Where a row is among those touched, and whether it is one of them.
fn find(k: &mut Builder, row: Value, counts: Place, touched: Place) -> (Value, Value) {
    let zero = k.u32(0);
    let count = k.load(counts, zero, 1);
    let position = lower_bound(k, zero, count, |k, middle| {
        let other = k.load(touched, middle, 1);
        k.less(other, row)
    });
    let inside = k.less(position, count);
    // Behind the last, the first is read; neither means anything then.
    let position = k.select(inside, position, zero);
    let other = k.load(touched, position, 1);
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
    partial: Place,
    states: Vec<Place>,
    /// The row in the tables.
    row: Value,
    /// Its pieces.
    from: Value,
    until: Value,
}

impl Update<'_> {
    /// Where an element is in the tables, and in what is laid out as they are.
    fn index(&self, k: &mut Builder, plane: usize, element: Element) -> Value {
        let row = place(k, self.rows.model, "plane", plane, self.row);
        k.add(row, element.at)
    }

    /// The gradient, decay included, and what is at its place.
    fn gradient(&self, k: &mut Builder, plane: usize, element: Element) -> [Value; 2] {
        let none = k.f32s(0.0, element.lanes);
        let sum = k.variable(none);
        let one = k.u32(1);
        k.repeat(self.from, self.until, one, |k, piece| {
            k.name(piece, "piece");
            let row = place(k, self.rows.model, "partial", plane, piece);
            let index = k.add(row, element.at);
            let part = k.load(self.partial, index, element.lanes);
            add(k, sum, part);
        });
        let index = self.index(k, plane, element);
        let value = k.load(self.tables, index, element.lanes);
        let decay = number(k, "decay");
        let decay = k.splat(decay, element.lanes);
        let sum = k.get(sum);
        [k.multiply_add(decay, value, sum), value]
    }

    /// Adds the mean of the squares of a row's gradient, of all the slot's planes, to the row's sum; its learning rate.
    fn row_rate(&self, k: &mut Builder, slot: usize, planes: &[(usize, Shape)], sums: Place) -> Value {
        let (zero, mut count) = (k.f32(0.0), k.u32(0));
        let squares = k.variable(zero);
        for (plane, shape) in planes {
            self.rows.elements(k, *shape, |k, element| {
                let [gradient, _] = self.gradient(k, *plane, element);
                let square = k.mul(gradient, gradient);
                let none = k.f32s(0.0, element.lanes);
                let square = k.select(element.valid, square, none);
                let own = across(k, ReduceOp::Sum, square);
                add(k, squares, own);
            });
            let elements = elements(k, *shape);
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

    /// Updates the numbers of a plane.
    fn plane(&self, k: &mut Builder, plane: usize, shape: Shape, rate: Value) {
        self.rows.elements(k, shape, |k, element| {
            k.when(element.any, |k| {
                let [gradient, value] = self.gradient(k, plane, element);
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
            });
        });
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

fn add(k: &mut Builder, sum: VariableId, value: Value) {
    let so_far = k.get(sum);
    k.name(so_far, "sum");
    let next = k.add(so_far, value);
    k.set(sum, next);
}
