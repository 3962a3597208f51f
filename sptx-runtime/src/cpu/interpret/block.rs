//! Registers of a block of triples.

use super::arithmetic::{binary, multiply_add, unary};
use crate::kernel::ColumnsInput;
use crate::program::{Binary, Columns, Instruction, ReduceOp, Register};
use crate::simd::Simd;
use crate::table::Line;

/// Triples that an instruction is run for at a time: few enough that the registers stay in the nearest cache.
pub(super) const BLOCK: usize = 8;

/// Some triples of a piece of a stage.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) stage: &'a Columns,
    pub(super) input: ColumnsInput<'a>,
    pub(super) start: usize,
    pub(super) count: usize,
}

/// What instructions have defined for the triples of a block.
pub(super) struct Registers {
    lines: Vec<Line>,
    slots: Vec<Slot>,
    pub(super) width: usize,
}

/// Where a register is kept.
#[derive(Clone, Copy)]
struct Slot {
    /// Its first line; what is defined later lies behind it.
    start: usize,
    /// Lines from one triple's value to the next's; 0 when all triples share one.
    stride: usize,
    /// Whether nothing is kept: the register is read from memory, or folded as soon as it is computed.
    absent: bool,
}

impl Registers {
    pub(super) fn new(stage: &Columns, input: ColumnsInput<'_>) -> Self {
        let width = input.lines;
        let folded = folded_products(stage);
        let mut slots = Vec::with_capacity(stage.body.len());
        let mut lines = Vec::new();
        for (register, instruction) in stage.body.iter().enumerate() {
            let start = lines.len();
            let (stride, absent) = match *instruction {
                Instruction::Row(..) | Instruction::Vector(_) => (0, true),
                Instruction::Parameter(parameter) => {
                    lines.resize(start + width, Line([input.parameters[parameter]; Line::LEN]));
                    (0, false)
                }
                Instruction::Constant(value) => {
                    lines.resize(start + width, Line([value; Line::LEN]));
                    (0, false)
                }
                Instruction::Scalar(_)
                | Instruction::Unary(..)
                | Instruction::Binary(..)
                | Instruction::MultiplyAdd(..) => {
                    let absent = folded[register];
                    lines.resize(start + if absent { 0 } else { BLOCK * width }, Line::ZERO);
                    (width, absent)
                }
            };
            slots.push(Slot { start, stride, absent });
        }
        Self { lines, slots, width }
    }

    /// Whether a register is a product that is only summed, so that the sum takes the factors.
    pub(super) fn factors(&self, stage: &Columns, register: Register) -> Option<(Register, Register)> {
        match stage.body[register] {
            Instruction::Binary(Binary::Mul, a, b) if self.slots[register].absent => Some((a, b)),
            _ => None,
        }
    }

    /// Runs one instruction for the triples of a block.
    #[inline(always)]
    pub(super) fn define<S: Simd>(&mut self, simd: S, block: Block<'_>, position: usize) {
        let Slot { start, stride, absent } = self.slots[position];
        if absent || stride == 0 {
            return;
        }
        let (defined, out) = self.lines.split_at_mut(start);
        let width = self.width;
        let slots = &self.slots;
        match block.stage.body[position] {
            Instruction::Row(..) | Instruction::Vector(_) | Instruction::Parameter(_) | Instruction::Constant(_) => {}
            Instruction::Scalar(scalar) => {
                let values = &block.input.scalars[scalar][block.start..block.start + block.count];
                for (out, x) in out.chunks_exact_mut(width).zip(values) {
                    out.fill(Line([*x; Line::LEN]));
                }
            }
            Instruction::Unary(op, a) => {
                for i in 0..block.count {
                    let a = block.operand(slots, defined, width, a, i);
                    unary(simd, op, a, &mut out[i * width..][..width]);
                }
            }
            Instruction::Binary(op, a, b) => {
                for i in 0..block.count {
                    let (a, b) =
                        (block.operand(slots, defined, width, a, i), block.operand(slots, defined, width, b, i));
                    binary(simd, op, a, b, &mut out[i * width..][..width]);
                }
            }
            Instruction::MultiplyAdd(a, b, c) => {
                for i in 0..block.count {
                    let (a, b) =
                        (block.operand(slots, defined, width, a, i), block.operand(slots, defined, width, b, i));
                    let c = block.operand(slots, defined, width, c, i);
                    multiply_add(simd, a, b, c, &mut out[i * width..][..width]);
                }
            }
        }
    }

    /// A register of the triple at position `i` of a block.
    #[inline(always)]
    pub(super) fn get<'o>(&'o self, block: Block<'o>, register: Register, i: usize) -> &'o [Line] {
        block.operand(&self.slots, &self.lines, self.width, register, i)
    }
}

impl<'a> Block<'a> {
    #[inline(always)]
    fn operand<'o>(&self, slots: &[Slot], defined: &'o [Line], width: usize, register: Register, i: usize) -> &'o [Line]
    where
        'a: 'o,
    {
        match self.stage.body[register] {
            Instruction::Row(side, plane) => {
                let row = self.input.triples[side.index()][self.start + i] as usize * width;
                &self.input.rows[plane][row..row + width]
            }
            Instruction::Vector(vector) => &self.input.vectors[vector][(self.start + i) * width..][..width],
            Instruction::Scalar(_)
            | Instruction::Parameter(_)
            | Instruction::Constant(_)
            | Instruction::Unary(..)
            | Instruction::Binary(..)
            | Instruction::MultiplyAdd(..) => {
                let Slot { start, stride, .. } = slots[register];
                &defined[start + i * stride..][..width]
            }
        }
    }
}

/// For each register, whether it is a product that nothing reads but sums.
fn folded_products(stage: &Columns) -> Vec<bool> {
    let summed = |register| stage.reduce.iter().any(|it| it.op == ReduceOp::Sum && it.register == register);
    let mut folded: Vec<bool> = stage
        .body
        .iter()
        .enumerate()
        .map(|(register, it)| matches!(it, Instruction::Binary(Binary::Mul, ..)) && summed(register))
        .collect();
    let elsewhere = stage.body.iter().flat_map(Instruction::operands);
    let elsewhere = elsewhere.chain(stage.store.iter().map(|(register, _)| *register));
    let elsewhere = elsewhere.chain(stage.scatter.iter().map(|scatter| scatter.register));
    let other_folds = stage.reduce.iter().filter(|it| it.op != ReduceOp::Sum).map(|it| it.register);
    elsewhere.chain(other_folds).for_each(|register| folded[register] = false);
    folded
}
