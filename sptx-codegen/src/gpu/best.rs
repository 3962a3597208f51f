//! The best candidates of queries, found where the scores are, a stretch of candidates at a time.
//!
//! A query's lanes share its candidates, and each keeps a list of the best that it has seen: a heap, the worst of the list
//! on top. Who asks joins the lists.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::Model;

use super::rows::Rows;
use super::scores::{Scores, WORST, each, merit};
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value};

/// The bits of a NaN.
const NAN: u32 = 0x7FC0_0000;

/// Makes no score of those of listed pairs.
pub(super) fn exclude(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: puts NaN for the scores of listed queries with listed candidates.", model.name);
    let mut k = Builder::new(kernel_name(model, "exclude"), doc, schedule.workgroup);
    let scores = Scores::new(&mut k, Access::ReadWrite);
    let excluded = Place::Buffer(k.buffer("excluded", Scalar::U32, 1, Access::Read));
    let [pairs, first] = ["pair_count", "first_pair"].map(|name| k.parameter(name, Scalar::U32, 1));
    let [number, inside] = each(&mut k, schedule);
    k.when(inside, |k| {
        let pair = k.add(first, number);
        let index = k.add(pairs, pair);
        let (query, candidate) = (k.load(excluded, pair, 1), k.load(excluded, index, 1));
        let has = scores.have(k, candidate);
        k.when(has, |k| {
            let row = scores.row(k, query);
            let (index, nan) = (scores.at(k, row, candidate), k.u32(NAN));
            k.store(scores.place, index, nan);
        });
    });
    Plan { role: Role::Exclude, rows: schedule.workgroup, kernel: k.finish() }
}

/// Keeps the best candidates of each query. Of equal scores the candidate of the lower number is better; NaN is none.
pub(super) fn best(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: the best candidates of each query.", model.name);
    let mut k = Builder::new(kernel_name(model, "best"), doc, schedule.workgroup);
    let scores = Scores::new(&mut k, Access::Read);
    let best = Place::Buffer(k.buffer("best", Scalar::U32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let [from, until, kept, levels] = ["from", "until", "kept", "levels"].map(|name| k.parameter(name, Scalar::U32, 1));
    let query = scores.query(&mut k, rows.row);
    let row = scores.row(&mut k, query);
    let before = k.mul_u32(query, schedule.lanes);
    let list = k.add(before, rows.lane);
    let words = k.mul_u32(kept, 2);
    let heap = Heap { best, from: k.mul(list, words), kept, levels };
    let (first, last) = (k.add(from, rows.lane), rows.until(&mut k, until));
    let lanes = k.u32(schedule.lanes);
    k.repeat(first, last, lanes, |k, candidate| {
        let index = scores.at(k, row, candidate);
        let score = k.load(scores.place, index, 1);
        let merit = merit(k, score, WORST);
        let worst = k.load(best, heap.from, 1);
        // An equal score loses to the lower number that has it, which came before.
        let better = k.binary(Binary::Greater, merit, worst);
        k.when(better, |k| heap.replace_worst(k, Entry { merit, candidate }));
    });
    rows.plan(Role::Best, k)
}

/// A candidate of a list.
#[derive(Clone, Copy)]
struct Entry {
    merit: Value,
    candidate: Value,
}

impl Entry {
    fn is_worse(self, k: &mut Builder, than: Self) -> Value {
        let (less, equal) = (k.less(self.merit, than.merit), k.binary(Binary::Equal, self.merit, than.merit));
        let later = k.binary(Binary::Greater, self.candidate, than.candidate);
        let later = k.binary(Binary::And, equal, later);
        k.binary(Binary::Or, less, later)
    }
}

/// A list of two words for each entry, merit and candidate. None of its entries is worse than the one at half its place.
struct Heap {
    best: Place,
    from: Value,
    /// How many entries.
    kept: Value,
    /// How many steps it is from the first entry to the last.
    levels: Value,
}

impl Heap {
    fn at(&self, k: &mut Builder, place: Value) -> [Value; 2] {
        let before = k.mul_u32(place, 2);
        let merit = k.add(self.from, before);
        [merit, k.add_u32(merit, 1)]
    }

    fn entry(&self, k: &mut Builder, place: Value) -> Entry {
        let [merit, candidate] = self.at(k, place);
        Entry { merit: k.load(self.best, merit, 1), candidate: k.load(self.best, candidate, 1) }
    }

    fn put(&self, k: &mut Builder, place: Value, entry: Entry) {
        let [merit, candidate] = self.at(k, place);
        k.store(self.best, merit, entry.merit);
        k.store(self.best, candidate, entry.candidate);
    }

    /// Puts an entry in the place of the worst, and moves it down to where it belongs.
    fn replace_worst(&self, k: &mut Builder, entry: Entry) {
        let (zero, one) = (k.u32(0), k.u32(1));
        let gap = k.variable(zero);
        k.repeat(zero, self.levels, one, |k, _| {
            let place = k.get(gap);
            let doubled = k.mul_u32(place, 2);
            let (left, right) = (k.add_u32(doubled, 1), k.add_u32(doubled, 2));
            let has_any = k.less(left, self.kept);
            k.when(has_any, |k| {
                let has_both = k.less(right, self.kept);
                let right = k.select(has_both, right, left);
                let entries = [left, right].map(|place| self.entry(k, place));
                let is_right = entries[1].is_worse(k, entries[0]);
                let worse = Entry {
                    merit: k.select(is_right, entries[1].merit, entries[0].merit),
                    candidate: k.select(is_right, entries[1].candidate, entries[0].candidate),
                };
                let rises = worse.is_worse(k, entry);
                k.when(rises, |k| {
                    self.put(k, place, worse);
                    let below = k.select(is_right, right, left);
                    k.set(gap, below);
                });
            });
        });
        let place = k.get(gap);
        self.put(k, place, entry);
    }
}
