//! The gradient of each triple, added to the rows of its entities by atomic additions: no row waits for its hits to be
//! sorted, and the order of a sum is any.
//!
//! Relations, of which there are few, are gathered all the same: thousands of additions to one word would wait for one
//! another.

use std::collections::{BTreeMap, BTreeSet};

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Columns, Instruction, Model, Outer, Owner, Scatter, Shape, Side, Stage};

use super::body::{At, Item, Kept, owner};
use super::rows::{Rows, padded, place, size};
use super::run::scalars_of;
use super::saved::{Savings, Scattering};
use super::triple::memory;
use super::{Plan, kernel_name};
use crate::lir::{Access, Atomic, Binary, BufferId, Builder, Builtin, Place, Scalar, Value};

/// Zeros in the gradient of entities, four words for each thread.
pub(super) fn clear(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: a gradient of nothing, four words a thread.", model.name);
    let mut k = Builder::new(kernel_name(model, "clear"), doc, schedule.workgroup);
    let gradient = Place::Buffer(k.buffer("gradient", Scalar::F32, 4, Access::ReadWrite));
    let count = k.parameter("count", Scalar::U32, 1);
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let first = k.mul_u32(group, schedule.workgroup);
    let number = k.add(first, thread);
    let inside = k.less(number, count);
    k.when(inside, |k| {
        let (index, zeros) = (k.mul_u32(number, 4), k.f32s(0.0, 4));
        k.store(gradient, index, zeros);
    });
    Plan { role: Role::Clear, rows: schedule.workgroup, kernel: k.finish() }
}

/// The gradient of each triple, added to those of its entities' rows.
pub(super) fn scatter(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: the gradient of a triple, added to those of its entities.", model.name);
    let mut k = Builder::new(kernel_name(model, "scatter"), doc, schedule.workgroup);
    let [tables, triples, scalars, vectors] = memory(&mut k, schedule, Access::Read);
    let positions = Place::Buffer(k.buffer("positions", Scalar::U32, 1, Access::Read));
    let gradient = k.buffer("gradient", Scalar::F32, 4, Access::Atomic);
    let savings = Savings::new(model, schedule.saved);
    let scattering = Scattering::new(&mut k, &savings, schedule);
    let rows = Rows::new(&mut k, model, schedule);
    let kept =
        Kept { scalars, vectors, dims: &model.backward.vectors, outputs: &[], number: rows.row, count: rows.count };
    let needed = scalars_of_scatters(model);
    let item = Item::triple(&mut k, model, [tables, triples], kept, model.scalars, &needed);
    let ends = [0, 1].map(|end| {
        let first = k.mul_u32(rows.row, 2);
        let index = k.add_u32(first, end);
        k.load(positions, index, 1)
    });
    let triple = Triple { rows, item, ends, gradient };
    for stage in &savings.stages {
        match stage {
            Stage::Columns(stage) => triple.columns(&mut k, stage, &scattering),
            Stage::Scalars(stage) => triple.scalars(&mut k, &stage.body, &stage.scatter),
            Stage::Outer(outer) => triple.outer(&mut k, outer),
            Stage::Product(_) => {}
        }
    }
    rows.plan(Role::Scatter, k)
}

/// The scalars that stages read which scatter to entities.
fn scalars_of_scatters(model: &Model) -> BTreeSet<usize> {
    let bodies = model.backward.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, scatter, .. }) => Some((body, scatter)),
        Stage::Scalars(stage) => Some((&stage.body, &stage.scatter)),
        Stage::Product(_) | Stage::Outer(_) => None,
    });
    let bodies = bodies.filter(|(_, scatters)| scatters.iter().any(|it| owner(it.side) == Owner::Entity));
    bodies.flat_map(|(body, _)| scalars_of(body)).collect()
}

/// The triple of a row's threads.
struct Triple<'a> {
    rows: Rows<'a>,
    item: Item<'a>,
    /// Which of the touched rows its head and its tail are.
    ends: [Value; 2],
    gradient: BufferId,
}

impl Triple<'_> {
    /// The position of a side's row; none of a relation's.
    fn position(&self, side: Side) -> Option<Value> {
        match side {
            Side::Head => Some(self.ends[0]),
            Side::Tail => Some(self.ends[1]),
            Side::Relation => None,
        }
    }

    /// Where the gradient of a side's row begins in a plane, for each of a stage's scatters to entities, with the registers
    /// that are added there.
    fn targets(&self, k: &mut Builder, scatters: &[Scatter]) -> Vec<(Value, Vec<usize>)> {
        let mut targets: BTreeMap<(Side, usize), Vec<usize>> = BTreeMap::new();
        for Scatter { side, plane, register } in scatters {
            targets.entry((*side, *plane)).or_default().push(*register);
        }
        let target = |((side, plane), registers)| {
            let position = self.position(side)?;
            Some((place(k, self.rows.model, "gradient", plane, position), registers))
        };
        targets.into_iter().filter_map(target).collect()
    }

    /// The planes of vectors that one stage scatters to.
    fn columns(&self, k: &mut Builder, stage: &Columns, scattering: &Scattering<'_>) {
        let targets = self.targets(k, &stage.scatter);
        if targets.is_empty() {
            return;
        }
        let wanted: Vec<_> = targets.iter().flat_map(|(_, registers)| registers.iter().copied()).collect();
        let size = size(k, stage.dim);
        scattering.columns(k, &self.rows, size, |k, columns| {
            let values = scattering.values(k, (&self.rows, &self.item), &stage.body, columns, &wanted);
            for (at, values) in columns.iter().zip(values) {
                let sums = sums(k, &targets, values);
                let writes = k.binary(Binary::And, at.any, self.rows.inside);
                k.when(writes, |k| {
                    for (row, sum) in &sums {
                        let index = k.add(*row, at.column);
                        self.add(k, index, *sum);
                    }
                });
            }
        });
    }

    /// The planes of scalars that one stage scatters to.
    fn scalars(&self, k: &mut Builder, body: &[Instruction], scatters: &[Scatter]) {
        let targets = self.targets(k, scatters);
        if targets.is_empty() {
            return;
        }
        let wanted: Vec<_> = targets.iter().flat_map(|(_, registers)| registers.iter().copied()).collect();
        let values = self.item.body(k, body, At { column: None, lanes: 1 }, &wanted);
        let sums = sums(k, &targets, values);
        let writes = self.rows.writes(k);
        k.when(writes, |k| sums.iter().for_each(|(index, sum)| self.add(k, *index, *sum)));
    }

    /// A plane of matrices, of entities.
    fn outer(&self, k: &mut Builder, outer: &Outer) {
        let Some(position) = self.position(outer.side) else { return };
        let model = self.rows.model;
        let Shape::Matrix(down, across) = model.planes[outer.plane].shape else {
            unreachable!("an outer product is a matrix")
        };
        let (vector, kept) = (self.rows.schedule.vector, self.item.kept());
        let row = place(k, model, "gradient", outer.plane, position);
        let (zero, one) = (k.u32(0), k.u32(1));
        let (lines, stride, width) = (size(k, down), padded(k, across), size(k, across));
        k.repeat(zero, lines, one, |k, line| {
            let from = kept.vector_at(k, outer.left, line);
            let left = k.load(kept.vectors, from, 1);
            let left = k.splat(left, vector);
            let before = k.mul(stride, line);
            let first = k.add(row, before);
            self.rows.columns(k, width, |k, columns| {
                for at in columns {
                    let from = kept.vector_at(k, outer.right, at.column);
                    let right = k.load(kept.vectors, from, vector);
                    let product = k.mul(left, right);
                    let writes = k.binary(Binary::And, at.any, self.rows.inside);
                    k.when(writes, |k| {
                        let index = k.add(first, at.column);
                        self.add(k, index, product);
                    });
                }
            });
        });
    }

    /// Adds numbers to words of the gradient. What is beyond a row's end, which may be anything, comes to what is between
    /// rows.
    fn add(&self, k: &mut Builder, index: Value, numbers: Value) {
        k.atomic(Atomic::Add, self.gradient, index, numbers);
    }
}

/// What is added to each target: the sum of the values of its registers.
fn sums(k: &mut Builder, targets: &[(Value, Vec<usize>)], values: Vec<Value>) -> Vec<(Value, Value)> {
    let mut values = values.into_iter();
    let mut sum = |(row, registers): &(Value, Vec<usize>)| {
        let sum = values.by_ref().take(registers.len()).reduce(|a, b| k.add(a, b));
        (*row, sum.expect("a target has a register"))
    };
    targets.iter().map(&mut sum).collect()
}
