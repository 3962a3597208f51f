//! Atomic additions of numbers, and of vectors of them.

use crate::lir::{Access, Atomic, BufferId, Builder, Expression, Kernel, Scalar, Value};

use super::rebuild::{Rules, rebuild};

/// Adds vectors lane by lane.
pub(super) fn lane_by_lane(kernel: &Kernel) -> Kernel {
    rebuild(kernel, kernel.clone(), &mut LaneByLane)
}

struct LaneByLane;

impl Rules for LaneByLane {
    fn atomic(&mut self, k: &mut Builder, op: Atomic, buffer: BufferId, index: Value, value: Value) {
        for lane in 0..k.ty(value).lanes {
            let (index, number) = (k.add_u32(index, lane.into()), k.lane(value, lane));
            k.atomic(op, buffer, index, number);
        }
    }
}

/// Makes changes of bits of the atomic additions of numbers: their buffers are of u32 then, with the same words.
pub(super) fn as_changes(kernel: &Kernel) -> Kernel {
    let mut header = kernel.clone();
    for id in kernel.buffers.handles() {
        let buffer = &mut header.buffers[id];
        if buffer.access == Access::Atomic {
            buffer.scalar = Scalar::U32;
        }
    }
    rebuild(kernel, header, &mut AsChanges)
}

struct AsChanges;

impl Rules for AsChanges {
    fn atomic(&mut self, k: &mut Builder, op: Atomic, buffer: BufferId, index: Value, value: Value) {
        if k.ty(value).scalar == Scalar::U32 {
            return k.atomic(op, buffer, index, value);
        }
        k.change(buffer, index, |k, held| {
            let number = k.define(Expression::Bits(Scalar::F32, held));
            let sum = k.add(number, value);
            k.define(Expression::Bits(Scalar::U32, sum))
        });
    }
}
