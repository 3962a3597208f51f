//! A stage's instructions as expressions.

use std::collections::BTreeSet;

use sptx_runtime::program::{Binary as Two, Instruction, Model, Output, Owner, Register, Side, Unary as One};

use super::rows::{padded, place, row_words};
use super::stage::Staged;
use crate::lir::{Binary, Builder, Expression, Place, Scalar, Unary, Value};

/// What one run of a program keeps in memory: a number for each of its scalars, a row for each of its vectors.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) scalars: Place,
    pub(super) vectors: Place,
    /// The dimension of each vector of the program.
    pub(super) dims: &'a [usize],
    /// The outputs of a part, the derivatives by which stand behind its vectors.
    pub(super) outputs: &'a [Output],
    /// Which run of the program, and how many there are.
    pub(super) number: Value,
    pub(super) count: Value,
}

/// Where the rows are that a program reads.
#[derive(Clone)]
pub(super) enum Source<'a> {
    /// In the tables, at the numbers of a head, a relation and a tail; behind the tables' planes, the derivatives by the
    /// outputs of a part.
    Tables { tables: Place, ids: [Value; 3] },
    /// With a query and with a candidate; and the products of the two.
    Outputs { ends: [Kept<'a>; 2], products: Vec<Value> },
}

/// One run of a program, on a triple or on a pair: where its rows are, and what it has found so far.
#[derive(Clone)]
pub(super) struct Item<'a> {
    model: &'a Model,
    source: Source<'a>,
    kept: Option<Kept<'a>>,
    /// Its scalars, as far as the program needs them or has found them.
    pub(super) scalars: Vec<Option<Value>>,
    /// The rows of its relation, where they are staged.
    pub(super) staged: Option<Staged>,
}

/// The columns that a body is written for.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// The first column; none where the body works on scalars.
    pub(super) column: Option<Value>,
    /// Number of columns.
    pub(super) lanes: u8,
}

impl Kept<'_> {
    /// Where a scalar is kept.
    pub(super) fn scalar_at(&self, k: &mut Builder, scalar: usize) -> Value {
        let first = k.mul_u32(self.count, scalar as u32);
        k.add(first, self.number)
    }

    /// Where a column of a vector is kept.
    pub(super) fn vector_at(&self, k: &mut Builder, vector: usize, column: Value) -> Value {
        let mut before = k.u32(0);
        for dim in &self.dims[..vector] {
            let words = padded(k, *dim);
            before = k.add(before, words);
        }
        let first = k.mul(before, self.count);
        let words = padded(k, self.dims[vector]);
        let row = k.mul(words, self.number);
        let index = k.add(first, row);
        k.add(index, column)
    }

    /// Where the derivative by an output is: by a scalar, or by a column of a vector.
    pub(super) fn derivative_at(&self, k: &mut Builder, output: usize, column: Option<Value>) -> Value {
        let first = k.parameter(&format!("derivative{output}"), Scalar::U32, 4);
        let words = row_words(k, self.outputs[output].shape);
        let row = k.mul(words, self.number);
        let index = k.add(first, row);
        match column {
            Some(column) => k.add(index, column),
            None => index,
        }
    }

    /// An element of an output: a scalar, or a column of a vector.
    pub(super) fn output(&self, k: &mut Builder, output: usize, at: At) -> Value {
        let output = self.outputs[output];
        match at.column {
            Some(column) => {
                let index = self.vector_at(k, output.source, column);
                k.load(self.vectors, index, at.lanes)
            }
            None => {
                let index = self.scalar_at(k, output.source);
                k.load(self.scalars, index, 1)
            }
        }
    }
}

impl<'a> Item<'a> {
    /// The triple whose number is that of `kept`, and of which `needed` scalars are known.
    pub(super) fn triple(
        k: &mut Builder,
        model: &'a Model,
        [tables, triples]: [Place; 2],
        kept: Kept<'a>,
        scalars: usize,
        needed: &BTreeSet<usize>,
    ) -> Self {
        let ids = [0, 1, 2].map(|side| {
            let first = k.mul_u32(kept.count, side);
            let index = k.add(first, kept.number);
            k.load(triples, index, 1)
        });
        ["head", "relation", "tail"].into_iter().zip(ids).for_each(|(name, id)| _ = k.name(id, name));
        let source = Source::Tables { tables, ids };
        let mut item = Self { model, source, kept: Some(kept), scalars: vec![None; scalars], staged: None };
        for scalar in needed {
            let index = kept.scalar_at(k, *scalar);
            item.scalars[*scalar] = Some(k.load(kept.scalars, index, 1));
        }
        item
    }

    /// A pair of a query and a candidate.
    pub(super) fn pair(model: &'a Model, ends: [Kept<'a>; 2], products: Vec<Value>, scalars: usize) -> Self {
        Self {
            model,
            source: Source::Outputs { ends, products },
            kept: None,
            scalars: vec![None; scalars],
            staged: None,
        }
    }

    /// What the program keeps in memory.
    ///
    /// # Panics
    /// For a pair, whose program keeps nothing.
    pub(super) fn kept(&self) -> &Kept<'a> {
        self.kept.as_ref().expect("the program of a pair keeps nothing in memory")
    }

    /// The values of the wanted registers.
    pub(super) fn body(&self, k: &mut Builder, body: &[Instruction], at: At, wanted: &[Register]) -> Vec<Value> {
        self.body_with(k, body, at, wanted, &|_| unreachable!("only what is scattered is made of saved columns"))
    }

    /// The same, of instructions whose vectors beyond the program's are columns that were saved, as `saved` gives them.
    pub(super) fn body_with(
        &self,
        k: &mut Builder,
        body: &[Instruction],
        at: At,
        wanted: &[Register],
        saved: &dyn Fn(usize) -> Value,
    ) -> Vec<Value> {
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
                Instruction::Vector(vector) if vector >= self.kept().dims.len() => {
                    saved(vector - self.kept().dims.len())
                }
                Instruction::Vector(vector) => {
                    let index = self.kept().vector_at(k, vector, at.column.expect("vectors have columns"));
                    k.load(self.kept().vectors, index, at.lanes)
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
        match &self.source {
            Source::Tables { .. } if plane >= self.model.planes.len() => {
                let index = self.kept().derivative_at(k, plane - self.model.planes.len(), at.column);
                k.load(self.kept().vectors, index, at.lanes)
            }
            Source::Tables { tables, .. } => {
                let from = self.row_at(k, side, plane);
                let Some(column) = at.column else { return k.load(*tables, from, at.lanes) };
                let index = k.add(from, column);
                let staged = self.staged.as_ref().filter(|_| side == Side::Relation);
                let staged = staged.and_then(|it| it.load(k, plane, column, (*tables, index), at.lanes));
                staged.unwrap_or_else(|| k.load(*tables, index, at.lanes))
            }
            Source::Outputs { ends: [query, candidate], products } => match side {
                Side::Head => query.output(k, plane, at),
                Side::Tail => candidate.output(k, plane - query.outputs.len(), at),
                Side::Relation => products[plane - query.outputs.len() - candidate.outputs.len()],
            },
        }
    }

    /// The number of a side's row.
    pub(super) fn id(&self, side: Side) -> Value {
        match &self.source {
            Source::Tables { ids, .. } => ids[side.index()],
            Source::Outputs { .. } => unreachable!("pairs have no rows of their own"),
        }
    }

    /// Where a side's row of a plane begins in the tables.
    fn row_at(&self, k: &mut Builder, side: Side, plane: usize) -> Value {
        place(k, self.model, "plane", plane, self.id(side))
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
