//! What holds for the rows of a slot after each step.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Constraint, Model, ReduceOp, Shape};

use super::rows::{Rows, across, padded, place, size};
use super::runs::{Runs, Word};
use super::{Plan, kernel_name};
use crate::lir::{Access, Barrier, Binary, Builder, Place, Scalar, Unary, Value};

/// Whether a slot has a constraint that does something.
pub(super) fn is_constrained(model: &Model, slot: usize) -> bool {
    model.slots[slot].constraints.iter().any(|constraint| *constraint != Constraint::Frozen)
}

/// The constraints of a slot, in their order, on its touched rows or on all.
pub(super) fn constrain(model: &Model, schedule: &Schedule, slot: usize, all: bool) -> Plan {
    let name = kernel_name(model, &format!("constrain{}_{slot}", if all { "_all" } else { "" }));
    let which = if all { "all" } else { "the touched" };
    let doc = format!("{}: the constraints of `{}`, on {which} rows.", model.name, model.slot_name(slot));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let tables = Place::Buffer(k.buffer("tables", Scalar::F32, schedule.vector, Access::ReadWrite));
    let (rows, row) = if all {
        let rows = Rows::new(&mut k, model, schedule);
        (rows, rows.row)
    } else {
        let runs = Runs::new(&mut k, Access::Read);
        let count = runs.rows(&mut k);
        let rows = Rows::counted(&mut k, model, schedule, count);
        (rows, runs.get(&mut k, rows.row, Word::Number))
    };
    let planes = model.planes_of(slot).map(|plane| (plane, model.planes[plane].shape)).collect();
    let row = Row { rows, tables, planes, row };
    for constraint in &model.slots[slot].constraints {
        match *constraint {
            Constraint::MaxNorm(limit) => row.rescale(&mut k, |k, norm| {
                let (limit, one) = (k.f32(limit as f32), k.f32(1.0));
                let (over, down) = (k.less(limit, norm), k.div(limit, norm));
                k.select(over, down, one)
            }),
            Constraint::UnitNorm => row.rescale(&mut k, |k, norm| {
                let (zero, one) = (k.f32(0.0), k.f32(1.0));
                let (some, up) = (k.less(zero, norm), k.div(one, norm));
                k.select(some, up, one)
            }),
            Constraint::NonNegative => row.edit(&mut k, |k, value| {
                let zero = k.f32s(0.0, k.ty(value).lanes);
                k.binary(Binary::Max, value, zero)
            }),
            Constraint::Symmetric => row.symmetrize(&mut k),
            Constraint::Frozen => {}
        }
    }
    rows.plan(Role::Constrain { slot, all }, k)
}

/// The row of a row's threads, in all planes of a slot.
struct Row<'a> {
    rows: Rows<'a>,
    tables: Place,
    planes: Vec<(usize, Shape)>,
    /// The row in the tables.
    row: Value,
}

impl Row<'_> {
    /// Replaces each number by what `edit` makes of it.
    fn edit(&self, k: &mut Builder, edit: impl Fn(&mut Builder, Value) -> Value) {
        for (plane, shape) in &self.planes {
            self.rows.elements(k, *shape, |k, element| {
                k.when(element.any, |k| {
                    let from = place(k, self.rows.model, "plane", *plane, self.row);
                    let index = k.add(from, element.at);
                    let value = k.load(self.tables, index, element.lanes);
                    let value = edit(k, value);
                    k.store(self.tables, index, value);
                });
            });
        }
    }

    /// Multiplies the row, over all planes, by what `factor` gives for its Euclidean norm.
    fn rescale(&self, k: &mut Builder, factor: impl FnOnce(&mut Builder, Value) -> Value) {
        let zero = k.f32(0.0);
        let squares = k.variable(zero);
        for (plane, shape) in &self.planes {
            self.rows.elements(k, *shape, |k, element| {
                let from = place(k, self.rows.model, "plane", *plane, self.row);
                let index = k.add(from, element.at);
                let value = k.load(self.tables, index, element.lanes);
                let (square, none) = (k.mul(value, value), k.f32s(0.0, element.lanes));
                let square = k.select(element.valid, square, none);
                let own = across(k, ReduceOp::Sum, square);
                let so_far = k.get(squares);
                let next = k.add(so_far, own);
                k.set(squares, next);
            });
        }
        let own = k.get(squares);
        let square = self.rows.join(k, ReduceOp::Sum, own);
        let norm = k.unary(Unary::Sqrt, square);
        let factor = factor(k, norm);
        self.edit(k, |k, value| {
            let factor = k.splat(factor, k.ty(value).lanes);
            k.mul(value, factor)
        });
    }

    /// Replaces square matrices by the mean of themselves and their transposes. A pair of elements is one thread's, and
    /// others' before and after.
    fn symmetrize(&self, k: &mut Builder) {
        k.barrier(Barrier::Buffers);
        for (plane, shape) in &self.planes {
            let Shape::Matrix(down, across) = *shape else {
                unreachable!("sema has ruled out symmetric slots that are no matrices")
            };
            let (zero, one, lanes) = (k.u32(0), k.u32(1), k.u32(self.rows.schedule.lanes));
            let (lines, stride) = (size(k, down), padded(k, across));
            let lines = self.rows.until(k, lines);
            let from = place(k, self.rows.model, "plane", *plane, self.row);
            k.repeat(zero, lines, one, |k, line| {
                k.repeat(self.rows.lane, line, lanes, |k, column| {
                    let [below, above] = [(line, column), (column, line)].map(|(line, column)| {
                        let before = k.mul(stride, line);
                        let at = k.add(from, before);
                        k.add(at, column)
                    });
                    let (a, b) = (k.load(self.tables, below, 1), k.load(self.tables, above, 1));
                    let (sum, half) = (k.add(a, b), k.f32(0.5));
                    let mean = k.mul(half, sum);
                    k.store(self.tables, below, mean);
                    k.store(self.tables, above, mean);
                });
            });
        }
        k.barrier(Barrier::Buffers);
    }
}
