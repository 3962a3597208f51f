//! The registers of a warp.

use crate::error::What;
use crate::instruction::Slot;

/// A value for each lane.
pub(super) type Lanes = [u64; 32];

/// What a lane did.
pub(super) type Trouble = (u32, What);

/// The lanes of a mask, ascending.
pub(super) fn lanes(mut mask: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (lane < 32).then_some(lane as usize)
    })
}

#[derive(Debug)]
pub(super) struct Registers {
    values: Vec<Lanes>,
    /// The lanes that wrote each register.
    written: Vec<u32>,
}

impl Registers {
    pub(super) fn new(count: usize) -> Self {
        Self { values: vec![[0; 32]; count], written: vec![0; count] }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.written.fill(0);
    }

    /// The values of a register, which the active lanes must have written; else the first of them that has not.
    pub(super) fn get(&self, slot: Slot, active: u32) -> Result<&Lanes, u32> {
        let missing = active & !self.written[slot as usize];
        if missing == 0 { Ok(&self.values[slot as usize]) } else { Err(missing.trailing_zeros()) }
    }

    /// Writes the active lanes.
    pub(super) fn set(&mut self, slot: Slot, active: u32, value: impl Fn(usize) -> u64) {
        let values = &mut self.values[slot as usize];
        if active == u32::MAX {
            values.iter_mut().enumerate().for_each(|(lane, to)| *to = value(lane));
        } else {
            lanes(active).for_each(|lane| values[lane] = value(lane));
        }
        self.written[slot as usize] |= active;
    }
}
