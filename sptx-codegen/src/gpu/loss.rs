//! The loss of each positive against its own negatives, and the derivative by each score.
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

/// The loss of each positive.
pub(super) fn loss(model: &Model, schedule: &Schedule, kind: LossKind) -> Plan {
    let (name, what) = match kind {
        LossKind::Margin => ("margin", "margin"),
        LossKind::Logistic => ("logistic", "logistic"),
        LossKind::Adversarial => ("adversarial", "self-adversarial logistic"),
        LossKind::Softmax => ("softmax", "softmax"),
    };
    let doc = format!("{}: the {what} loss of each positive, and the derivative by each score.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("loss_{name}")), doc, schedule.workgroup);
    let scalars = Place::Buffer(k.buffer("scalars", Scalar::F32, 1, Access::ReadWrite));
    let losses = Place::Buffer(k.buffer("losses", Scalar::F32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let [triples, negatives, first] = ["batch", "negatives", "first"].map(|name| k.parameter(name, Scalar::U32, 1));
    let scale = k.parameter("scale", Scalar::F32, 1);
    let zero = k.f32(0.0);
    let [sum, broken] = [0; 2].map(|_| k.variable(zero));
    let row = Row { model, rows, scalars, triples, negatives, scale, sum, broken };
    let answer = row.score(&mut k, rows.row);
    let slope = match kind {
        LossKind::Margin => row.margin(&mut k, answer),
        LossKind::Logistic => row.logistic(&mut k, answer),
        LossKind::Adversarial => row.adversarial(&mut k, answer),
        LossKind::Softmax => row.softmax(&mut k, answer),
    };
    row.count_broken(&mut k, answer);
    let (sum, broken) = (row.total(&mut k, sum), row.total(&mut k, broken));
    let writes = rows.writes(&mut k);
    k.when(writes, |k| {
        row.set_slope(k, rows.row, slope.of_answer);
        let loss = k.add(sum, slope.loss_of_answer);
        let place = k.add(first, rows.row);
        let index = k.mul_u32(place, 2);
        let next = k.add_u32(index, 1);
        k.store(losses, index, loss);
        k.store(losses, next, broken);
    });
    rows.plan(Role::Loss(kind), k)
}

/// What a positive adds beside its negatives.
struct Answer {
    of_answer: Value,
    loss_of_answer: Value,
}

/// The positive of a row's threads.
struct Row<'a> {
    model: &'a Model,
    rows: Rows<'a>,
    scalars: Place,
    triples: Value,
    negatives: Value,
    /// What derivatives are multiplied by.
    scale: Value,
    /// The lane's part of the loss.
    sum: VariableId,
    /// How many scores the lane has seen that are no finite numbers.
    broken: VariableId,
}

impl Row<'_> {
    fn scalar_at(&self, k: &mut Builder, scalar: usize, triple: Value) -> Value {
        let from = k.mul_u32(self.triples, scalar as u32);
        k.add(from, triple)
    }

    fn score(&self, k: &mut Builder, triple: Value) -> Value {
        let index = self.scalar_at(k, self.model.score, triple);
        k.load(self.scalars, index, 1)
    }

    fn set_slope(&self, k: &mut Builder, triple: Value, slope: Value) {
        let index = self.scalar_at(k, self.model.upstream, triple);
        k.store(self.scalars, index, slope);
    }

    /// Repeats `body` for the lane's negatives: with the triple's number, and its score.
    fn negatives(&self, k: &mut Builder, body: impl FnOnce(&mut Builder, Value, Value)) {
        let before = k.mul(self.rows.row, self.negatives);
        let from = k.add(self.rows.count, before);
        let until = self.rows.until(k, self.negatives);
        let lanes = k.u32(self.rows.schedule.lanes);
        k.repeat(self.rows.lane, until, lanes, |k, negative| {
            let triple = k.add(from, negative);
            let score = self.score(k, triple);
            body(k, triple, score);
        });
    }

    fn add(&self, k: &mut Builder, to: VariableId, value: Value) {
        let so_far = k.get(to);
        let next = k.add(so_far, value);
        k.set(to, next);
    }

    /// What the lanes hold, added up.
    fn total(&self, k: &mut Builder, variable: VariableId) -> Value {
        let own = k.get(variable);
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
        self.negatives(k, |k, triple, score| {
            let term = k.add(lead, score);
            let counts = k.less(zero, term);
            let (term, slope) = (k.select(counts, term, zero), k.select(counts, self.scale, zero));
            let once = k.select(counts, one, zero);
            self.add(k, self.sum, term);
            self.add(k, violated, once);
            self.set_slope(k, triple, slope);
        });
        let violated = self.total(k, violated);
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
        self.negatives(k, |k, triple, score| {
            let one = k.f32(1.0);
            let [value, slope] = self.logistic_term(k, score, one);
            self.add(k, self.sum, value);
            self.set_slope(k, triple, slope);
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
        self.total(k, sum)
    }

    fn adversarial(&self, k: &mut Builder, answer: Value) -> Answer {
        let sharpness = k.parameter("adversarial", Scalar::F32, 1);
        let least = k.f32(f32::MIN);
        let highest = self.highest(k, least);
        let total = self.powers(k, sharpness, highest);
        let one = k.f32(1.0);
        let share = k.div(one, total);
        self.negatives(k, |k, triple, score| {
            let power = power(k, sharpness, highest, score);
            let weight = k.mul(share, power);
            let [value, slope] = self.logistic_term(k, score, one);
            let (value, slope) = (k.mul(weight, value), k.mul(weight, slope));
            self.add(k, self.sum, value);
            self.set_slope(k, triple, slope);
        });
        self.own_logistic(k, answer)
    }

    fn softmax(&self, k: &mut Builder, answer: Value) -> Answer {
        let sharpness = k.parameter("sharpness", Scalar::F32, 1);
        let highest = self.highest(k, answer);
        let others = self.powers(k, sharpness, highest);
        let ahead = k.sub(answer, highest);
        let lead = k.mul(sharpness, ahead);
        let own = k.unary(Unary::Exp, lead);
        let total = k.add(own, others);
        let factor = k.mul(self.scale, sharpness);
        let each = k.div(factor, total);
        self.negatives(k, |k, triple, score| {
            let power = power(k, sharpness, highest, score);
            let slope = k.mul(each, power);
            self.set_slope(k, triple, slope);
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
fn is_broken(k: &mut Builder, number: Value) -> Value {
    let exponent = k.u32(EXPONENT);
    let bits = k.define(Expression::Bits(Scalar::U32, number));
    let own = k.binary(Binary::And, bits, exponent);
    let all = k.binary(Binary::Equal, own, exponent);
    k.define(Expression::Convert(Scalar::F32, all))
}
