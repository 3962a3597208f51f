//! Work on one number for each pair of a tile: the `Scalars` stages of a comparison, interpreted.
//!
//! An instruction runs over a stretch of a query's pairs at a time, so that its dispatch is shared.

use super::pair_tile::PairTile;
use crate::cpu::interpret::{binary, multiply_add, unary};
use crate::program::{Instruction, Scalars, Side};
use crate::simd::{Simd, Task};
use crate::table::Line;

/// Lines of pairs that an instruction runs over.
const STRETCH: usize = 16;

/// A stage over the pairs of a tile.
pub(super) struct PairScalars<'a, 's, 't> {
    pub(super) stage: &'a Scalars,
    pub(super) tile: &'t mut PairTile<'a, 's>,
}

impl Task for PairScalars<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { stage, tile } = self;
        let mut registers = vec![[Line::ZERO; STRETCH]; stage.body.len()];
        for query in 0..tile.queries.count {
            for start in (0..tile.stride).step_by(STRETCH) {
                let lines = STRETCH.min(tile.stride - start);
                for position in 0..stage.body.len() {
                    let (defined, rest) = registers.split_at_mut(position);
                    define(simd, stage.body[position], tile, [query, start], defined, &mut rest[0][..lines]);
                }
                for (register, scalar) in &stage.define {
                    tile.scalar_mut(*scalar, query, start, lines).copy_from_slice(&registers[*register][..lines]);
                }
                for scatter in &stage.scatter {
                    tile.scatter(scatter.side, scatter.plane, query, start, &registers[scatter.register][..lines]);
                }
            }
        }
    }
}

#[inline(always)]
fn define<S: Simd>(
    simd: S,
    instruction: Instruction,
    tile: &PairTile<'_, '_>,
    [query, start]: [usize; 2],
    defined: &[[Line; STRETCH]],
    out: &mut [Line],
) {
    let lines = out.len();
    match instruction {
        Instruction::Row(Side::Head, plane) => out.fill(Line([tile.query_scalar(plane, query); Line::LEN])),
        Instruction::Row(Side::Tail, plane) => out.copy_from_slice(tile.candidate_scalars(plane, start, lines)),
        Instruction::Row(Side::Relation, plane) => out.copy_from_slice(tile.product(plane, query, start, lines)),
        Instruction::Scalar(scalar) => out.copy_from_slice(tile.scalar(scalar, query, start, lines)),
        Instruction::Parameter(parameter) => out.fill(Line([tile.parameters[parameter]; Line::LEN])),
        Instruction::Constant(value) => out.fill(Line([value; Line::LEN])),
        Instruction::Unary(op, a) => unary(simd, op, &defined[a][..lines], out),
        Instruction::Binary(op, a, b) => binary(simd, op, &defined[a][..lines], &defined[b][..lines], out),
        Instruction::MultiplyAdd(a, b, c) => {
            multiply_add(simd, &defined[a][..lines], &defined[b][..lines], &defined[c][..lines], out);
        }
        Instruction::Vector(_) => unreachable!("a comparison stores no vectors"),
    }
}
