//! Work on long arrays: a workgroup has a block of elements, each of its threads a stretch of the block, in order.
//!
//! What is counted is counted by each thread for itself, and added up in the threads' order, so that no atomic operation
//! is needed and what comes out is in the order of the array.

use sptx_runtime::gpu::{BLOCK, Role};

use super::Plan;
use crate::lir::{Barrier, Binary, Builder, Builtin, Place, Scalar, SharedId, Value};

/// Threads of a workgroup: as many as devices have everywhere, and few enough for a table of counts of each.
pub(super) const WORKGROUP: u32 = 64;

/// Elements of a thread.
const EACH: u32 = BLOCK as u32 / WORKGROUP;

/// A workgroup's block, as its threads see it.
pub(super) struct Block {
    /// Which counters there are: of each so many, one for each thread.
    counters: u32,
    tally: SharedId,
    thread: Value,
    /// The block's number, and how many blocks there are.
    number: Value,
    blocks: Value,
    /// The thread's elements.
    from: Value,
    until: Value,
}

impl Block {
    /// The blocks of `count` elements.
    pub(super) fn new(k: &mut Builder, count: Value, counters: u32) -> Self {
        let tally = k.shared("tally", Scalar::U32, counters * WORKGROUP);
        let (thread, number) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
        let size = k.u32(BLOCK as u32);
        let above = k.add_u32(count, BLOCK as u32 - 1);
        let blocks = k.div(above, size);
        let (first, own) = (k.mul(number, size), k.mul_u32(thread, EACH));
        let from = k.add(first, own);
        let end = k.add_u32(from, EACH);
        let until = k.binary(Binary::Min, end, count);
        for (value, name) in [(number, "block"), (blocks, "blocks"), (from, "begin"), (until, "end")] {
            k.name(value, name);
        }
        let block = Self { counters, tally, thread, number, blocks, from, until };
        block.clear(k);
        block
    }

    fn clear(&self, k: &mut Builder) {
        let zero = k.u32(0);
        for counter in 0..self.counters {
            let counter = k.u32(counter);
            let at = self.at(k, counter, self.thread);
            k.store(Place::Shared(self.tally), at, zero);
        }
    }

    fn at(&self, k: &mut Builder, counter: Value, thread: Value) -> Value {
        let from = k.mul_u32(counter, WORKGROUP);
        k.add(from, thread)
    }

    /// Repeats `body` for the thread's elements, in order.
    pub(super) fn each(&self, k: &mut Builder, body: impl FnOnce(&mut Builder, Value)) {
        let one = k.u32(1);
        k.repeat(self.from, self.until, one, body);
    }

    /// What one of the thread's counters shows.
    pub(super) fn get(&self, k: &mut Builder, counter: Value) -> Value {
        let at = self.at(k, counter, self.thread);
        k.load(Place::Shared(self.tally), at, 1)
    }

    /// The same, and counts one more.
    pub(super) fn count(&self, k: &mut Builder, counter: Value) -> Value {
        let at = self.at(k, counter, self.thread);
        let shown = k.load(Place::Shared(self.tally), at, 1);
        let next = k.add_u32(shown, 1);
        k.store(Place::Shared(self.tally), at, next);
        shown
    }

    /// Where a counter of this block is in an array of them, counter by counter.
    fn place(&self, k: &mut Builder, counter: Value) -> Value {
        let before = k.mul(counter, self.blocks);
        k.add(before, self.number)
    }

    /// For each counter, the sum over the threads is written to `sums`.
    pub(super) fn store_sums(&self, k: &mut Builder, sums: Place) {
        self.over_threads(k, |k, block, counter| {
            let zero = k.u32(0);
            let sum = k.variable(zero);
            block.through(k, counter, |k, _, own| {
                let so_far = k.get(sum);
                let next = k.add(so_far, own);
                k.set(sum, next);
            });
            let (index, sum) = (block.place(k, counter), k.get(sum));
            k.store(sums, index, sum);
        });
    }

    /// Each thread's counters begin with what was counted before its elements: in blocks before, as `sums` say once they
    /// are scanned, and by the threads before.
    pub(super) fn begin_after(&self, k: &mut Builder, sums: Place) {
        self.over_threads(k, |k, block, counter| {
            let index = block.place(k, counter);
            let before = k.load(sums, index, 1);
            let running = k.variable(before);
            block.through(k, counter, |k, at, own| {
                let so_far = k.get(running);
                k.store(Place::Shared(block.tally), at, so_far);
                let next = k.add(so_far, own);
                k.set(running, next);
            });
        });
        k.barrier(Barrier::Shared);
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> Value {
        self.blocks
    }

    /// Shares the counters out to the threads, after a barrier. A grid may have workgroups behind the last block.
    fn over_threads(&self, k: &mut Builder, body: impl FnOnce(&mut Builder, &Self, Value)) {
        k.barrier(Barrier::Shared);
        let inside = k.less(self.number, self.blocks);
        let (counters, step) = (k.u32(self.counters), k.u32(WORKGROUP));
        k.when(inside, |k| k.repeat(self.thread, counters, step, |k, counter| body(k, self, counter)));
    }

    /// Repeats `body` for what each thread has counted: with where that is.
    fn through(&self, k: &mut Builder, counter: Value, body: impl FnOnce(&mut Builder, Value, Value)) {
        let (zero, one, threads) = (k.u32(0), k.u32(1), k.u32(WORKGROUP));
        k.repeat(zero, threads, one, |k, thread| {
            let at = self.at(k, counter, thread);
            let own = k.load(Place::Shared(self.tally), at, 1);
            body(k, at, own);
        });
    }

    /// The kernel, done.
    pub(super) fn plan(role: Role, k: Builder) -> Plan {
        Plan { role, rows: BLOCK as u32, kernel: k.finish() }
    }
}
