//! The block interpreter: runs the bodies of a model's stages, an instruction at a time over a block of triples.
//!
//! An instruction reads rows, stored vectors and scalars where they are (no copy precedes the arithmetic), so the cost of
//! dispatch is shared by `BLOCK` triples times the columns of a tile.

use std::sync::Arc;

use crate::kernel::{ColumnsInput, ColumnsOutput, CompiledModel, Direction, Kernels, ScalarsInput, ScalarsOutput};
use crate::program::{Binary, Columns, Instruction, Model, Program, ReduceOp, Register, Scalars, Stage, Unary};
use crate::simd::{Simd, Task, dispatch, math};
use crate::table::Line;

/// Triples that an instruction is run for at a time.
const BLOCK: usize = 8;

/// Kernels that interpret a model's programs.
///
/// ```
/// # fn example(model: sptx_runtime::program::Model) {
/// let compiled = sptx_runtime::cpu::Interpreter::compile(model);
/// assert_eq!(compiled.kernels.kind(), "interpreted");
/// # }
/// ```
#[derive(Debug)]
pub struct Interpreter {
    model: Arc<Model>,
}

impl Interpreter {
    /// A model that runs by interpretation.
    pub fn compile(model: Model) -> CompiledModel {
        let model = Arc::new(model);
        CompiledModel { kernels: Arc::new(Self { model: Arc::clone(&model) }), model }
    }

    fn program(&self, direction: Direction) -> &Program {
        match direction {
            Direction::Forward => &self.model.forward,
            Direction::Backward => &self.model.backward,
        }
    }
}

impl Kernels for Interpreter {
    fn columns(&self, direction: Direction, stage: usize, input: ColumnsInput<'_>, output: ColumnsOutput<'_, '_>) {
        if let Stage::Columns(stage) = &self.program(direction).stages[stage] {
            dispatch(ColumnsTask { stage, input, output });
        }
    }

    fn scalars(&self, direction: Direction, stage: usize, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
        if let Stage::Scalars(stage) = &self.program(direction).stages[stage] {
            interpret_scalars(stage, input, output);
        }
    }

    fn kind(&self) -> &'static str {
        "interpreted"
    }
}

struct ColumnsTask<'a, 'o, 'p> {
    stage: &'a Columns,
    input: ColumnsInput<'a>,
    output: ColumnsOutput<'o, 'p>,
}

impl Task for ColumnsTask<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { stage, input, mut output } = self;
        let triples = input.triples[0].len();
        let mut registers = Registers::new(stage, input.lines);
        for start in (0..triples).step_by(BLOCK) {
            let count = BLOCK.min(triples - start);
            for position in 0..stage.body.len() {
                registers.define(simd, Block { stage, input, start, count }, position);
            }
            finish(simd, Block { stage, input, start, count }, &registers, &mut output);
        }
    }
}

/// Some triples of a piece of a stage.
#[derive(Clone, Copy)]
struct Block<'a> {
    stage: &'a Columns,
    input: ColumnsInput<'a>,
    start: usize,
    count: usize,
}

/// What instructions have defined for the triples of a block.
struct Registers {
    lines: Vec<Line>,
    /// Where each register begins.
    starts: Vec<usize>,
    width: usize,
}

/// A register of one triple: lines, or one line that stands for all of them.
#[derive(Clone, Copy)]
struct Operand<'a> {
    lines: &'a [Line],
    step: usize,
}

impl Operand<'_> {
    #[inline(always)]
    fn load<S: Simd>(self, simd: S, line: usize) -> S::Vector {
        simd.load(&self.lines[line * self.step].0)
    }
}

impl Registers {
    fn new(stage: &Columns, width: usize) -> Self {
        let mut starts = Vec::with_capacity(stage.body.len());
        let mut total = 0;
        for instruction in &stage.body {
            starts.push(total);
            total += match instruction {
                Instruction::Row(..) | Instruction::Vector(_) => 0,
                Instruction::Scalar(_) | Instruction::Parameter(_) | Instruction::Constant(_) => BLOCK,
                Instruction::Unary(..) | Instruction::Binary(..) | Instruction::MultiplyAdd(..) => BLOCK * width,
            };
        }
        Self { lines: vec![Line::ZERO; total], starts, width }
    }

    /// Runs one instruction for the triples of a block.
    #[inline(always)]
    fn define<S: Simd>(&mut self, simd: S, block: Block<'_>, position: usize) {
        let Self { lines, starts, width } = self;
        let (defined, out) = lines.split_at_mut(starts[position]);
        let width = *width;
        let Block { stage, input, start, count } = block;
        let fetch = |register, i| block.operand(starts, defined, register, i);
        let rows = out.chunks_exact_mut(width).take(count).enumerate();
        match stage.body[position] {
            Instruction::Row(..) | Instruction::Vector(_) => {}
            Instruction::Scalar(scalar) => {
                for (out, x) in out.iter_mut().zip(&input.scalars[scalar][start..start + count]) {
                    out.0.fill(*x);
                }
            }
            Instruction::Parameter(parameter) => out[..count].fill(Line([input.parameters[parameter]; Line::LEN])),
            Instruction::Constant(x) => out[..count].fill(Line([x; Line::LEN])),
            Instruction::Unary(op, a) => rows.for_each(|(i, out)| unary(simd, op, fetch(a, i), out)),
            Instruction::Binary(op, a, b) => rows.for_each(|(i, out)| binary(simd, op, fetch(a, i), fetch(b, i), out)),
            Instruction::MultiplyAdd(a, b, c) => {
                for (i, out) in rows {
                    let (a, b, c) = (fetch(a, i), fetch(b, i), fetch(c, i));
                    for (line, out) in out.iter_mut().enumerate() {
                        let value = simd.mul_add(a.load(simd, line), b.load(simd, line), c.load(simd, line));
                        simd.store(value, &mut out.0);
                    }
                }
            }
        }
    }
}

impl Block<'_> {
    /// A register of the triple at position `i` of the block. `defined` holds the lines of all registers before it.
    #[inline(always)]
    fn operand<'o>(&self, starts: &[usize], defined: &'o [Line], register: Register, i: usize) -> Operand<'o>
    where
        Self: 'o,
    {
        let width = self.input.lines;
        let at = starts[register];
        match self.stage.body[register] {
            Instruction::Row(side, plane) => {
                let row = self.input.triples[side.index()][self.start + i] as usize * width;
                Operand { lines: &self.input.rows[plane][row..row + width], step: 1 }
            }
            Instruction::Vector(vector) => {
                let row = (self.start + i) * width;
                Operand { lines: &self.input.vectors[vector][row..row + width], step: 1 }
            }
            Instruction::Scalar(_) | Instruction::Parameter(_) | Instruction::Constant(_) => {
                Operand { lines: &defined[at + i..=at + i], step: 0 }
            }
            Instruction::Unary(..) | Instruction::Binary(..) | Instruction::MultiplyAdd(..) => {
                let at = at + i * width;
                Operand { lines: &defined[at..at + width], step: 1 }
            }
        }
    }
}

#[inline(always)]
fn map<S: Simd>(simd: S, a: Operand<'_>, out: &mut [Line], f: impl Fn(S::Vector) -> S::Vector) {
    for (line, out) in out.iter_mut().enumerate() {
        simd.store(f(a.load(simd, line)), &mut out.0);
    }
}

#[inline(always)]
fn unary<S: Simd>(simd: S, op: Unary, a: Operand<'_>, out: &mut [Line]) {
    match op {
        Unary::Neg => map(simd, a, out, |x| simd.neg(x)),
        Unary::Abs => map(simd, a, out, |x| simd.abs(x)),
        Unary::Sign => map(simd, a, out, |x| math::sign(simd, x)),
        Unary::Sqrt => map(simd, a, out, |x| simd.sqrt(x)),
        Unary::ReciprocalOrZero => map(simd, a, out, |x| math::reciprocal_or_zero(simd, x)),
        Unary::Exp => map(simd, a, out, |x| math::exp(simd, x)),
        Unary::Log => map(simd, a, out, |x| math::log(simd, x)),
        Unary::Sin => map(simd, a, out, |x| math::sin(simd, x)),
        Unary::Cos => map(simd, a, out, |x| math::cos(simd, x)),
        Unary::Tanh => map(simd, a, out, |x| math::tanh(simd, x)),
        Unary::Sigmoid => map(simd, a, out, |x| math::sigmoid(simd, x)),
        Unary::Softplus => map(simd, a, out, |x| math::softplus(simd, x)),
        Unary::Floor => map(simd, a, out, |x| simd.floor(x)),
        Unary::Frac => map(simd, a, out, |x| math::frac(simd, x)),
    }
}

#[inline(always)]
fn zip<S: Simd>(
    simd: S,
    a: Operand<'_>,
    b: Operand<'_>,
    out: &mut [Line],
    f: impl Fn(S::Vector, S::Vector) -> S::Vector,
) {
    for (line, out) in out.iter_mut().enumerate() {
        simd.store(f(a.load(simd, line), b.load(simd, line)), &mut out.0);
    }
}

#[inline(always)]
fn binary<S: Simd>(simd: S, op: Binary, a: Operand<'_>, b: Operand<'_>, out: &mut [Line]) {
    match op {
        Binary::Add => zip(simd, a, b, out, |a, b| simd.add(a, b)),
        Binary::Sub => zip(simd, a, b, out, |a, b| simd.sub(a, b)),
        Binary::Mul => zip(simd, a, b, out, |a, b| simd.mul(a, b)),
        Binary::Div => zip(simd, a, b, out, |a, b| simd.div(a, b)),
        Binary::Min => zip(simd, a, b, out, |a, b| simd.min(a, b)),
        Binary::Max => zip(simd, a, b, out, |a, b| simd.max(a, b)),
        Binary::Greater => zip(simd, a, b, out, |a, b| math::greater(simd, a, b)),
        Binary::Equal => zip(simd, a, b, out, |a, b| math::equal(simd, a, b)),
    }
}

/// Reduces, stores and scatters what a block has computed.
#[inline(always)]
fn finish<S: Simd>(simd: S, block: Block<'_>, registers: &Registers, output: &mut ColumnsOutput<'_, '_>) {
    let width = registers.width;
    let Block { stage, input, start, count } = block;
    let tail = simd.first(input.width - (width - 1) * Line::LEN);
    let keep = |line: usize, value: S::Vector, other: S::Vector| {
        if line + 1 < width { value } else { simd.select(tail, value, other) }
    };
    let fetch = |register, i| block.operand(&registers.starts, &registers.lines, register, i);
    let zero = simd.splat(0.0);
    for i in 0..count {
        for (reduce, out) in stage.reduce.iter().zip(output.reduced.iter_mut()) {
            let identity = simd.splat(reduce.op.identity());
            let operand = fetch(reduce.register, i);
            let folded = (0..width).fold(identity, |sum, line| {
                combine(simd, reduce.op, sum, keep(line, operand.load(simd, line), identity))
            });
            out[start + i] = fold_lanes(simd, reduce.op, folded);
        }
        for ((register, _), out) in stage.store.iter().zip(output.stored.iter_mut()) {
            let operand = fetch(*register, i);
            for (line, out) in out[(start + i) * width..][..width].iter_mut().enumerate() {
                simd.store(keep(line, operand.load(simd, line), zero), &mut out.0);
            }
        }
        for scatter in &stage.scatter {
            let operand = fetch(scatter.register, i);
            let row = input.targets[scatter.side.index()][start + i] as usize * width;
            for (line, out) in output.gradients[scatter.plane][row..row + width].iter_mut().enumerate() {
                let value = keep(line, operand.load(simd, line), zero);
                simd.store(simd.add(simd.load(&out.0), value), &mut out.0);
            }
        }
    }
}

#[inline(always)]
fn combine<S: Simd>(simd: S, op: ReduceOp, a: S::Vector, b: S::Vector) -> S::Vector {
    match op {
        ReduceOp::Sum => simd.add(a, b),
        ReduceOp::Min => simd.min(a, b),
        ReduceOp::Max => simd.max(a, b),
    }
}

#[inline(always)]
fn fold_lanes<S: Simd>(simd: S, op: ReduceOp, a: S::Vector) -> f32 {
    match op {
        ReduceOp::Sum => simd.sum(a),
        ReduceOp::Min => simd.min_of(a),
        ReduceOp::Max => simd.max_of(a),
    }
}

fn interpret_scalars(stage: &Scalars, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
    let mut registers = vec![0.0_f32; stage.body.len()];
    for triple in 0..input.triples[0].len() {
        for (position, instruction) in stage.body.iter().enumerate() {
            registers[position] = match *instruction {
                Instruction::Row(side, plane) => input.rows[plane][input.triples[side.index()][triple] as usize],
                Instruction::Vector(_) => f32::NAN,
                Instruction::Scalar(scalar) => input.scalars[scalar][triple],
                Instruction::Parameter(parameter) => input.parameters[parameter],
                Instruction::Constant(x) => x,
                Instruction::Unary(op, a) => op.apply(registers[a]),
                Instruction::Binary(op, a, b) => op.apply(registers[a], registers[b]),
                Instruction::MultiplyAdd(a, b, c) => registers[a].mul_add(registers[b], registers[c]),
            };
        }
        for ((register, _), out) in stage.define.iter().zip(output.defined.iter_mut()) {
            out[triple] = registers[*register];
        }
        for scatter in &stage.scatter {
            let row = input.targets[scatter.side.index()][triple] as usize;
            output.gradients[scatter.plane][row] += registers[scatter.register];
        }
    }
}
