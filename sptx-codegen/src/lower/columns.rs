//! Bodies: the instructions that compute some values within one stage.

use std::collections::HashMap;

use sptx_runtime::program::{Binary, Instruction, Register, Unary};

use super::describe;
use super::levels::is_scalar;
use crate::ir::{BinaryOp, Op, Score, UnaryOp, Value};

/// What a body may read besides rows.
#[derive(Clone, Copy)]
pub(super) struct Available<'a> {
    pub(super) score: &'a Score,
    /// The scalars known before the stage.
    pub(super) scalars: &'a HashMap<Value, usize>,
    /// The vectors stored before the stage.
    pub(super) vectors: &'a HashMap<Value, usize>,
}

/// Builds the body of one stage.
pub(super) struct Body<'a> {
    available: Available<'a>,
    pub(super) instructions: Vec<Instruction>,
    registers: HashMap<Value, Register>,
}

impl<'a> Body<'a> {
    pub(super) fn new(available: Available<'a>) -> Self {
        Self { available, instructions: Vec::new(), registers: HashMap::new() }
    }

    /// The register that holds a value; computes it if need be.
    pub(super) fn register(&mut self, value: Value) -> Register {
        if let Some(register) = self.registers.get(&value) {
            return *register;
        }
        let instruction = self.instruction(value);
        self.instructions.push(instruction);
        let register = self.instructions.len() - 1;
        self.registers.insert(value, register);
        register
    }

    fn instruction(&mut self, value: Value) -> Instruction {
        let Available { score, scalars, vectors } = self.available;
        if let Some(scalar) = scalars.get(&value) {
            return Instruction::Scalar(*scalar);
        }
        if let Some(vector) = vectors.get(&value) {
            return Instruction::Vector(*vector);
        }
        match &score.nodes[value].op {
            Op::Gather { side, plane } => Instruction::Row(describe::side(*side), plane.index()),
            Op::Const(value) => Instruction::Constant(*value as f32),
            Op::Parameter(parameter) => Instruction::Parameter(parameter.index()),
            Op::Unary(op, a) => Instruction::Unary(unary(*op), self.register(*a)),
            Op::Binary(op, a, b) => self.binary(*op, *a, *b),
            Op::Upstream
            | Op::Reduce(..)
            | Op::MatVec { .. }
            | Op::Outer(..)
            | Op::Fold { .. }
            | Op::Complex(..)
            | Op::Cis(_)
            | Op::Re(_)
            | Op::Im(_)
            | Op::Conj(_)
            | Op::Modulus(_) => unreachable!("cuts are made available first, and the score is real and without folds"),
        }
    }

    /// `a·b + c` is one instruction wherever it stands, also where the product is in a register: a vector that two stages
    /// compute has the same bits in both, which gradients of `min_of` and `max_of` compare.
    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Instruction {
        if op == BinaryOp::Add {
            for (product, other) in [(a, b), (b, a)] {
                if let Some((left, right)) = self.factors(product, other) {
                    return Instruction::MultiplyAdd(self.register(left), self.register(right), self.register(other));
                }
            }
        }
        Instruction::Binary(binary(op), self.register(a), self.register(b))
    }

    /// The factors of a product that is to be computed in this body: not of a scalar that is spread over a vector, or kept.
    fn factors(&self, value: Value, beside: Value) -> Option<(Value, Value)> {
        let Available { score, scalars, .. } = self.available;
        let spread = is_scalar(score, value) && !is_scalar(score, beside);
        match score.nodes[value].op {
            Op::Binary(BinaryOp::Mul, a, b) if !spread && !scalars.contains_key(&value) => Some((a, b)),
            _ => None,
        }
    }
}

fn unary(op: UnaryOp) -> Unary {
    match op {
        UnaryOp::Neg => Unary::Neg,
        UnaryOp::Abs => Unary::Abs,
        UnaryOp::Sign => Unary::Sign,
        UnaryOp::Sqrt => Unary::Sqrt,
        UnaryOp::ReciprocalOrZero => Unary::ReciprocalOrZero,
        UnaryOp::Exp => Unary::Exp,
        UnaryOp::Log => Unary::Log,
        UnaryOp::Sin => Unary::Sin,
        UnaryOp::Cos => Unary::Cos,
        UnaryOp::Tanh => Unary::Tanh,
        UnaryOp::Sigmoid => Unary::Sigmoid,
        UnaryOp::Softplus => Unary::Softplus,
        UnaryOp::Floor => Unary::Floor,
        UnaryOp::Frac => Unary::Frac,
    }
}

fn binary(op: BinaryOp) -> Binary {
    match op {
        BinaryOp::Add => Binary::Add,
        BinaryOp::Sub => Binary::Sub,
        BinaryOp::Mul => Binary::Mul,
        BinaryOp::Div => Binary::Div,
        BinaryOp::Min => Binary::Min,
        BinaryOp::Max => Binary::Max,
        BinaryOp::Greater => Binary::Greater,
        BinaryOp::Equal => Binary::Equal,
    }
}
