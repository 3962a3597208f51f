//! A stage's instructions as expressions.

use std::collections::BTreeSet;

use sptx_runtime::program::{Binary as Two, Instruction, Model, Owner, Program, Register, Side, Unary as One};

use super::rows::{padded, place};
use crate::lir::{Binary, Builder, Expression, Place, Scalar, Unary, Value};

/// One triple of the batch, as a kernel's threads see it: where its rows and its numbers are.
pub(super) struct Triple<'a> {
    model: &'a Model,
    memory: Memory,
    /// The triple's number, and how many there are.
    number: Value,
    count: Value,
    /// Its head, its relation, its tail.
    ids: [Value; 3],
    /// Its scalars, as far as the program needs them or has found them.
    pub(super) scalars: Vec<Option<Value>>,
    /// The dimension of each vector of the program.
    vectors: &'a [usize],
}

/// The buffers that triples are read from.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    pub(super) tables: Place,
    pub(super) triples: Place,
    pub(super) scalars: Place,
    pub(super) vectors: Place,
}

/// The columns that a body is written for.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// The first column; none where the body works on scalars.
    pub(super) column: Option<Value>,
    /// Number of columns.
    pub(super) lanes: u8,
}

impl<'a> Triple<'a> {
    /// The triple of this number, of which `needed` scalars are known already.
    pub(super) fn new(
        k: &mut Builder,
        model: &'a Model,
        program: &'a Program,
        memory: Memory,
        [number, count]: [Value; 2],
        needed: &BTreeSet<usize>,
    ) -> Self {
        let ids = [0, 1, 2].map(|side| {
            let first = k.mul_u32(count, side);
            let index = k.add(first, number);
            k.load(memory.triples, index, 1)
        });
        ["head", "relation", "tail"].into_iter().zip(ids).for_each(|(name, id)| _ = k.name(id, name));
        let mut triple =
            Self { model, memory, number, count, ids, scalars: vec![None; model.scalars], vectors: &program.vectors };
        for scalar in needed {
            let index = triple.scalar_at(k, *scalar);
            triple.scalars[*scalar] = Some(k.load(memory.scalars, index, 1));
        }
        triple
    }

    /// The values of the wanted registers.
    pub(super) fn body(&self, k: &mut Builder, body: &[Instruction], at: At, wanted: &[Register]) -> Vec<Value> {
        let mut values = vec![None; body.len()];
        let mut needed = vec![false; body.len()];
        wanted.iter().for_each(|register| needed[*register] = true);
        for (register, instruction) in body.iter().enumerate().rev() {
            if needed[register] {
                instruction.operands().into_iter().for_each(|operand| needed[operand] = true);
            }
        }
        for (register, instruction) in body.iter().enumerate().filter(|(register, _)| needed[*register]) {
            let operand = |register: Register| values[register].expect("operands stand before their users");
            values[register] = Some(match *instruction {
                Instruction::Row(side, plane) => self.row(k, side, plane, at),
                Instruction::Vector(vector) => {
                    let index = self.vector_at(k, vector, at.column.expect("vectors have columns"));
                    k.load(self.memory.vectors, index, at.lanes)
                }
                Instruction::Scalar(scalar) => {
                    let value = self.scalars[scalar].expect("a scalar is found before it is read");
                    k.splat(value, at.lanes)
                }
                Instruction::Parameter(parameter) => {
                    let value = k.parameter(&format!("parameter{parameter}"), Scalar::F32, 1);
                    k.splat(value, at.lanes)
                }
                Instruction::Constant(constant) => k.f32s(constant, at.lanes),
                Instruction::Unary(op, a) => unary(k, op, operand(a)),
                Instruction::Binary(op, a, b) => binary(k, op, operand(a), operand(b)),
                Instruction::MultiplyAdd(a, b, c) => k.multiply_add(operand(a), operand(b), operand(c)),
            });
        }
        wanted.iter().map(|register| values[*register].expect("it is needed")).collect()
    }

    fn row(&self, k: &mut Builder, side: Side, plane: usize, at: At) -> Value {
        let from = self.row_at(k, side, plane);
        let index = match at.column {
            Some(column) => k.add(from, column),
            None => from,
        };
        k.load(self.memory.tables, index, at.lanes)
    }

    /// Where a side's row of a plane begins.
    pub(super) fn row_at(&self, k: &mut Builder, side: Side, plane: usize) -> Value {
        place(k, self.model, "plane", plane, self.ids[side.index()])
    }

    /// Where a scalar of the triple is kept.
    pub(super) fn scalar_at(&self, k: &mut Builder, scalar: usize) -> Value {
        let first = k.mul_u32(self.count, scalar as u32);
        k.add(first, self.number)
    }

    /// Where a column of a vector of the triple is kept.
    pub(super) fn vector_at(&self, k: &mut Builder, vector: usize, column: Value) -> Value {
        let mut before = k.u32(0);
        for dim in &self.vectors[..vector] {
            let words = padded(k, *dim);
            before = k.add(before, words);
        }
        let first = k.mul(before, self.count);
        let words = padded(k, self.vectors[vector]);
        let row = k.mul(words, self.number);
        let index = k.add(first, row);
        k.add(index, column)
    }
}

/// The owner of the rows on a side.
pub(super) fn owner(side: Side) -> Owner {
    match side {
        Side::Head | Side::Tail => Owner::Entity,
        Side::Relation => Owner::Relation,
    }
}

/// A function of the program, of numbers.
pub(super) fn unary(k: &mut Builder, op: One, x: Value) -> Value {
    let lanes = k.ty(x).lanes;
    match op {
        One::Neg => k.unary(Unary::Neg, x),
        One::Abs => k.unary(Unary::Abs, x),
        One::Sqrt => k.unary(Unary::Sqrt, x),
        One::Exp => k.unary(Unary::Exp, x),
        One::Log => k.unary(Unary::Log, x),
        One::Sin => k.unary(Unary::Sin, x),
        One::Cos => k.unary(Unary::Cos, x),
        One::Tanh => k.unary(Unary::Tanh, x),
        One::Floor => k.unary(Unary::Floor, x),
        One::Frac => {
            let below = k.unary(Unary::Floor, x);
            k.sub(x, below)
        }
        One::Sign => {
            let [zero, one, minus] = [0.0, 1.0, -1.0].map(|it| k.f32s(it, lanes));
            let (negative, positive) = (k.less(x, zero), k.less(zero, x));
            let below = k.select(negative, minus, zero);
            k.select(positive, one, below)
        }
        One::ReciprocalOrZero => {
            let (zero, one) = (k.f32s(0.0, lanes), k.f32s(1.0, lanes));
            let is_zero = k.binary(Binary::Equal, x, zero);
            let divisor = k.select(is_zero, one, x);
            let reciprocal = k.div(one, divisor);
            k.select(is_zero, zero, reciprocal)
        }
        One::Sigmoid => {
            let (zero, one) = (k.f32s(0.0, lanes), k.f32s(1.0, lanes));
            let small = exp_of_minus_magnitude(k, x);
            let sum = k.add(one, small);
            let negative = k.less(x, zero);
            let over = k.select(negative, small, one);
            k.div(over, sum)
        }
        One::Softplus => {
            let (zero, one) = (k.f32s(0.0, lanes), k.f32s(1.0, lanes));
            let small = exp_of_minus_magnitude(k, x);
            // ln(1 + small), to the last bits though 1 + small is rounded (Kahan): what was lost divides out.
            let sum = k.add(one, small);
            let log = k.unary(Unary::Log, sum);
            let kept = k.sub(sum, one);
            let nothing = k.binary(Binary::Equal, kept, zero);
            let divisor = k.select(nothing, one, kept);
            let ratio = k.div(small, divisor);
            let corrected = k.mul(log, ratio);
            let log = k.select(nothing, small, corrected);
            let positive = k.binary(Binary::Max, x, zero);
            k.add(positive, log)
        }
    }
}

/// `exp(−|x|)`, which does not overflow.
fn exp_of_minus_magnitude(k: &mut Builder, x: Value) -> Value {
    let magnitude = k.unary(Unary::Abs, x);
    let negative = k.unary(Unary::Neg, magnitude);
    k.unary(Unary::Exp, negative)
}

fn binary(k: &mut Builder, op: Two, a: Value, b: Value) -> Value {
    let compare = |k: &mut Builder, op| {
        let truth = k.binary(op, a, b);
        k.define(Expression::Convert(Scalar::F32, truth))
    };
    match op {
        Two::Add => k.add(a, b),
        Two::Sub => k.sub(a, b),
        Two::Mul => k.mul(a, b),
        Two::Div => k.div(a, b),
        Two::Min => k.binary(Binary::Min, a, b),
        Two::Max => k.binary(Binary::Max, a, b),
        Two::Greater => compare(k, Binary::Greater),
        Two::Equal => compare(k, Binary::Equal),
    }
}
