//! The block interpreter: runs the bodies of a model's stages, an instruction at a time over a block of triples.
//!
//! Instructions are fused where memory would be touched twice: rows and stored vectors are read where they are, by the
//! arithmetic itself; `a·b + c` is one pass; a product that only a sum reads is never written. The cost of dispatch is
//! shared by the columns of a tile.

mod arithmetic;
mod block;
mod columns;
mod finish;
mod scalars;

use std::sync::Arc;

use crate::kernel::{ColumnsInput, ColumnsOutput, CompiledModel, Direction, Kernels, ScalarsInput, ScalarsOutput};
use crate::program::{Model, Program, Stage};
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
            dispatch(columns::ColumnsTask { stage, input, output });
        }
    }

    fn scalars(&self, direction: Direction, stage: usize, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
        if let Stage::Scalars(stage) = &self.program(direction).stages[stage] {
            scalars::interpret(stage, input, output);
        }
    }

    fn kind(&self) -> &'static str {
        "interpreted"
    }
}
