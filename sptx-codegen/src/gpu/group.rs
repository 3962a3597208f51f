//! Groups: several triples for one row of threads, where a program multiplies by matrices of relations.
//!
//! A product is the only part of a program that reads d² numbers for a triple. Alone, a triple of dimension d reads 4·d²
//! bytes for 2·d² FLOPs: half a FLOP a byte. A group of G triples reads each element once for all of them that have its
//! relation, which is G / 2 FLOPs a byte; what else a group reads of its triples, 4·G·d bytes of vectors for each line of a
//! matrix, is the same few rows again and again, from the cache next to the threads.
//!
//! Groups are cut from the triples in the order of their relations, which the buffer `grouped` has, wherever runs of one
//! relation begin and end. A group's threads go over the matrices of its triples, and keep of each the products of those
//! that have it. So B triples of R relations read at most B / G + R matrices, whatever the lengths of runs: of 32 768
//! triples of 1 345 relations in groups of 8, a sixth. Triples in any other order have the same results, and read more.
//!
//! A triple's numbers are found by the same operations in any group, and have the same bits.

use sptx_runtime::gpu::Schedule;
use sptx_runtime::program::{Program, Side, Stage};

use super::rows::Rows;
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value};

/// The buffer of the triples in the order of their relations.
pub(super) const ORDER: &str = "grouped";

/// How the triples of a program are grouped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Triples of a group; of the last, as many or fewer.
    pub(super) size: u32,
    /// The triples' numbers in the order of their relations; none where they stand in it.
    order: Option<Place>,
}

impl Group {
    /// That of a program; `sorted` says that its triples are in the order of their relations.
    pub(super) fn new(k: &mut Builder, program: &Program, schedule: &Schedule, sorted: bool) -> Self {
        let size = if multiplies(program) { schedule.group } else { 1 };
        let ordered = size > 1 && !sorted;
        let order = ordered.then(|| Place::Buffer(k.buffer(ORDER, Scalar::U32, 1, Access::Read)));
        Self { size, order }
    }

    /// The numbers of the triples of a row of threads; beyond the last triple, that one again.
    pub(super) fn members(&self, k: &mut Builder, row: Value) -> Vec<Value> {
        if self.size == 1 {
            return vec![row];
        }
        let first = k.mul_u32(row, self.size);
        let (count, one) = (k.parameter("count", Scalar::U32, 1), k.u32(1));
        let last = k.sub(count, one);
        let number = |member| {
            let place = k.add_u32(first, member);
            let place = k.binary(Binary::Min, place, last);
            match self.order {
                Some(order) => k.load(order, place, 1),
                None => place,
            }
        };
        (0..self.size).map(number).collect()
    }
}

/// Most numbers that a thread sums at once: with what it has loaded, they fit its registers on every GPU.
const SUMS: u32 = 64;

/// How many vectors of sums a thread has at once for each of `others`: as many as the schedule unrolls, or fewer, for the
/// sake of its registers.
pub(super) fn tile(schedule: &Schedule, others: u32) -> u32 {
    let most = SUMS / (u32::from(schedule.vector) * others);
    u32::from(schedule.unroll).min(most.max(1))
}

/// Whether a program multiplies by matrices of relations.
pub(super) fn multiplies(program: &Program) -> bool {
    program.stages.iter().any(|stage| matches!(stage, Stage::Product(product) if product.side == Side::Relation))
}

/// Runs `body` for the row of each of these numbers that a group's items have on a side, each once where equal ones stand
/// together; with whether each item has it, where there are several.
pub(super) fn each_row(
    k: &mut Builder,
    rows: &Rows<'_>,
    ids: &[Value],
    body: impl FnOnce(&mut Builder, Value, &[Value]),
) {
    let first = ids[0];
    if ids.len() == 1 {
        return body(k, first, &[rows.inside]);
    }
    let (zero, one, size) = (k.u32(0), k.u32(1), k.u32(ids.len() as u32));
    k.repeat(zero, size, one, |k, member| {
        let (mut own, mut previous) = (first, first);
        for (before, pair) in ids.windows(2).enumerate() {
            let before = k.u32(before as u32);
            let is_behind = k.less(before, member);
            previous = k.select(is_behind, pair[0], previous);
            own = k.select(is_behind, pair[1], own);
        }
        let is_first = k.binary(Binary::Equal, member, zero);
        let differs = k.binary(Binary::NotEqual, own, previous);
        let begins = k.binary(Binary::Or, is_first, differs);
        k.when(begins, |k| {
            let mut has = |id: &Value| {
                let has = k.binary(Binary::Equal, *id, own);
                k.binary(Binary::And, has, rows.inside)
            };
            let has: Vec<_> = ids.iter().map(&mut has).collect();
            body(k, own, &has);
        });
    });
}
