//! Stages over scalars: a triple at a time.

use crate::kernel::{ScalarsInput, ScalarsOutput};
use crate::program::{Instruction, Scalars};

/// Runs a stage over scalars.
pub(super) fn interpret(stage: &Scalars, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
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
