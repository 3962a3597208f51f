//! The triples of a batch: positives in the order of an epoch, then the negatives of each positive in turn.
//!
//! Which negatives a positive has is a function of the key, the epoch, its place in the epoch's order, the negative's
//! number and the attempt, as it is on the host, to the bit.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::Model;

use super::philox::{bounded, philox4x32_10};
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Builtin, Constant, Expression, Place, Scalar, Value, VariableId};

/// What a Philox counter of negatives begins its last word with: the host's `Purpose::Negatives`.
const NEGATIVES: u32 = 2 << 24;

/// The bits of the last word that number the attempt.
const ATTEMPTS: u32 = (1 << 24) - 1;

/// Halvings that find any row of a sorted array.
pub(super) const HALVINGS: u32 = 32;

/// The triples of a batch.
pub(super) fn sample(model: &Model, schedule: &Schedule, filtered: bool) -> Plan {
    let name = kernel_name(model, if filtered { "sample_filtered" } else { "sample" });
    let doc = format!("{}: positives of a batch, and their negatives.", model.name);
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let mut read = |name| Place::Buffer(k.buffer(name, Scalar::U32, 1, Access::Read));
    let (facts, order, thresholds) = (read("facts"), read("order"), read("thresholds"));
    let known = filtered.then(|| read("known"));
    let triples = Place::Buffer(k.buffer("triples", Scalar::U32, 1, Access::ReadWrite));
    let [count, positives, negatives, first, fact_count, entities, epoch] =
        ["count", "positives", "negatives", "first", "fact_count", "entities", "epoch"]
            .map(|name| k.parameter(name, Scalar::U32, 1));
    let key = ["key0", "key1"].map(|name| k.parameter(name, Scalar::U32, 1));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let before = k.mul_u32(group, schedule.workgroup);
    let number = k.add(before, thread);
    k.name(number, "number");
    let inside = k.less(number, count);
    k.when(inside, |k| {
        let is_positive = k.less(number, positives);
        // Of positives neither means anything; there may be no negatives.
        let one = k.u32(1);
        let each = k.binary(Binary::Max, negatives, one);
        let drawn = k.sub(number, positives);
        let (of, negative) = (k.div(drawn, each), k.rem(drawn, each));
        let positive = k.select(is_positive, number, of);
        let place = k.add(first, positive);
        let fact = k.load(order, place, 1);
        for (value, name) in [(place, "place"), (fact, "fact")] {
            k.name(value, name);
        }
        let columns = [0, 1, 2].map(|side| {
            let from = k.mul_u32(fact_count, side);
            let index = k.add(from, fact);
            k.load(facts, index, 1)
        });
        for (value, name) in columns.into_iter().zip(["head", "relation", "tail"]) {
            k.name(value, name);
        }
        let ends = [columns[0], columns[2]].map(|end| k.variable(end));
        let is_negative = k.unary(crate::lir::Unary::Not, is_positive);
        k.when(is_negative, |k| {
            let draw = Draw { thresholds, columns, ends, place: [place, negative, epoch], key, entities };
            let zero = k.u32(0);
            draw.corrupt(k, zero);
            if let Some(known) = known {
                draw.filter(k, known);
            }
        });
        let ends = ends.map(|end| k.get(end));
        for (value, name) in ends.into_iter().zip(["new_head", "new_tail"]) {
            k.name(value, name);
        }
        for (side, value) in [ends[0], columns[1], ends[1]].into_iter().enumerate() {
            let from = k.mul_u32(count, side as u32);
            let index = k.add(from, number);
            k.store(triples, index, value);
        }
    });
    let role = Role::Sample { filtered };
    Plan { role, rows: schedule.workgroup, kernel: k.finish() }
}

/// The negative of one place.
struct Draw {
    thresholds: Place,
    /// The positive.
    columns: [Value; 3],
    /// The negative's head and tail.
    ends: [VariableId; 2],
    /// The positive's place in the epoch's order, the negative's number, the epoch.
    place: [Value; 3],
    key: [Value; 2],
    entities: Value,
}

impl Draw {
    /// Replaces the head or the tail.
    fn corrupt(&self, k: &mut Builder, attempt: Value) {
        let [head, relation, tail] = self.columns;
        let (purpose, attempts) = (k.u32(NEGATIVES), k.u32(ATTEMPTS));
        let attempt = k.binary(Binary::And, attempt, attempts);
        let last = k.binary(Binary::Or, purpose, attempt);
        let [a, b, c] = self.place;
        let [side, high, low, _] = philox4x32_10(k, [a, b, c, last], self.key);
        // A threshold is up to 2^32: a word, and whether it is 2^32.
        let index = k.mul_u32(relation, 2);
        let next = k.add_u32(index, 1);
        let (threshold, always) = (k.load(self.thresholds, index, 1), k.load(self.thresholds, next, 1));
        let zero = k.u32(0);
        let (below, always) = (k.less(side, threshold), k.binary(Binary::NotEqual, always, zero));
        let is_head = k.binary(Binary::Or, below, always);
        let replaced = k.select(is_head, head, tail);
        let other = self.other_entity(k, [high, low], replaced);
        let (head, tail) = (k.select(is_head, other, head), k.select(is_head, tail, other));
        k.set(self.ends[0], head);
        k.set(self.ends[1], tail);
    }

    /// An entity that is not the one replaced, where there is another.
    fn other_entity(&self, k: &mut Builder, words: [Value; 2], replaced: Value) -> Value {
        let one = k.u32(1);
        let bound = k.sub(self.entities, one);
        let drawn = bounded(k, words, bound);
        let beyond = k.binary(Binary::GreaterEqual, drawn, replaced);
        let next = k.add_u32(drawn, 1);
        let other = k.select(beyond, next, drawn);
        let alone = k.binary(Binary::LessEqual, self.entities, one);
        k.select(alone, replaced, other)
    }

    /// Draws anew while the negative is known, `resamples` times at most.
    fn filter(&self, k: &mut Builder, known: Place) {
        let resamples = k.parameter("resamples", Scalar::U32, 1);
        let yes = k.define(Expression::Constant(Constant::Bool(true)));
        let again = k.variable(yes);
        let one = k.u32(1);
        let until = k.add_u32(resamples, 1);
        k.repeat(one, until, one, |k, attempt| {
            let asked = k.get(again);
            k.when(asked, |k| {
                let negative = [k.get(self.ends[0]), self.columns[1], k.get(self.ends[1])];
                let found = is_known(k, known, negative);
                k.set(again, found);
                k.when(found, |k| self.corrupt(k, attempt));
            });
        });
    }
}

/// Whether a triple is among the known ones, which are sorted by head, relation, tail.
pub(super) fn is_known(k: &mut Builder, known: Place, wanted: [Value; 3]) -> Value {
    let count = k.parameter("known_count", Scalar::U32, 1);
    let zero = k.u32(0);
    let position = lower_bound(k, [zero, count], HALVINGS, |k, middle| {
        let [head, relation, tail] = row_of(k, known, count, middle);
        let later = k.less(tail, wanted[2]);
        let later = less_or(k, relation, wanted[1], later);
        less_or(k, head, wanted[0], later)
    });
    let inside = k.less(position, count);
    let no = k.define(Expression::Constant(Constant::Bool(false)));
    let found = k.variable(no);
    k.when(inside, |k| {
        let row = row_of(k, known, count, position);
        let equal = [0, 1, 2].map(|side: usize| k.binary(Binary::Equal, row[side], wanted[side]));
        let both = k.binary(Binary::And, equal[0], equal[1]);
        let all = k.binary(Binary::And, both, equal[2]);
        k.set(found, all);
    });
    k.get(found)
}

/// A triple of an array of heads, relations and tails, `count` each.
fn row_of(k: &mut Builder, array: Place, count: Value, row: Value) -> [Value; 3] {
    [0, 1, 2].map(|side| {
        let from = k.mul_u32(count, side);
        let index = k.add(from, row);
        k.load(array, index, 1)
    })
}

/// `a < b`, or where they are equal, `otherwise`.
fn less_or(k: &mut Builder, a: Value, b: Value, otherwise: Value) -> Value {
    let (less, equal) = (k.less(a, b), k.binary(Binary::Equal, a, b));
    let later = k.binary(Binary::And, equal, otherwise);
    k.binary(Binary::Or, less, later)
}

/// The first of `from .. until` that does not lie before what is sought; `until` where all do. There are fewer than
/// 2 to the power of `halvings` between them.
pub(super) fn lower_bound(
    k: &mut Builder,
    [from, until]: [Value; 2],
    halvings: u32,
    before: impl FnOnce(&mut Builder, Value) -> Value,
) -> Value {
    let (low, high) = (k.variable(from), k.variable(until));
    let (zero, one, rounds) = (k.u32(0), k.u32(1), k.u32(halvings));
    k.repeat(zero, rounds, one, |k, _| {
        let (least, most) = (k.get(low), k.get(high));
        let open = k.less(least, most);
        k.when(open, |k| {
            let width = k.sub(most, least);
            let half = k.binary(Binary::ShiftRight, width, one);
            let middle = k.add(least, half);
            let is_before = before(k, middle);
            let next = k.add_u32(middle, 1);
            let (least, most) = (k.select(is_before, next, least), k.select(is_before, most, middle));
            k.set(low, least);
            k.set(high, most);
        });
    });
    k.get(low)
}
