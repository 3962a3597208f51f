//! Stages over columns: a block of triples at a time, an instruction at a time.

use super::block::{BLOCK, Block, Registers};
use super::finish::finish;
use crate::kernel::{ColumnsInput, ColumnsOutput};
use crate::program::Columns;
use crate::simd::{Simd, Task};

/// A piece of a stage.
pub(super) struct ColumnsTask<'a, 'o, 'p> {
    pub(super) stage: &'a Columns,
    pub(super) input: ColumnsInput<'a>,
    pub(super) output: ColumnsOutput<'o, 'p>,
}

impl Task for ColumnsTask<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { stage, input, mut output } = self;
        let triples = input.triples[0].len();
        let mut registers = Registers::new(stage, input);
        for start in (0..triples).step_by(BLOCK) {
            let block = Block { stage, input, start, count: BLOCK.min(triples - start) };
            for position in 0..stage.body.len() {
                registers.define(simd, block, position);
            }
            finish(simd, block, &registers, &mut output);
        }
    }
}
