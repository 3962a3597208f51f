//! The gradient of a row, from its pieces, in their order.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, Owner, Plane};

use super::rows::{Rows, place};
use super::runs::{Parts, Runs, Word};
use super::{Plan, kernel_name, owner_name, trained_planes};
use crate::lir::{Access, Builder, Place, Scalar};

/// The gradient of each touched row.
pub(super) fn gather(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    let name = kernel_name(model, &format!("gather_{}", owner_name(owner)));
    let doc = format!("{}: the gradient of a row, of {}, from its pieces.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let partial = Place::Buffer(k.buffer("partial", Scalar::F32, schedule.vector, Access::Read));
    let runs = Runs::new(&mut k, Access::Read);
    let gradient = Place::Buffer(k.buffer("gradient", Scalar::F32, schedule.vector, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let pieces = runs.range(&mut k, rows.row, Word::Piece);
    let parts = Parts::new(&mut k, partial, pieces);
    for (plane, Plane { shape, .. }) in trained_planes(model, owner) {
        rows.elements(&mut k, *shape, |k, element| {
            let none = k.f32s(0.0, element.lanes);
            let sum = k.variable(none);
            parts.add(k, model, plane, element, sum);
            k.when(element.any, |k| {
                let row = place(k, model, "gradient", plane, rows.row);
                let (index, sum) = (k.add(row, element.at), k.get(sum));
                k.store(gradient, index, sum);
            });
        });
    }
    rows.plan(Role::Gather(owner), k)
}
