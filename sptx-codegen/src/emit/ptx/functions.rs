//! Functions that PTX has in another form: of powers of two, and of angles near 0.

use std::f64::consts::{LN_2, LOG2_E, TAU};

use super::body::Body;
use super::spell::{self, Operation};
use super::tree::{Operand, Register};

fn number(value: f32) -> Operand {
    Operand::F32(value.to_bits())
}

impl Body<'_> {
    fn of(&mut self, operation: &'static Operation, operands: Vec<Operand>) -> Operand {
        Operand::Register(self.apply(operation, operands))
    }

    /// eˣ as 2 to the power x·log₂e: within 2⁻¹⁷ where it is finite.
    pub(super) fn exp(&mut self, x: Operand) -> Register {
        let power = self.of(&spell::MUL_F32, vec![x, number(LOG2_E as f32)]);
        self.apply(&spell::EXP2_F32, vec![power])
    }

    /// ln x as log₂x · ln 2.
    pub(super) fn log(&mut self, x: Operand) -> Register {
        let power = self.of(&spell::LOG2_F32, vec![x]);
        self.apply(&spell::MUL_F32, vec![power, number(LN_2 as f32)])
    }

    /// Sine or cosine: whole turns are taken off, in two parts, for the hardware's are exact near 0.
    pub(super) fn turn(&mut self, operation: &'static Operation, x: Operand) -> Register {
        let turns = self.of(&spell::MUL_F32, vec![x.clone(), number((1.0 / TAU) as f32)]);
        let whole = self.of(&spell::ROUND_F32, vec![turns]);
        let (high, low) = (TAU as f32, (TAU - f64::from(TAU as f32)) as f32);
        let rest = self.of(&spell::FMA_F32, vec![whole.clone(), number(-high), x]);
        let rest = self.of(&spell::FMA_F32, vec![whole, number(-low), rest]);
        self.apply(operation, vec![rest])
    }

    /// tanh x as 1 − 2 / (e²ˣ + 1) of |x|, with the sign of x.
    pub(super) fn tanh(&mut self, x: Operand) -> Register {
        let size = self.of(&spell::ABS_F32, vec![x.clone()]);
        let power = self.of(&spell::MUL_F32, vec![size, number(2.0 * LOG2_E as f32)]);
        let grown = self.of(&spell::EXP2_F32, vec![power]);
        let below = self.of(&spell::ADD_F32, vec![grown, number(1.0)]);
        let part = self.of(&spell::DIV_F32, vec![number(2.0), below]);
        let value = self.of(&spell::SUB_F32, vec![number(1.0), part]);
        self.apply(&spell::COPY_SIGN_F32, vec![x, value])
    }
}
