//! The block interpreter: runs the bodies of a model's stages, an instruction at a time over a block of triples.
//!
//! Instructions are fused where memory would be touched twice: rows and stored vectors are read where they are, by the
//! arithmetic itself; `a·b + c` is one pass; a product that only a sum reads is never written. The cost of dispatch is
//! shared by the columns of a tile.

mod arithmetic;
mod block;
mod columns;
mod finish;
mod pairs;
mod scalars;

use std::sync::Arc;

pub(super) use arithmetic::{binary, multiply_add, unary};

use crate::kernel::{
    ColumnsInput, ColumnsOutput, CompiledModel, Direction, Kernels, PairsInput, PairsOutput, ScalarsInput,
    ScalarsOutput,
};
use crate::program::{Model, Program, Side, Split, Stage};
use crate::simd::dispatch;

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
    forward: Program,
    backward: Program,
    splits: Vec<Split>,
}

impl Interpreter {
    /// A model that runs by interpretation.
    pub fn compile(model: Model) -> CompiledModel {
        let Model { forward, backward, splits, .. } = model.clone();
        let kernels = Self { forward, backward, splits };
        CompiledModel { kernels: Arc::new(kernels), model: Arc::new(model) }
    }

    /// Kernels of two programs.
    pub(crate) fn new(forward: Program, backward: Program) -> Self {
        Self { forward, backward, splits: Vec::new() }
    }

    fn program(&self, direction: Direction) -> &Program {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }
}

impl Kernels for Interpreter {
    fn columns(&self, direction: Direction, stage: usize, input: ColumnsInput<'_>, output: ColumnsOutput<'_, '_>) {
        if let Stage::Columns(stage) = &self.program(direction).stages[stage] {
            dispatch(columns::ColumnsTask { stage, input, output });
        }
    }

    fn scalars(&self, direction: Direction, stage: usize, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
        if let Stage::Scalars(stage) = &self.program(direction).stages[stage] {
            scalars::interpret(stage, input, output);
        }
    }

    fn pairs(
        &self,
        missing: Side,
        direction: Direction,
        stage: usize,
        input: PairsInput<'_>,
        output: PairsOutput<'_, '_>,
    ) {
        let Some(split) = self.splits.iter().find(|split| split.missing == missing) else { return };
        let program = match direction {
            Direction::Forward => &split.comparison.forward,
            Direction::Backward => &split.comparison.backward,
        };
        if let Stage::Columns(stage) = &program.stages[stage] {
            pairs::interpret(stage, input, output);
        }
    }

    fn kind(&self) -> &'static str {
        "interpreted"
    }
}
