//! Kernels in which a few threads share each row of the work.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, ReduceOp, Shape};

use super::Plan;
use super::group::tile;
use crate::lir::{Barrier, Binary, Builder, Builtin, Constant, Expression, Place, Scalar, SharedId, Value};

/// One row of the work for every `lanes` threads: what each thread knows of its row.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) model: &'a Model,
    pub(super) schedule: Schedule,
    /// The thread's number among those of its row.
    pub(super) lane: Value,
    /// The row's number; beyond the last row, the last one, or where rows are counted, the first.
    pub(super) row: Value,
    /// Whether the row is one: what lies beyond the last writes nothing.
    pub(super) inside: Value,
    /// Number of rows.
    pub(super) count: Value,
    /// Of what the kernel runs once for each, how many a row is.
    group: u32,
    /// The row's first thread in the workgroup, and where the workgroup's threads join their numbers.
    exchange: Option<(Value, SharedId)>,
}

/// Numbers of a row that a thread has before it, a vector of them.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// Where in the row the first of them is.
    pub(super) at: Value,
    /// How many.
    pub(super) lanes: u8,
    /// For each of them, whether it is one of the row.
    pub(super) valid: Value,
    /// Whether the first of them is.
    pub(super) any: Value,
}

/// Columns that a thread has before it, a vector of them.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// The first of them; where that is beyond the row, another that is not.
    pub(super) column: Value,
    /// For each of them, whether it is a column of the row.
    pub(super) valid: Value,
    /// Whether the first of them is.
    pub(super) any: Value,
}

impl<'a> Rows<'a> {
    /// As many rows as the parameter `count` says.
    pub(super) fn new(k: &mut Builder, model: &'a Model, schedule: &Schedule) -> Self {
        Self::grouped(k, model, schedule, 1)
    }

    /// A row for each `group` of what the parameter `count` counts, the last row maybe for fewer.
    pub(super) fn grouped(k: &mut Builder, model: &'a Model, schedule: &Schedule, group: u32) -> Self {
        let count = k.parameter("count", Scalar::U32, 1);
        let (above, size) = (k.add_u32(count, group - 1), k.u32(group));
        let count = k.div(above, size);
        let rows = Self::of(k, model, schedule, count, |k, row, _| {
            let one = k.u32(1);
            let last = k.sub(count, one);
            k.binary(Binary::Min, row, last)
        });
        Self { group, ..rows }
    }

    /// As many rows as the device has counted, at most those that the kernel is launched for; maybe none.
    pub(super) fn counted(k: &mut Builder, model: &'a Model, schedule: &Schedule, count: Value) -> Self {
        Self::of(k, model, schedule, count, |k, row, inside| {
            let first = k.u32(0);
            k.select(inside, row, first)
        })
    }

    /// `within` gives what stands for a row's number, from whether it is one.
    fn of(
        k: &mut Builder,
        model: &'a Model,
        schedule: &Schedule,
        count: Value,
        within: impl FnOnce(&mut Builder, Value, Value) -> Value,
    ) -> Self {
        let Schedule { workgroup, lanes, subgroups, .. } = *schedule;
        let lane_count = k.u32(lanes);
        let (lane, row, exchange) = if subgroups {
            // Neither a subgroup's size is known, nor which threads of the workgroup it has.
            let (thread, subgroup) = (k.builtin(Builtin::SubgroupThread), k.builtin(Builtin::Subgroup));
            let size = k.builtin(Builtin::SubgroupSize);
            let rows = k.div(size, lane_count);
            let first = k.mul(subgroup, rows);
            let row = k.div(thread, lane_count);
            (k.rem(thread, lane_count), k.add(first, row), None)
        } else {
            let thread = k.builtin(Builtin::Thread);
            let row = k.div(thread, lane_count);
            let first = k.mul(row, lane_count);
            let scratch = (lanes > 1).then(|| k.shared("joined", Scalar::F32, workgroup + lanes / 2));
            (k.rem(thread, lane_count), row, scratch.map(|scratch| (first, scratch)))
        };
        let group = k.builtin(Builtin::Workgroup);
        let first = k.mul_u32(group, workgroup / lanes);
        let row = k.add(first, row);
        k.name(row, "number");
        let inside = k.less(row, count);
        let row = within(k, row, inside);
        k.name(lane, "lane");
        k.name(row, "row");
        k.name(inside, "inside");
        Self { model, schedule: *schedule, lane, row, inside, count, group: 1, exchange }
    }

    /// Vectors of columns that a thread has before it at a time: as many as the schedule unrolls, fewer of many triples.
    pub(super) fn unrolled(&self) -> u32 {
        tile(&self.schedule, self.group)
    }

    /// Whether the thread is the one that writes what its row's lanes all know.
    pub(super) fn writes(&self, k: &mut Builder) -> Value {
        let zero = k.u32(0);
        let first = k.binary(Binary::Equal, self.lane, zero);
        k.binary(Binary::And, first, self.inside)
    }

    /// Repeats `body` for all columns below `size`, `unroll` vectors for each thread at a time.
    pub(super) fn columns(&self, k: &mut Builder, size: Value, body: impl FnOnce(&mut Builder, &[Columns])) {
        self.columns_by(k, size, self.schedule.unroll.into(), body);
    }

    /// The same, `parts` vectors for each thread at a time.
    pub(super) fn columns_by(
        &self,
        k: &mut Builder,
        size: Value,
        parts: u32,
        body: impl FnOnce(&mut Builder, &[Columns]),
    ) {
        let Schedule { lanes, vector, .. } = self.schedule;
        let stride = lanes * u32::from(vector);
        let from = k.mul_u32(self.lane, u32::from(vector));
        let step = k.u32(stride * parts);
        k.repeat(from, size, step, |k, first| {
            let columns: Vec<_> = (0..parts).map(|part| self.columns_at(k, first, part * stride, size)).collect();
            body(k, &columns);
        });
    }

    /// Where a loop ends: what lies beyond the last row has no round of it.
    pub(super) fn until(&self, k: &mut Builder, until: Value) -> Value {
        let none = k.u32(0);
        let until = k.select(self.inside, until, none);
        k.name(until, "end")
    }

    /// Repeats `body` for all numbers of a row of this shape; for none of what lies beyond the last row.
    pub(super) fn elements(&self, k: &mut Builder, shape: Shape, mut body: impl FnMut(&mut Builder, Element)) {
        match shape {
            Shape::Scalar => {
                let writes = self.writes(k);
                k.when(writes, |k| {
                    let (at, yes) = (k.u32(0), k.define(Expression::Constant(Constant::Bool(true))));
                    body(k, Element { at, lanes: 1, valid: yes, any: yes });
                });
            }
            Shape::Vector(dim) => {
                let zero = k.u32(0);
                self.line(k, dim, zero, body);
            }
            Shape::Matrix(down, across) => {
                let (zero, one) = (k.u32(0), k.u32(1));
                let (lines, stride) = (size(k, down), padded(k, across));
                k.repeat(zero, lines, one, |k, line| {
                    let from = k.mul(stride, line);
                    self.line(k, across, from, body);
                });
            }
        }
    }

    /// One line of a row, which begins at `from`.
    fn line(&self, k: &mut Builder, dim: usize, from: Value, mut body: impl FnMut(&mut Builder, Element)) {
        let size = size(k, dim);
        let size = self.until(k, size);
        self.columns(k, size, |k, columns| {
            for columns in columns.iter().copied() {
                let at = k.add(from, columns.column);
                body(k, Element { at, ..self.element(columns) });
            }
        });
    }

    /// Columns as numbers of a row of one line.
    pub(super) fn element(&self, Columns { column, valid, any }: Columns) -> Element {
        Element { at: column, lanes: self.schedule.vector, valid, any }
    }

    /// For each of a vector of columns, whether it is below `size`.
    pub(super) fn valid(&self, k: &mut Builder, column: Value, size: Value) -> Value {
        let vector = self.schedule.vector;
        let numbers: Vec<_> = (0..u32::from(vector)).map(|lane| k.add_u32(column, lane)).collect();
        let (numbers, sizes) = (k.join(&numbers), k.splat(size, vector));
        k.less(numbers, sizes)
    }

    fn columns_at(&self, k: &mut Builder, first: Value, ahead: u32, size: Value) -> Columns {
        let column = k.add_u32(first, ahead);
        let any = k.less(column, size);
        let valid = self.valid(k, column, size);
        // The loop's condition holds for what lies first; the rest reads the same where it would leave the row.
        let column = if ahead == 0 { column } else { k.select(any, column, first) };
        k.name(column, "column");
        k.name(valid, "valid");
        Columns { column, valid, any }
    }

    /// The kernel, done.
    pub(super) fn plan(&self, role: Role, k: Builder) -> Plan {
        let Schedule { workgroup, lanes, .. } = self.schedule;
        Plan { role, rows: workgroup / lanes * self.group, kernel: k.finish() }
    }

    /// What the row's lanes hold, joined; each of them has the result.
    pub(super) fn join(&self, k: &mut Builder, op: ReduceOp, value: Value) -> Value {
        let lanes = self.schedule.lanes;
        let halves = std::iter::successors(Some(lanes / 2), |half| Some(half / 2)).take_while(|half| *half > 0);
        let Some((first, scratch)) = self.exchange else {
            return halves.fold(value, |value, half| {
                let other = k.exchange(value, half);
                k.binary(binary(op), value, other)
            });
        };
        let scratch = Place::Shared(scratch);
        let thread = k.builtin(Builtin::Thread);
        k.store(scratch, thread, value);
        k.barrier(Barrier::Shared);
        for half in halves {
            let limit = k.u32(half);
            let takes = k.less(self.lane, limit);
            k.when(takes, |k| {
                let partner = k.add_u32(thread, half);
                let (own, other) = (k.load(scratch, thread, 1), k.load(scratch, partner, 1));
                let joined = k.binary(binary(op), own, other);
                k.store(scratch, thread, joined);
            });
            k.barrier(Barrier::Shared);
        }
        let joined = k.load(scratch, first, 1);
        k.name(joined, "total");
        k.barrier(Barrier::Shared);
        joined
    }
}

/// The size of a dimension.
pub(super) fn size(k: &mut Builder, dim: usize) -> Value {
    k.parameter(&format!("dim{dim}"), Scalar::U32, 1)
}

/// Words of a row of a dimension's columns.
pub(super) fn padded(k: &mut Builder, dim: usize) -> Value {
    let size = size(k, dim);
    let (above, four) = (k.add_u32(size, 3), k.u32(4));
    let quads = k.div(above, four);
    let stride = k.mul(quads, four);
    k.name(stride, "stride")
}

/// Words of a row of a plane.
pub(super) fn row_words(k: &mut Builder, shape: Shape) -> Value {
    match shape {
        Shape::Scalar => k.u32(1),
        Shape::Vector(dim) => padded(k, dim),
        Shape::Matrix(down, across) => {
            let (down, across) = (size(k, down), padded(k, across));
            k.mul(down, across)
        }
    }
}

/// Where the row `row` of a plane begins in a buffer whose offsets are called `offsets`.
pub(super) fn place(k: &mut Builder, model: &Model, offsets: &str, plane: usize, row: Value) -> Value {
    let offset = k.parameter(&format!("{offsets}{plane}"), Scalar::U32, 4);
    let words = row_words(k, model.planes[plane].shape);
    let from = k.mul(words, row);
    k.add(offset, from)
}

/// A vector's lanes, joined.
pub(super) fn across(k: &mut Builder, op: ReduceOp, value: Value) -> Value {
    let lanes: Vec<_> = (0..k.ty(value).lanes).map(|lane| k.lane(value, lane)).collect();
    let joined = lanes.into_iter().reduce(|a, b| k.binary(binary(op), a, b));
    joined.expect("a vector has a lane")
}

/// How two partial folds are joined.
pub(super) fn binary(op: ReduceOp) -> Binary {
    match op {
        ReduceOp::Sum => Binary::Add,
        ReduceOp::Min => Binary::Min,
        ReduceOp::Max => Binary::Max,
    }
}
