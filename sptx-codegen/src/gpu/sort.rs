//! Hits sorted by their rows: by one digit after another, the lowest first, each time keeping the order there was.

use sptx_runtime::gpu::{DIGIT_BITS, Role, SOURCE_BIT, Schedule};
use sptx_runtime::program::{Model, Owner};

use super::blocks::{Block, WORKGROUP};
use super::{Plan, kernel_name, owner_name};
use crate::lir::{Access, Barrier, Binary, Builder, Builtin, Place, Scalar, Value};

/// Threads that scan.
const SCAN: u32 = 256;

/// The hits of an owner's rows, in the order of the batch: their numbers, then their rows. A hit whose triple has no
/// upstream derivative is of no row, unless `all` are kept: it has the number behind the last.
pub(super) fn list(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    let name = kernel_name(model, &format!("list_{}", owner_name(owner)));
    let doc = format!("{}: the hits of {}, in the order of the batch.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let triples = Place::Buffer(k.buffer("triples", Scalar::U32, 1, Access::Read));
    let scalars = Place::Buffer(k.buffer("scalars", Scalar::F32, 1, Access::Read));
    let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::ReadWrite));
    let [count, triple_count, rows, all] =
        ["count", "batch", "row_count", "all"].map(|name| k.parameter(name, Scalar::U32, 1));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let before = k.mul_u32(group, schedule.workgroup);
    let hit = k.add(before, thread);
    k.name(hit, "hit");
    let inside = k.less(hit, count);
    k.when(inside, |k| {
        let one = k.u32(1);
        let (triple, column) = match owner {
            Owner::Relation => (hit, one),
            Owner::Entity => {
                let side = k.binary(Binary::And, hit, one);
                (k.binary(Binary::ShiftRight, hit, one), k.mul_u32(side, 2))
            }
        };
        let from = k.mul(column, triple_count);
        let index = k.add(from, triple);
        let row = k.load(triples, index, 1);
        let from = k.mul_u32(triple_count, model.upstream as u32);
        let index = k.add(from, triple);
        let upstream = k.load(scalars, index, 1);
        let (none, nothing) = (k.u32(0), k.f32(0.0));
        let (asked, moves) = (k.binary(Binary::NotEqual, all, none), k.binary(Binary::NotEqual, upstream, nothing));
        let counts = k.binary(Binary::Or, asked, moves);
        let row = k.select(counts, row, rows);
        k.store(hits, hit, hit);
        let index = k.add(count, hit);
        k.store(hits, index, row);
    });
    Plan { role: Role::List(owner), rows: schedule.workgroup, kernel: k.finish() }
}

/// The hits of one source of a step over blocks: one for each of its items, on the side that is a column of `triples`. They
/// stand from `before` on among `hits` of all sources.
pub(super) fn list_source(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: the hits of one source, in its order.", model.name);
    let mut k = Builder::new(kernel_name(model, "list_source"), doc, schedule.workgroup);
    let triples = Place::Buffer(k.buffer("triples", Scalar::U32, 1, Access::Read));
    let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::ReadWrite));
    let [count, column, source, before, all] =
        ["count", "column", "source", "before", "hit_count"].map(|name| k.parameter(name, Scalar::U32, 1));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let first = k.mul_u32(group, schedule.workgroup);
    let item = k.add(first, thread);
    k.name(item, "item");
    let inside = k.less(item, count);
    k.when(inside, |k| {
        let from = k.mul(column, count);
        let index = k.add(from, item);
        let row = k.load(triples, index, 1);
        let bits = k.u32(SOURCE_BIT);
        let tag = k.binary(Binary::ShiftLeft, source, bits);
        let (hit, place) = (k.binary(Binary::Or, tag, item), k.add(before, item));
        k.store(hits, place, hit);
        let place = k.add(all, place);
        k.store(hits, place, row);
    });
    Plan { role: Role::ListSource, rows: schedule.workgroup, kernel: k.finish() }
}

/// How often each digit is in each block: digit by digit, for each the blocks.
pub(super) fn histogram(model: &Model) -> Plan {
    let doc = format!("{}: how often each digit of a row's number is in each block of hits.", model.name);
    let mut k = Builder::new(kernel_name(model, "histogram"), doc, WORKGROUP);
    let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::Read));
    let histogram = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::ReadWrite));
    let count = k.parameter("count", Scalar::U32, 1);
    let block = Block::new(&mut k, count, 1 << DIGIT_BITS);
    block.each(&mut k, |k, element| {
        let (_, digit) = row_and_digit(k, hits, count, element);
        block.count(k, digit);
    });
    block.store_sums(&mut k, histogram);
    Block::plan(Role::Histogram, k)
}

/// Moves each hit to its place by one digit.
pub(super) fn sort(model: &Model) -> Plan {
    let doc = format!("{}: the hits by one digit of their rows, otherwise in the order they were in.", model.name);
    let mut k = Builder::new(kernel_name(model, "sort"), doc, WORKGROUP);
    let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::Read));
    let histogram = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::Read));
    let sorted = Place::Buffer(k.buffer("sorted", Scalar::U32, 1, Access::ReadWrite));
    let count = k.parameter("count", Scalar::U32, 1);
    let block = Block::new(&mut k, count, 1 << DIGIT_BITS);
    block.each(&mut k, |k, element| {
        let (_, digit) = row_and_digit(k, hits, count, element);
        block.count(k, digit);
    });
    block.begin_after(&mut k, histogram);
    block.each(&mut k, |k, element| {
        let (row, digit) = row_and_digit(k, hits, count, element);
        let hit = k.load(hits, element, 1);
        let place = block.count(k, digit);
        k.store(sorted, place, hit);
        let index = k.add(count, place);
        k.store(sorted, index, row);
    });
    Block::plan(Role::Sort, k)
}

/// The row of a hit, and the digit of its number that this round is about.
fn row_and_digit(k: &mut Builder, hits: Place, count: Value, element: Value) -> (Value, Value) {
    let shift = k.parameter("shift", Scalar::U32, 1);
    let index = k.add(count, element);
    let row = k.load(hits, index, 1);
    let (above, digits) = (k.binary(Binary::ShiftRight, row, shift), k.u32((1 << DIGIT_BITS) - 1));
    (row, k.binary(Binary::And, above, digits))
}

/// Puts in the place of each word the sum of those before it. One workgroup has them all, each thread a stretch.
pub(super) fn scan(model: &Model) -> Plan {
    let doc = format!("{}: the sum of what stands before each word of an array.", model.name);
    let mut k = Builder::new(kernel_name(model, "scan"), doc, SCAN);
    let words = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::ReadWrite));
    let sums = Place::Shared(k.shared("sums", Scalar::U32, SCAN));
    let count = k.parameter("count", Scalar::U32, 1);
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let (zero, one, threads) = (k.u32(0), k.u32(1), k.u32(SCAN));
    let is_first = k.binary(Binary::Equal, group, zero);
    let above = k.add_u32(count, SCAN - 1);
    let each = k.div(above, threads);
    let from = k.mul(thread, each);
    let end = k.add(from, each);
    let end = k.binary(Binary::Min, end, count);
    let until = k.select(is_first, end, zero);
    let running = k.variable(zero);
    k.repeat(from, until, one, |k, index| {
        let (so_far, word) = (k.get(running), k.load(words, index, 1));
        let next = k.add(so_far, word);
        k.set(running, next);
    });
    let own = k.get(running);
    let before = threads_before(&mut k, sums, thread, own);
    k.set(running, before);
    k.repeat(from, until, one, |k, index| {
        let (so_far, word) = (k.get(running), k.load(words, index, 1));
        k.store(words, index, so_far);
        let next = k.add(so_far, word);
        k.set(running, next);
    });
    Plan { role: Role::Scan, rows: u32::MAX, kernel: k.finish() }
}

/// The sum of what the threads before have, by doubling steps.
fn threads_before(k: &mut Builder, sums: Place, thread: Value, own: Value) -> Value {
    let sum = k.variable(own);
    k.store(sums, thread, own);
    k.barrier(Barrier::Shared);
    for step in std::iter::successors(Some(1), |step| Some(2 * step)).take_while(|step| *step < SCAN) {
        let step = k.u32(step);
        let has = k.binary(Binary::GreaterEqual, thread, step);
        k.when(has, |k| {
            let other = k.sub(thread, step);
            let (so_far, other) = (k.get(sum), k.load(sums, other, 1));
            let next = k.add(so_far, other);
            k.set(sum, next);
        });
        k.barrier(Barrier::Shared);
        let so_far = k.get(sum);
        k.store(sums, thread, so_far);
        k.barrier(Barrier::Shared);
    }
    let through = k.get(sum);
    k.sub(through, own)
}
