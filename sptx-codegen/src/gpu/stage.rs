//! Rows of a relation in a workgroup's memory: read once where the triples of a workgroup have one relation, as they do
//! where a batch is in the order of relations.
//!
//! What is staged is the relation of the workgroup's first triple. The others read there if they have the same, and in the
//! tables if not, or where rows are longer than the memory that the schedule gives. Rows come there as copies, all of them under way at once.

use std::collections::BTreeSet;

use sptx_runtime::program::{Columns, Instruction, Program, Shape, Side, Stage};

use super::body::Item;
use super::group::Group;
use super::rows::{Rows, padded, place};
use crate::lir::{Barrier, Binary, Builder, Builtin, Place, Scalar, Type, Value};

/// The staged rows.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    rows: Place,
    /// Words of that memory.
    words: u32,
    /// Where each plane's row begins in it.
    offsets: Vec<(usize, Value)>,
    /// Whether a triple's relation is there.
    holds: Value,
}

/// Stages the rows that a program reads of a relation, for the items of a group; not where the schedule has no memory for
/// it, or there are none.
pub(super) fn stage(
    k: &mut Builder,
    rows: &Rows<'_>,
    program: &Program,
    group: &Group,
    [tables, triples]: [Place; 2],
    items: &mut [Item<'_>],
) {
    let (schedule, words) = (rows.schedule, rows.schedule.staged);
    let planes: Vec<(usize, usize)> = planes_of(program)
        .into_iter()
        .filter_map(|plane| match rows.model.planes.get(plane)?.shape {
            Shape::Vector(dim) => Some((plane, dim)),
            Shape::Scalar | Shape::Matrix(..) => None,
        })
        .collect();
    if words == 0 || planes.is_empty() {
        return;
    }
    let Place::Buffer(tables) = tables else { unreachable!("tables are a buffer") };
    let memory = k.shared("relation_rows", Scalar::F32, words);
    let (workgroup, one) = (k.builtin(Builtin::Workgroup), k.u32(1));
    let first = k.mul_u32(workgroup, schedule.workgroup / schedule.lanes);
    let last = k.sub(rows.count, one);
    let first = k.binary(Binary::Min, first, last);
    let first = group.members(k, first)[0];
    let index = k.add(items[0].kept().count, first);
    let staged = k.load(triples, index, 1);
    k.name(staged, "staged");

    let mut total = k.u32(0);
    let mut offsets = Vec::new();
    for (plane, dim) in &planes {
        offsets.push((*plane, total));
        let row = padded(k, *dim);
        total = k.add(total, row);
    }
    let most = k.u32(words);
    let fits = k.binary(Binary::LessEqual, total, most);
    for ((plane, dim), (_, offset)) in planes.iter().zip(&offsets) {
        let from = place(k, rows.model, "plane", *plane, staged);
        let (row, none, thread) = (padded(k, *dim), k.u32(0), k.builtin(Builtin::Thread));
        let until = k.select(fits, row, none);
        let begin = k.mul_u32(thread, u32::from(schedule.vector));
        let step = k.u32(schedule.workgroup * u32::from(schedule.vector));
        k.repeat(begin, until, step, |k, column| {
            let index = k.add(from, column);
            let at = within(k, *offset, column, words, schedule.vector);
            k.copy(memory, at, tables, index, schedule.vector);
        });
    }
    k.await_copies();
    k.barrier(Barrier::Shared);
    for item in items {
        let same = k.binary(Binary::Equal, item.id(Side::Relation), staged);
        let holds = k.binary(Binary::And, fits, same);
        item.staged = Some(Staged { rows: Place::Shared(memory), words, offsets: offsets.clone(), holds });
    }
}

impl Staged {
    /// Columns of a relation's row of a plane: from here, or from the word `index` of the tables. None where the plane is
    /// not staged.
    pub(super) fn load(
        &self,
        k: &mut Builder,
        plane: usize,
        column: Value,
        (tables, index): (Place, Value),
        lanes: u8,
    ) -> Option<Value> {
        let (_, offset) = self.offsets.iter().find(|(staged, _)| *staged == plane)?;
        let value = k.declare(Type::new(Scalar::F32, lanes));
        k.branch(self.holds, |k, is_here| {
            let loaded = if is_here {
                let at = within(k, *offset, column, self.words, lanes);
                k.load(self.rows, at, lanes)
            } else {
                k.load(tables, index, lanes)
            };
            k.set(value, loaded);
        });
        Some(k.get(value))
    }
}

/// The word of a column, which is never beyond the memory's last: rows that do not fit are not there.
fn within(k: &mut Builder, offset: Value, column: Value, words: u32, lanes: u8) -> Value {
    let (at, last) = (k.add(offset, column), k.u32(words - u32::from(lanes)));
    k.binary(Binary::Min, at, last)
}

/// The planes of which a program's columns read the relation's row.
fn planes_of(program: &Program) -> BTreeSet<usize> {
    let bodies = program.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, .. }) => Some(body),
        Stage::Scalars(_) | Stage::Product(_) | Stage::Outer(_) => None,
    });
    let plane = |instruction: &Instruction| match instruction {
        Instruction::Row(Side::Relation, plane) => Some(*plane),
        _ => None,
    };
    bodies.flatten().filter_map(plane).collect()
}
