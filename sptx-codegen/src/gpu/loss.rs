//! The loss of each positive against its own negatives or shared ones, and the derivative by each score.
//!
//! A row of the work is a positive; its lanes share its negatives. Beside a positive's loss stands how many of its scores
//! are no finite numbers: what a target makes of these is its own affair.

use sptx_runtime::gpu::{LossKind, Role, Schedule};
use sptx_runtime::program::{Model, ReduceOp, Unary as Function};

use super::body::unary;
use super::rows::Rows;
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Expression, Place, Scalar, Unary, Value, VariableId};

/// The bits of the exponent of an f32, which infinite numbers and what is no number have all.
const EXPONENT: u32 = 0x7F80_0000;

/// The loss of each positive against negatives of its own, which are triples.
pub(super) fn loss(model: &Model, schedule: &Schedule, kind: LossKind) -> Plan {
    let (name, what) = names(kind);
    let doc = format!("{}: the {what} loss of each positive, and the derivative by each score.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("loss_{name}")), doc, schedule.workgroup);
    let scalars = Place::Buffer(k.buffer("scalars", Scalar::F32, 1, Access::ReadWrite));
    let losses = Place::Buffer(k.buffer("losses", Scalar::F32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let [triples, negatives, first] = ["batch", "negatives", "first"].map(|name| k.parameter(name, Scalar::U32, 1));
    let scale = k.parameter("scale", Scalar::F32, 1);
    let before = k.mul(rows.row, negatives);
    let from = k.add(rows.count, before);
    let [score, slope] = [model.score, model.upstream].map(|scalar| {
        let first = k.mul_u32(triples, scalar as u32);
        [k.add(first, rows.row), k.add(first, from)]
    });
    let row = Row::new(&mut k, rows, [scalars; 2], [score[0], slope[0]], [score[1], slope[1]], negatives, scale);
    let answer = k.load(scalars, row.answer[0], 1);
    let found = row.of_kind(&mut k, kind, answer);
    row.count_broken(&mut k, answer);
    let (sum, broken) = (row.total(&mut k, row.sum, "loss"), row.total(&mut k, row.broken, "broken"));
    let writes = rows.writes(&mut k);
    k.when(writes, |k| {
        k.store(scalars, row.answer[1], found.of_answer);
        let loss = k.add(sum, found.loss_of_answer);
        let place = k.add(first, rows.row);
        let index = k.mul_u32(place, 2);
        let next = k.add_u32(index, 1);
        k.store(losses, index, loss);
        k.store(losses, next, broken);
    });
    rows.plan(Role::Loss(kind), k)
}

/// The loss of each positive, asked for one end, against the negatives that its chunk shares. The derivatives by pairs take
/// the place of their scores; that by the positive's score is added to what the other end gave, if it was before.
pub(super) fn shared(model: &Model, schedule: &Schedule, kind: LossKind) -> Plan {
    let (name, what) = names(kind);
    let doc = format!("{}: the {what} loss of each positive against shared negatives.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("shared_loss_{name}")), doc, schedule.workgroup);
    let mut write = |name| Place::Buffer(k.buffer(name, Scalar::F32, 1, Access::ReadWrite));
    let [scalars, scores, losses] = ["scalars", "scores", "losses"].map(&mut write);
    let scale = Place::Buffer(k.buffer("scale", Scalar::F32, 1, Access::Read));
    let rows = Rows::new(&mut k, model, schedule);
    let [negatives, first, sides, side, adds] =
        ["negatives", "first", "sides", "side", "adds"].map(|name| k.parameter(name, Scalar::U32, 1));
    let zero = k.u32(0);
    let scale = k.load(scale, zero, 1);
    let from = k.mul(rows.row, negatives);
    let answer = [model.score, model.upstream].map(|scalar| {
        let first = k.mul_u32(rows.count, scalar as u32);
        k.add(first, rows.row)
    });
    let mut row = Row::new(&mut k, rows, [scores; 2], answer, [from; 2], negatives, scale);
    row.stands_for = (kind == LossKind::Softmax).then(|| k.parameter("stands_for", Scalar::F32, 1));
    let answer = k.load(scalars, row.answer[0], 1);
    let found = row.of_kind(&mut k, kind, answer);
    let sum = row.total(&mut k, row.sum, "loss");
    let writes = rows.writes(&mut k);
    k.when(writes, |k| {
        let slope = k.variable(found.of_answer);
        let has_more = k.binary(Binary::NotEqual, adds, zero);
        k.when(has_more, |k| {
            let before = k.load(scalars, row.answer[1], 1);
            row.add(k, slope, before);
        });
        let slope = k.get(slope);
        k.store(scalars, row.answer[1], slope);
        let loss = k.add(sum, found.loss_of_answer);
        let place = k.add(first, rows.row);
        let before = k.mul(place, sides);
        let place = k.add(before, side);
        let index = k.mul_u32(place, 3);
        k.store(losses, index, loss);
    });
    rows.plan(Role::SharedLoss(kind), k)
}

/// What a loss is called in names of kernels, and for readers.
fn names(kind: LossKind) -> (&'static str, &'static str) {
    match kind {
        LossKind::Margin => ("margin", "margin"),
        LossKind::Logistic => ("logistic", "logistic"),
        LossKind::Adversarial => ("adversarial", "self-adversarial logistic"),
        LossKind::Softmax => ("softmax", "softmax"),
    }
}

/// What a positive adds beside its negatives.
struct Answer {
    of_answer: Value,
    loss_of_answer: Value,
}

/// The positive of a row's threads.
struct Row<'a> {
    rows: Rows<'a>,
    /// Where the negatives' scores are, and where the derivatives by them go.
    places: [Place; 2],
    /// Where the positive's score is among scalars, and where the derivative by it goes.
    answer: [Value; 2],
    /// Where the first negative is in each of the places.
    first: [Value; 2],
    /// How many negatives there are.
    negatives: Value,
    /// What derivatives are multiplied by.
    scale: Value,
    /// How many entities each negative stands for; none for one each.
    stands_for: Option<Value>,
    /// The lane's part of the loss.
    sum: VariableId,
    /// How many scores the lane has seen that are no finite numbers.
    broken: VariableId,
}

impl<'a> Row<'a> {
    fn new(
        k: &mut Builder,
        rows: Rows<'a>,
        places: [Place; 2],
        answer: [Value; 2],
        first: [Value; 2],
        negatives: Value,
        scale: Value,
    ) -> Self {
        let zero = k.f32(0.0);
        let [sum, broken] = [0; 2].map(|_| k.variable(zero));
        Self { rows, places, answer, first, negatives, scale, stands_for: None, sum, broken }
    }

    fn of_kind(&self, k: &mut Builder, kind: LossKind, answer: Value) -> Answer {
        match kind {
            LossKind::Margin => self.margin(k, answer),
            LossKind::Logistic => self.logistic(k, answer),
            LossKind::Adversarial => self.adversarial(k, answer),
            LossKind::Softmax => self.softmax(k, answer),
        }
    }

    /// Sets the derivative by a negative's score.
    fn set_slope(&self, k: &mut Builder, negative: Value, slope: Value) {
        let index = k.add(self.first[1], negative);
        k.store(self.places[1], index, slope);
    }

    /// Repeats `body` for the lane's negatives: with the negative's number, and its score.
    fn negatives(&self, k: &mut Builder, body: impl FnOnce(&mut Builder, Value, Value)) {
        let until = self.rows.until(k, self.negatives);
        let lanes = k.u32(self.rows.schedule.lanes);
        k.repeat(self.rows.lane, until, lanes, |k, negative| {
            let index = k.add(self.first[0], negative);
            let score = k.load(self.places[0], index, 1);
            body(k, negative, score);
        });
    }

    /// Times what a negative stands for.
    fn for_all(&self, k: &mut Builder, value: Value) -> Value {
        match self.stands_for {
            Some(entities) => k.mul(entities, value),
            None => value,
        }
    }

    fn add(&self, k: &mut Builder, to: VariableId, value: Value) {
        let so_far = k.get(to);
        let next = k.add(so_far, value);
        k.set(to, next);
    }

    /// What the lanes hold, added up.
    fn total(&self, k: &mut Builder, variable: VariableId, name: &'static str) -> Value {
        let own = k.get(variable);
        k.name(own, name);
        self.rows.join(k, ReduceOp::Sum, own)
    }

    /// Counts what is no finite number among the scores.
    fn count_broken(&self, k: &mut Builder, answer: Value) {
        let writes = self.rows.writes(k);
        k.when(writes, |k| {
            let broken = is_broken(k, answer);
            self.add(k, self.broken, broken);
        });
        self.negatives(k, |k, _, score| {
            let broken = is_broken(k, score);
            self.add(k, self.broken, broken);
        });
    }

    fn margin(&self, k: &mut Builder, answer: Value) -> Answer {
        let margin = k.parameter("margin", Scalar::F32, 1);
        let (zero, one) = (k.f32(0.0), k.f32(1.0));
        let violated = k.variable(zero);
        let lead = k.sub(margin, answer);
        self.negatives(k, |k, negative, score| {
            let term = k.add(lead, score);
            let counts = k.less(zero, term);
            let (term, slope) = (k.select(counts, term, zero), k.select(counts, self.scale, zero));
            let once = k.select(counts, one, zero);
            self.add(k, self.sum, term);
            self.add(k, violated, once);
            self.set_slope(k, negative, slope);
        });
        let violated = self.total(k, violated, "violated");
        let down = k.unary(Unary::Neg, self.scale);
        Answer { of_answer: k.mul(down, violated), loss_of_answer: zero }
    }

    /// `softplus(−(γ + s))` of the positive.
    fn own_logistic(&self, k: &mut Builder, answer: Value) -> Answer {
        let minus = k.f32(-1.0);
        let [value, slope] = self.logistic_term(k, answer, minus);
        Answer { of_answer: slope, loss_of_answer: value }
    }

    /// `softplus(sign·(γ + s))`, and its derivative by s, scaled.
    fn logistic_term(&self, k: &mut Builder, score: Value, sign: Value) -> [Value; 2] {
        let margin = k.parameter("margin", Scalar::F32, 1);
        let sum = k.add(margin, score);
        let x = k.mul(sign, sum);
        let value = unary(k, Function::Softplus, x);
        let sigmoid = unary(k, Function::Sigmoid, x);
        let scale = k.mul(sign, self.scale);
        [value, k.mul(scale, sigmoid)]
    }

    fn logistic(&self, k: &mut Builder, answer: Value) -> Answer {
        self.negatives(k, |k, negative, score| {
            let one = k.f32(1.0);
            let [value, slope] = self.logistic_term(k, score, one);
            self.add(k, self.sum, value);
            self.set_slope(k, negative, slope);
        });
        self.own_logistic(k, answer)
    }

    /// The highest of `least` and the negatives' scores.
    fn highest(&self, k: &mut Builder, least: Value) -> Value {
        let highest = k.variable(least);
        self.negatives(k, |k, _, score| {
            let so_far = k.get(highest);
            let higher = k.binary(Binary::Max, so_far, score);
            k.set(highest, higher);
        });
        let own = k.get(highest);
        self.rows.join(k, ReduceOp::Max, own)
    }

    /// The sum of `exp(sharpness·(s − highest))` over the negatives.
    fn powers(&self, k: &mut Builder, sharpness: Value, highest: Value) -> Value {
        let zero = k.f32(0.0);
        let sum = k.variable(zero);
        self.negatives(k, |k, _, score| {
            let power = power(k, sharpness, highest, score);
            self.add(k, sum, power);
        });
        self.total(k, sum, "powers")
    }

    fn adversarial(&self, k: &mut Builder, answer: Value) -> Answer {
        let sharpness = k.parameter("adversarial", Scalar::F32, 1);
        let least = k.f32(f32::MIN);
        let highest = self.highest(k, least);
        let total = self.powers(k, sharpness, highest);
        let one = k.f32(1.0);
        let share = k.div(one, total);
        self.negatives(k, |k, negative, score| {
            let power = power(k, sharpness, highest, score);
            let weight = k.mul(share, power);
            let [value, slope] = self.logistic_term(k, score, one);
            let (value, slope) = (k.mul(weight, value), k.mul(weight, slope));
            self.add(k, self.sum, value);
            self.set_slope(k, negative, slope);
        });
        self.own_logistic(k, answer)
    }

    fn softmax(&self, k: &mut Builder, answer: Value) -> Answer {
        let sharpness = k.parameter("sharpness", Scalar::F32, 1);
        let highest = self.highest(k, answer);
        let others = self.powers(k, sharpness, highest);
        let others = self.for_all(k, others);
        let ahead = k.sub(answer, highest);
        let lead = k.mul(sharpness, ahead);
        let own = k.unary(Unary::Exp, lead);
        let total = k.add(own, others);
        let factor = k.mul(self.scale, sharpness);
        let each = k.div(factor, total);
        let each = self.for_all(k, each);
        self.negatives(k, |k, negative, score| {
            let power = power(k, sharpness, highest, score);
            let slope = k.mul(each, power);
            self.set_slope(k, negative, slope);
        });
        let log = k.unary(Unary::Log, total);
        // 1 − own/total would lose what is left of it where the answer is far ahead.
        let left = k.div(others, total);
        let down = k.unary(Unary::Neg, factor);
        Answer { of_answer: k.mul(down, left), loss_of_answer: k.sub(log, lead) }
    }
}

/// `exp(sharpness·(score − highest))`.
fn power(k: &mut Builder, sharpness: Value, highest: Value, score: Value) -> Value {
    let below = k.sub(score, highest);
    let exponent = k.mul(sharpness, below);
    k.unary(Unary::Exp, exponent)
}

/// 1 where a number is not finite.
pub(super) fn is_broken(k: &mut Builder, number: Value) -> Value {
    let exponent = k.u32(EXPONENT);
    let bits = k.define(Expression::Bits(Scalar::U32, number));
    let own = k.binary(Binary::And, bits, exponent);
    let all = k.binary(Binary::Equal, own, exponent);
    k.define(Expression::Convert(Scalar::F32, all))
}
