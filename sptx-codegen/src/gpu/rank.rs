//! How true answers stand among all candidates: counted where the scores are, a stretch of candidates at a time.
//!
//! All candidates of a stretch are compared with an answer's score, and what is no rival is taken back out of the count,
//! as a host does it. An answer's score is that in its stretch, so that a rank compares scores that were found in one way
//! only.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, ReduceOp};

use super::rows::Rows;
use super::scores::{BEST, Scores, WORST, each, merit};
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Expression, Place, Scalar, Value, VariableId};

/// The scores of the answers among the candidates of a stretch.
pub(super) fn pick(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: the scores of true answers, from rows of scores.", model.name);
    let mut k = Builder::new(kernel_name(model, "pick"), doc, schedule.workgroup);
    let scores = Scores::new(&mut k, Access::Read);
    let questions = Questions::new(&mut k);
    let truths = Place::Buffer(k.buffer("truths", Scalar::U32, 1, Access::ReadWrite));
    let [number, inside] = each(&mut k, schedule);
    k.when(inside, |k| {
        let question = questions.numbered(k, number);
        let answer = questions.get(k, Column::Answer, question);
        let has = scores.have(k, answer);
        k.when(has, |k| {
            let query = questions.get(k, Column::Query, question);
            let row = scores.row(k, query);
            let index = scores.at(k, row, answer);
            let score = k.load(scores.place, index, 1);
            k.store(truths, question, score);
        });
    });
    Plan { role: Role::Pick, rows: schedule.workgroup, kernel: k.finish() }
}

/// How many rivals of each answer score above it, and how many the same. What cannot be compared counts as above.
pub(super) fn rank(model: &Model, schedule: &Schedule) -> Plan {
    let doc = format!("{}: how many candidates score above true answers, and how many the same.", model.name);
    let mut k = Builder::new(kernel_name(model, "rank"), doc, schedule.workgroup);
    let scores = Scores::new(&mut k, Access::Read);
    let questions = Questions::new(&mut k);
    let [filtered, truths] = ["filtered", "truths"].map(|name| k.buffer(name, Scalar::U32, 1, Access::Read));
    let ranks = Place::Buffer(k.buffer("ranks", Scalar::U32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let [from, until] = ["from", "until"].map(|name| k.parameter(name, Scalar::U32, 1));
    let question = questions.numbered(&mut k, rows.row);
    let [query, answer, first_filtered, last_filtered] =
        [Column::Query, Column::Answer, Column::FilteredFrom, Column::FilteredUntil]
            .map(|column| questions.get(&mut k, column, question));
    let truth = k.load(Place::Buffer(truths), question, 1);
    let truth = merit(&mut k, truth, WORST);
    let row = scores.row(&mut k, query);
    let none = k.f32(0.0);
    let [above, equal] = [0; 2].map(|_| k.variable(none));
    let standing = Standing { scores, row, truth, above, equal };
    let lanes = k.u32(schedule.lanes);

    let (first, last) = (k.add(from, rows.lane), rows.until(&mut k, until));
    k.repeat(first, last, lanes, |k, candidate| standing.count(k, candidate, 1.0));

    let (first, last) = (k.add(first_filtered, rows.lane), rows.until(&mut k, last_filtered));
    k.repeat(first, last, lanes, |k, place| {
        let candidate = k.load(Place::Buffer(filtered), place, 1);
        let is_other = k.binary(Binary::NotEqual, candidate, answer);
        let counted = between(k, candidate, [from, until]);
        let counted = k.binary(Binary::And, counted, is_other);
        k.when(counted, |k| standing.count(k, candidate, -1.0));
    });
    let (writes, counted) = (rows.writes(&mut k), between(&mut k, answer, [from, until]));
    let counted = k.binary(Binary::And, writes, counted);
    k.when(counted, |k| standing.count(k, answer, -1.0));

    let sums = [above, equal].map(|sum| {
        let own = k.get(sum);
        rows.join(&mut k, ReduceOp::Sum, own)
    });
    k.when(writes, |k| {
        let index = k.mul_u32(question, 2);
        for (place, sum) in (0..).zip(sums) {
            let index = k.add_u32(index, place);
            let (so_far, more) = (k.load(ranks, index, 1), k.define(Expression::Convert(Scalar::U32, sum)));
            let next = k.add(so_far, more);
            k.store(ranks, index, next);
        }
    });
    rows.plan(Role::Rank, k)
}

/// Whether `from <= number < until`.
fn between(k: &mut Builder, number: Value, [from, until]: [Value; 2]) -> Value {
    let (begun, open) = (k.binary(Binary::GreaterEqual, number, from), k.less(number, until));
    k.binary(Binary::And, begun, open)
}

/// The answers whose ranks are asked.
struct Questions {
    place: Place,
    /// How many.
    count: Value,
    /// The number of the first that the launch is about.
    first: Value,
}

/// What is known of each question.
#[derive(Clone, Copy)]
enum Column {
    Query,
    Answer,
    FilteredFrom,
    FilteredUntil,
}

impl Questions {
    fn new(k: &mut Builder) -> Self {
        let place = Place::Buffer(k.buffer("questions", Scalar::U32, 1, Access::Read));
        let [count, first] = ["question_count", "first_question"].map(|name| k.parameter(name, Scalar::U32, 1));
        Self { place, count, first }
    }

    /// The number of the launch's question at a place.
    fn numbered(&self, k: &mut Builder, place: Value) -> Value {
        k.add(self.first, place)
    }

    fn get(&self, k: &mut Builder, column: Column, question: Value) -> Value {
        let before = k.mul_u32(self.count, column as u32);
        let index = k.add(before, question);
        k.load(self.place, index, 1)
    }
}

/// An answer before its rivals. A launch counts far fewer of them than an f32 tells apart.
struct Standing {
    scores: Scores,
    /// Where the scores of its query begin.
    row: Value,
    /// The merit of its score.
    truth: Value,
    above: VariableId,
    equal: VariableId,
}

impl Standing {
    /// Counts a candidate so many times.
    fn count(&self, k: &mut Builder, candidate: Value, times: f32) {
        let index = self.scores.at(k, self.row, candidate);
        let score = k.load(self.scores.place, index, 1);
        let score = merit(k, score, BEST);
        let (times, none) = (k.f32(times), k.f32(0.0));
        let compared = [(self.above, Binary::Greater), (self.equal, Binary::Equal)]
            .map(|(sum, op)| (sum, k.binary(op, score, self.truth)));
        for (sum, holds) in compared {
            let (so_far, more) = (k.get(sum), k.select(holds, times, none));
            let next = k.add(so_far, more);
            k.set(sum, next);
        }
    }
}
