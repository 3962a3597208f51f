//! What a block leaves behind: folds, stored vectors, gradient rows.

use super::block::{Block, Registers};
use crate::kernel::{ColumnsOutput, accumulate};
use crate::program::ReduceOp;
use crate::simd::Simd;
use crate::table::Line;

/// Folds, stores and scatters what a block has computed.
#[inline(always)]
pub(super) fn finish<S: Simd>(simd: S, block: Block<'_>, registers: &Registers, output: &mut ColumnsOutput<'_, '_>) {
    let width = registers.width;
    let last = width - 1;
    let tail = simd.first(block.input.width - last * Line::LEN);
    let zero = simd.splat(0.0);
    for (number, reduce) in block.stage.reduce.iter().enumerate() {
        for i in 0..block.count {
            let folded = match registers.factors(block.stage, reduce.register) {
                Some((a, b)) => dot(simd, tail, registers.get(block, a, i), registers.get(block, b, i)),
                None => fold(simd, reduce.op, tail, registers.get(block, reduce.register, i)),
            };
            output.reduced[number][block.start + i] = folded;
        }
    }
    for (number, (register, _)) in block.stage.store.iter().enumerate() {
        for i in 0..block.count {
            let value = registers.get(block, *register, i);
            let out = &mut output.stored[number][(block.start + i) * width..][..width];
            out.copy_from_slice(value);
            simd.store(simd.select(tail, simd.load(&value[last].0), zero), &mut out[last].0);
        }
    }
    for i in 0..block.count {
        for scatter in &block.stage.scatter {
            let value = registers.get(block, scatter.register, i);
            let row = block.input.targets[scatter.side.index()][block.start + i] as usize * width;
            let out = &mut output.gradients[scatter.plane][row..row + width];
            for line in 0..last {
                accumulate(simd, &mut out[line], simd.load(&value[line].0));
            }
            accumulate(simd, &mut out[last], simd.select(tail, simd.load(&value[last].0), zero));
        }
    }
}

/// Σ a·b over the live columns.
#[inline(always)]
fn dot<S: Simd>(simd: S, tail: S::Mask, a: &[Line], b: &[Line]) -> f32 {
    let last = a.len() - 1;
    let b = &b[..a.len()];
    let mut sum = simd.splat(0.0);
    for line in 0..last {
        sum = simd.mul_add(simd.load(&a[line].0), simd.load(&b[line].0), sum);
    }
    let product = simd.mul(simd.load(&a[last].0), simd.load(&b[last].0));
    simd.sum(simd.add(sum, simd.select(tail, product, simd.splat(0.0))))
}

/// A fold over the live columns.
#[inline(always)]
fn fold<S: Simd>(simd: S, op: ReduceOp, tail: S::Mask, value: &[Line]) -> f32 {
    let last = value.len() - 1;
    let identity = simd.splat(op.identity());
    let mut folded = identity;
    for line in &value[..last] {
        folded = combine(simd, op, folded, simd.load(&line.0));
    }
    folded = combine(simd, op, folded, simd.select(tail, simd.load(&value[last].0), identity));
    match op {
        ReduceOp::Sum => simd.sum(folded),
        ReduceOp::Min => simd.min_of(folded),
        ReduceOp::Max => simd.max_of(folded),
    }
}

#[inline(always)]
fn combine<S: Simd>(simd: S, op: ReduceOp, a: S::Vector, b: S::Vector) -> S::Vector {
    match op {
        ReduceOp::Sum => simd.add(a, b),
        ReduceOp::Min => simd.min(a, b),
        ReduceOp::Max => simd.max(a, b),
    }
}
