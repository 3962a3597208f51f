//! The gradient of a row, from its pieces, in their order.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, Owner, Plane, Shape};

use super::rows::{Rows, place, row_words};
use super::{Plan, kernel_name, owner_name, trained_planes};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value, VariableId};

/// The gradient of each touched row.
pub(super) fn gather(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    let name = kernel_name(model, &format!("gather_{}", owner_name(owner)));
    let doc = format!("{}: the gradient of a row, of {}, from its pieces.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let partial = Place::Buffer(k.buffer("partial", Scalar::F32, schedule.vector, Access::Read));
    let pieces = Place::Buffer(k.buffer("rows", Scalar::U32, 1, Access::Read));
    let gradient = Place::Buffer(k.buffer("gradient", Scalar::F32, schedule.vector, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let next = k.add_u32(rows.row, 1);
    let (from, until) = (k.load(pieces, rows.row, 1), k.load(pieces, next, 1));
    k.name(from, "begin");
    k.name(until, "end");
    let one = k.u32(1);
    let sum_of = |k: &mut Builder, plane: usize, column: Value, lanes: u8| -> VariableId {
        let none = k.f32s(0.0, lanes);
        let sum = k.variable(none);
        k.repeat(from, until, one, |k, piece| {
            k.name(piece, "piece");
            let row = place(k, model, "partial", plane, piece);
            let index = k.add(row, column);
            let part = k.load(partial, index, lanes);
            let so_far = k.get(sum);
            k.name(so_far, "sum");
            let next = k.add(so_far, part);
            k.set(sum, next);
        });
        sum
    };
    let store = |k: &mut Builder, plane: usize, column: Value, sum: VariableId| {
        let row = place(k, model, "gradient", plane, rows.row);
        let index = k.add(row, column);
        let sum = k.get(sum);
        k.store(gradient, index, sum);
    };
    for (plane, Plane { shape, .. }) in trained_planes(model, owner) {
        match shape {
            Shape::Scalar => {
                let zero = k.u32(0);
                let sum = sum_of(&mut k, plane, zero, 1);
                let writes = rows.writes(&mut k);
                k.when(writes, |k| store(k, plane, zero, sum));
            }
            Shape::Vector(_) | Shape::Matrix(..) => {
                let words = row_words(&mut k, *shape);
                rows.columns(&mut k, words, |k, columns| {
                    for at in columns {
                        let sum = sum_of(k, plane, at.column, schedule.vector);
                        let writes = k.binary(Binary::And, at.any, rows.inside);
                        k.when(writes, |k| store(k, plane, at.column, sum));
                    }
                });
            }
        }
    }
    rows.plan(Role::Gather(owner), k)
}
