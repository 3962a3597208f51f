//! What the threads of a workgroup hold, and operations on it.

use super::super::{Binary, Constant, Kernel, Scalar, Type, Unary, Value, VariableId};
use super::What;

/// The words of a value or a variable: one row of threads for each lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    start: usize,
    pub(super) lanes: usize,
}

/// The values and variables of all threads of a workgroup, as bits; truth as 0 or 1.
pub(super) struct Registers {
    words: Vec<u32>,
    threads: usize,
    values: Vec<Slot>,
    variables: Vec<Slot>,
}

impl Registers {
    pub(super) fn new(kernel: &Kernel) -> Self {
        let threads = kernel.workgroup as usize;
        let mut end = 0;
        let mut place = |ty: Type| {
            let slot = Slot { start: end, lanes: ty.lanes.into() };
            end += slot.lanes * threads;
            slot
        };
        let values = kernel.values.iter().map(|(_, (ty, _))| place(*ty)).collect();
        let variables = kernel.variables.iter().map(|(_, ty)| place(*ty)).collect();
        Self { words: vec![0; end], threads, values, variables }
    }

    pub(super) fn value(&self, value: Value) -> Slot {
        self.values[value.index()]
    }

    pub(super) fn variable(&self, variable: VariableId) -> Slot {
        self.variables[variable.index()]
    }

    pub(super) fn get(&self, slot: Slot, lane: usize, thread: u32) -> u32 {
        self.words[slot.start + lane * self.threads + thread as usize]
    }

    pub(super) fn put(&mut self, slot: Slot, lane: usize, thread: u32, word: u32) {
        self.words[slot.start + lane * self.threads + thread as usize] = word;
    }

    /// Fills `to`, in each lane and for each thread, with what `of` gives.
    pub(super) fn fill(&mut self, to: Slot, active: &[u32], of: impl Fn(&Self, usize, u32) -> u32) {
        for lane in 0..to.lanes {
            for &thread in active {
                let word = of(self, lane, thread);
                self.put(to, lane, thread, word);
            }
        }
    }

    /// As [`fill`](Self::fill), by an operation on two operands, which may fail.
    ///
    /// # Errors
    /// The first thread for which it failed, and why.
    pub(super) fn binary(
        &mut self,
        (to, a, b): (Slot, Slot, Slot),
        active: &[u32],
        of: impl Fn(u32, u32) -> Result<u32, What>,
    ) -> Result<(), (u32, What)> {
        for lane in 0..to.lanes {
            for &thread in active {
                let word = of(self.get(a, lane, thread), self.get(b, lane, thread)).map_err(|what| (thread, what))?;
                self.put(to, lane, thread, word);
            }
        }
        Ok(())
    }
}

pub(super) fn bits(constant: Constant) -> u32 {
    match constant {
        Constant::Bool(known) => known.into(),
        Constant::U32(bits) | Constant::F32(bits) => bits,
    }
}

pub(super) fn float(bits: u32) -> f32 {
    f32::from_bits(bits)
}

/// A unary operation, on bits.
pub(super) fn unary(op: Unary) -> fn(u32) -> u32 {
    match op {
        Unary::Neg => |a| (-float(a)).to_bits(),
        Unary::Abs => |a| float(a).abs().to_bits(),
        Unary::Sqrt => |a| float(a).sqrt().to_bits(),
        Unary::Exp => |a| float(a).exp().to_bits(),
        Unary::Log => |a| float(a).ln().to_bits(),
        Unary::Sin => |a| float(a).sin().to_bits(),
        Unary::Cos => |a| float(a).cos().to_bits(),
        Unary::Tanh => |a| float(a).tanh().to_bits(),
        Unary::Floor => |a| float(a).floor().to_bits(),
        Unary::Not => |a| a ^ 1,
    }
}

/// A binary operation on the bits of f32.
pub(super) fn binary_f32(op: Binary) -> fn(u32, u32) -> u32 {
    match op {
        Binary::Add => |a, b| (float(a) + float(b)).to_bits(),
        Binary::Sub => |a, b| (float(a) - float(b)).to_bits(),
        Binary::Mul => |a, b| (float(a) * float(b)).to_bits(),
        Binary::Div => |a, b| (float(a) / float(b)).to_bits(),
        Binary::Min => |a, b| float(a).min(float(b)).to_bits(),
        Binary::Max => |a, b| float(a).max(float(b)).to_bits(),
        Binary::Less => |a, b| (float(a) < float(b)).into(),
        Binary::LessEqual => |a, b| (float(a) <= float(b)).into(),
        Binary::Greater => |a, b| (float(a) > float(b)).into(),
        Binary::GreaterEqual => |a, b| (float(a) >= float(b)).into(),
        Binary::Equal => |a, b| (float(a) == float(b)).into(),
        Binary::NotEqual => |a, b| (float(a) != float(b)).into(),
        Binary::Rem
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight
        | Binary::MulHigh => unreachable!("rule 4 of the verifier: {op} takes no f32"),
    }
}

/// A binary operation on u32 and on truth values.
pub(super) fn binary_u32(op: Binary, a: u32, b: u32) -> Result<u32, What> {
    match op {
        Binary::Less => Ok((a < b).into()),
        Binary::LessEqual => Ok((a <= b).into()),
        Binary::Greater => Ok((a > b).into()),
        Binary::GreaterEqual => Ok((a >= b).into()),
        Binary::Equal => Ok((a == b).into()),
        Binary::NotEqual => Ok((a != b).into()),
        Binary::Div | Binary::Rem => op.fold(a, b).ok_or(What::DivisionByZero),
        Binary::ShiftLeft | Binary::ShiftRight => op.fold(a, b).ok_or(What::Shift { by: b }),
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Min
        | Binary::Max
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::MulHigh => Ok(op.fold(a, b).expect("defined for all")),
    }
}

/// A conversion, on bits.
pub(super) fn convert(from: Scalar, to: Scalar) -> fn(u32) -> u32 {
    match (from, to) {
        (Scalar::Bool, Scalar::U32) => |a| a,
        (Scalar::Bool | Scalar::U32, Scalar::F32) => |a| (a as f32).to_bits(),
        (Scalar::F32, Scalar::U32) => |a| float(a) as u32,
        (_, Scalar::Bool) | (Scalar::U32, Scalar::U32) | (Scalar::F32, Scalar::F32) => {
            unreachable!("rule 4 of the verifier: no conversion of {from} to {to}")
        }
    }
}
