//! What the threads of a warp do together.

use super::group::Context;
use super::registers::{Trouble, lanes};
use super::warp::Warp;

use crate::error::What;
use crate::instruction::{Ballot, Mode, OfBits, Operand, Shuffle, Slot, Vote};

impl Warp {
    /// The threads that came must be those of the mask that have not ended.
    pub(super) fn all_of(&self, mask: Operand, active: u32, context: &Context<'_>) -> Result<(), Trouble> {
        let masks = self.read(mask, active, context)?;
        for lane in lanes(active) {
            let mask = masks[lane] as u32;
            if mask & self.alive != active {
                return Err((lane as u32, What::Mask { mask, active }));
            }
        }
        Ok(())
    }

    pub(super) fn shuffle(&mut self, shuffle: &Shuffle, active: u32, context: &Context<'_>) -> Result<(), Trouble> {
        self.all_of(shuffle.mask, active, context)?;
        let values = self.read(shuffle.value, active, context)?;
        let (by, clamps) = (self.read(shuffle.by, active, context)?, self.read(shuffle.clamp, active, context)?);
        let mut asked = [(0, false); 32];
        for lane in lanes(active) {
            asked[lane] = source(shuffle.mode, lane as u32, by[lane] as u32, clamps[lane] as u32);
            let (source, _) = asked[lane];
            if active & (1 << source) == 0 {
                return Err((lane as u32, What::SilentLane { lane: source }));
            }
        }
        if let Some(to) = shuffle.to {
            self.registers.set(to, active, |lane| values[asked[lane].0 as usize]);
        }
        if let Some(inside) = shuffle.inside {
            self.registers.set(inside, active, |lane| asked[lane].1.into());
        }
        Ok(())
    }

    pub(super) fn vote(&mut self, vote: &Vote, active: u32, context: &Context<'_>) -> Result<(), Trouble> {
        self.all_of(vote.mask, active, context)?;
        let predicates = self.read(vote.predicate, active, context)?;
        let holds = lanes(active).filter(|lane| (predicates[*lane] != 0) != vote.negated);
        let ballot = holds.fold(0_u32, |ballot, lane| ballot | (1 << lane));
        let result = match vote.ballot {
            Ballot::All => u64::from(ballot == active),
            Ballot::Any => u64::from(ballot != 0),
            Ballot::Uniform => u64::from(ballot == active || ballot == 0),
            Ballot::Which => ballot.into(),
        };
        self.registers.set(vote.to, active, |_| result);
        Ok(())
    }

    pub(super) fn fold(
        &mut self,
        function: OfBits,
        to: Slot,
        (value, mask): (Operand, Operand),
        active: u32,
        context: &Context<'_>,
    ) -> Result<(), Trouble> {
        self.all_of(mask, active, context)?;
        let values = self.read(value, active, context)?;
        let folded = lanes(active).map(|lane| values[lane]).reduce(|one, two| function([one, two, 0]));
        self.registers.set(to, active, |_| folded.unwrap_or_default());
        Ok(())
    }
}

/// The lane that a lane asks, and whether that lies in its segment; if not, it asks itself.
fn source(mode: Mode, lane: u32, by: u32, clamp: u32) -> (u32, bool) {
    let (by, bound, segment) = (by & 31, clamp & 31, (clamp >> 8) & 31);
    let first = lane & segment;
    let last = first | (bound & !segment);
    let asked = match mode {
        // Of `up`, the bound is the lowest lane.
        Mode::Up => lane.checked_sub(by).filter(|asked| *asked >= last),
        Mode::Down => Some(lane + by).filter(|asked| *asked <= last),
        Mode::Butterfly => Some(lane ^ by).filter(|asked| *asked <= last),
        Mode::Index => Some(first | (by & !segment)).filter(|asked| *asked <= last),
    };
    (asked.unwrap_or(lane), asked.is_some())
}
