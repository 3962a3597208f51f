//! Negatives that the positives of a chunk share: which they are, and which of them count against a positive.
//!
//! The set of a chunk is a function of the key, the epoch, the batch and the set's number, as it is on the host, to the
//! bit. A negative that is a positive's own answer, or where the regime is filtered another known one, is left out of that
//! positive: its score becomes a number so low that no loss of it is left.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, ReduceOp, Side};

use super::loss::is_broken;
use super::philox::{bounded, philox4x32_10};
use super::rows::Rows;
use super::sample::is_known;
use super::{Plan, kernel_name, missing_name};
use crate::lir::{Access, Barrier, Binary, Builder, Builtin, Expression, Place, Scalar};

/// What a Philox counter of shared negatives begins its last word with: the host's `Purpose::SharedNegatives`.
const SHARED_NEGATIVES: u32 = 3 << 24;

/// The bits of the last word that number the set.
const SETS: u32 = (1 << 24) - 1;

/// The score of a negative that does not count: finite, and lower than any that a loss could tell from it.
const LEFT_OUT: f32 = -1e30;

/// Threads that count the terms of a loss.
const COUNTERS: u32 = 256;

/// The candidates of all chunks, chunk by chunk, at both ends of triples.
pub(super) fn negatives(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: the negatives that the positives of each chunk share.", model.name);
    let mut k = Builder::new(kernel_name(model, "negatives"), doc, schedule.workgroup);
    let triples = Place::Buffer(k.buffer("triples", Scalar::U32, 1, Access::ReadWrite));
    let [count, negatives, entities, step, epoch, sides, side] =
        ["count", "negatives", "entities", "step", "epoch", "sides", "side"]
            .map(|name| k.parameter(name, Scalar::U32, 1));
    let key = ["key0", "key1"].map(|name| k.parameter(name, Scalar::U32, 1));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let before = k.mul_u32(group, schedule.workgroup);
    let number = k.add(before, thread);
    k.name(number, "number");
    let inside = k.less(number, count);
    k.when(inside, |k| {
        let (chunk, index) = (k.div(number, negatives), k.rem(number, negatives));
        let before = k.mul(chunk, sides);
        let set = k.add(before, side);
        let (purpose, sets) = (k.u32(SHARED_NEGATIVES), k.u32(SETS));
        let set = k.binary(Binary::And, set, sets);
        let last = k.binary(Binary::Or, purpose, set);
        let [high, low, ..] = philox4x32_10(k, [index, step, epoch, last], key);
        let entity = bounded(k, [high, low], entities);
        let none = k.u32(0);
        for (side, value) in [entity, none, entity].into_iter().enumerate() {
            let from = k.mul_u32(count, side as u32);
            let place = k.add(from, number);
            k.store(triples, place, value);
        }
    });
    Plan { role: Role::Negatives, rows: schedule.workgroup, kernel: k.finish() }
}

/// Leaves out the negatives that do not count against each positive, and counts the others, and the scores that are no
/// finite numbers.
pub(super) fn rivals(model: &Model, schedule: &Schedule, missing: Side, filtered: bool) -> Plan {
    let suffix = if filtered { "_filtered" } else { "" };
    let name = kernel_name(model, &format!("rivals_{}{suffix}", missing_name(missing)));
    let doc = format!("{}: which negatives count against each positive.", model.name);
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let mut read = |name, scalar| Place::Buffer(k.buffer(name, scalar, 1, Access::Read));
    let (triples, candidates) = (read("triples", Scalar::U32), read("candidate_triples", Scalar::U32));
    let scalars = read("scalars", Scalar::F32);
    let known = filtered.then(|| read("known", Scalar::U32));
    let [scores, losses] =
        ["scores", "losses"].map(|name| Place::Buffer(k.buffer(name, Scalar::F32, 1, Access::ReadWrite)));
    let rows = Rows::new(&mut k, model, schedule);
    let [negatives, chunk, first] = ["negatives", "chunk", "first"].map(|name| k.parameter(name, Scalar::U32, 1));
    let [sides, side, all] = ["sides", "side", "candidate_count"].map(|name| k.parameter(name, Scalar::U32, 1));
    let positive = [0, 1, 2].map(|column| {
        let from = k.mul_u32(rows.count, column);
        let index = k.add(from, rows.row);
        k.load(triples, index, 1)
    });
    let from = k.mul_u32(rows.count, model.score as u32);
    let index = k.add(from, rows.row);
    let answer = k.load(scalars, index, 1);
    let (none, one) = (k.f32(0.0), k.f32(1.0));
    let (counted, broken) = (k.variable(none), k.variable(none));
    let writes = rows.writes(&mut k);
    k.when(writes, |k| {
        let own = is_broken(k, answer);
        k.set(broken, own);
    });
    let number = k.div(rows.row, chunk);
    let (first_candidate, first_pair) = (k.mul(number, negatives), k.mul(rows.row, negatives));
    let column = k.mul_u32(all, missing.index() as u32);
    let (until, lanes) = (rows.until(&mut k, negatives), k.u32(schedule.lanes));
    k.repeat(rows.lane, until, lanes, |k, negative| {
        let (candidate, pair) = (k.add(first_candidate, negative), k.add(first_pair, negative));
        let index = k.add(column, candidate);
        let entity = k.load(candidates, index, 1);
        let score = k.load(scores, pair, 1);
        let (so_far, own) = (k.get(broken), is_broken(k, score));
        let next = k.add(so_far, own);
        k.set(broken, next);
        let own = k.binary(Binary::Equal, entity, positive[missing.index()]);
        let out = k.variable(own);
        if let Some(known) = known {
            let asks = k.unary(crate::lir::Unary::Not, own);
            k.when(asks, |k| {
                let mut triple = positive;
                triple[missing.index()] = entity;
                let found = is_known(k, known, triple);
                k.set(out, found);
            });
        }
        let (out, low) = (k.get(out), k.f32(LEFT_OUT));
        let score = k.select(out, low, score);
        k.store(scores, pair, score);
        let (so_far, counts) = (k.get(counted), k.select(out, none, one));
        let next = k.add(so_far, counts);
        k.set(counted, next);
    });
    let [counted, broken] = [counted, broken].map(|variable| {
        let own = k.get(variable);
        rows.join(&mut k, ReduceOp::Sum, own)
    });
    k.when(writes, |k| {
        let place = k.add(first, rows.row);
        let before = k.mul(place, sides);
        let place = k.add(before, side);
        let index = k.mul_u32(place, 3);
        for (at, value) in [(1, broken), (2, counted)] {
            let index = k.add_u32(index, at);
            k.store(losses, index, value);
        }
    });
    rows.plan(Role::Rivals { missing, filtered }, k)
}

/// What the derivatives of a batch are multiplied by: 1 over the number of its loss's terms, or 1. One workgroup counts.
pub(super) fn terms(model: &Model) -> Plan {
    let doc = format!("{}: what the derivatives of a batch's loss are multiplied by.", model.name);
    let mut k = Builder::new(kernel_name(model, "terms"), doc, COUNTERS);
    let losses = Place::Buffer(k.buffer("losses", Scalar::F32, 1, Access::Read));
    let scale = Place::Buffer(k.buffer("scale", Scalar::F32, 1, Access::ReadWrite));
    let sums = Place::Shared(k.shared("sums", Scalar::U32, COUNTERS));
    let [count, first, fixed, each, mean] =
        ["count", "first_loss", "terms", "rival_terms", "mean"].map(|name| k.parameter(name, Scalar::U32, 1));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let (zero, threads) = (k.u32(0), k.u32(COUNTERS));
    let is_first = k.binary(Binary::Equal, group, zero);
    let until = k.select(is_first, count, zero);
    let sum = k.variable(zero);
    k.repeat(thread, until, threads, |k, row| {
        let place = k.add(first, row);
        let index = k.mul_u32(place, 3);
        let index = k.add_u32(index, 2);
        let rivals = k.load(losses, index, 1);
        let rivals = k.define(Expression::Convert(Scalar::U32, rivals));
        let so_far = k.get(sum);
        let next = k.add(so_far, rivals);
        k.set(sum, next);
    });
    let own = k.get(sum);
    k.store(sums, thread, own);
    k.barrier(Barrier::Shared);
    let first_thread = k.binary(Binary::Equal, thread, zero);
    let writes = k.binary(Binary::And, is_first, first_thread);
    k.when(writes, |k| {
        let one = k.u32(1);
        let total = k.variable(zero);
        k.repeat(zero, threads, one, |k, other| {
            let (so_far, own) = (k.get(total), k.load(sums, other, 1));
            let next = k.add(so_far, own);
            k.set(total, next);
        });
        let rivals = k.get(total);
        let rivals = k.mul(rivals, each);
        let terms = k.add(fixed, rivals);
        let terms = k.binary(Binary::Max, terms, one);
        let terms = k.define(Expression::Convert(Scalar::F32, terms));
        let unit = k.f32(1.0);
        let share = k.div(unit, terms);
        let is_mean = k.binary(Binary::NotEqual, mean, zero);
        let value = k.select(is_mean, share, unit);
        k.store(scale, zero, value);
    });
    Plan { role: Role::Terms, rows: u32::MAX, kernel: k.finish() }
}
