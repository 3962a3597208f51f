//! Operations on registers.

use super::group::Context;
use super::registers::{Trouble, lanes};
use super::warp::Warp;

use crate::error::What;
use crate::functions::float;
use crate::instruction::{Compare, Floats, OfBits, Operand, Operation, Slot};

impl Warp {
    /// Runs an operation that neither goes elsewhere nor waits.
    pub(super) fn execute(
        &mut self,
        operation: &Operation,
        active: u32,
        context: &mut Context<'_>,
    ) -> Result<(), Trouble> {
        match operation {
            Operation::Bits { function, to, from } => self.bits(*function, *to, from, active, context),
            Operation::Divide { function, to, from } => {
                let divisors = self.read(from[1], active, context)?;
                match lanes(active).find(|lane| divisors[*lane] == 0) {
                    Some(lane) => Err((lane as u32, What::DivisionByZero)),
                    None => self.bits(*function, *to, from, active, context),
                }
            }
            Operation::Floats(floats) => self.floats(floats, active, context),
            Operation::Compare(compare) => self.compare(compare, active, context),
            Operation::Unpack { to: [low, high], from, half } => {
                let values = self.read(*from, active, context)?;
                let mask = (1 << half) - 1;
                self.registers.set(*low, active, |lane| values[lane] & mask);
                self.registers.set(*high, active, |lane| values[lane] >> half);
                Ok(())
            }
            Operation::Parameter { to, index } => {
                let value = context.parameters[*index];
                self.registers.set(*to, active, |_| value);
                Ok(())
            }
            Operation::Load(load) => self.load(load, active, context),
            Operation::Store(store) => self.store(store, active, context),
            Operation::Atomic(atomic) => self.atomic(atomic, active, context),
            Operation::Copy(copy) => self.copy(copy, active, context),
            Operation::Commit => {
                self.commit(active);
                Ok(())
            }
            Operation::Wait(left) => self.wait(*left, active, context),
            Operation::Shuffle(shuffle) => self.shuffle(shuffle, active, context),
            Operation::Vote(vote) => self.vote(vote, active, context),
            Operation::Active { to } => {
                self.registers.set(*to, active, |_| active.into());
                Ok(())
            }
            Operation::Reduce { function, to, value, mask } => {
                self.fold(*function, *to, (*value, *mask), active, context)
            }
            Operation::WarpBarrier { mask } => self.all_of(*mask, active, context),
            Operation::Fence => Ok(()),
            Operation::Branch(_) | Operation::Barrier { .. } | Operation::Exit | Operation::Trap => {
                unreachable!("`step` runs these")
            }
        }
    }

    fn bits(
        &mut self,
        function: OfBits,
        to: Slot,
        from: &[Operand; 3],
        active: u32,
        context: &Context<'_>,
    ) -> Result<(), Trouble> {
        let a = self.read(from[0], active, context)?;
        let b = self.read(from[1], active, context)?;
        let c = self.read(from[2], active, context)?;
        self.registers.set(to, active, |lane| function([a[lane], b[lane], c[lane]]));
        Ok(())
    }

    fn floats(&mut self, floats: &Floats, active: u32, context: &Context<'_>) -> Result<(), Trouble> {
        let Floats { function, to, from, flush, saturate, paired } = floats;
        let a = self.read(from[0], active, context)?;
        let b = self.read(from[1], active, context)?;
        let c = self.read(from[2], active, context)?;
        let before = if *flush { float::flush } else { |value| value };
        let result = |operands: [u64; 3]| {
            let value = before(function(operands.map(|bits| before(float::of(bits)))));
            float::bits(if *saturate { float::saturate(value) } else { value })
        };
        self.registers.set(*to, active, |lane| {
            let operands = [a[lane], b[lane], c[lane]];
            let above = if *paired { result(operands.map(|bits| bits >> 32)) << 32 } else { 0 };
            above | result(operands)
        });
        Ok(())
    }

    fn compare(&mut self, compare: &Compare, active: u32, context: &Context<'_>) -> Result<(), Trouble> {
        let Compare { function, yes, no, from, flush, with } = compare;
        let [mut a, mut b] = [self.read(from[0], active, context)?, self.read(from[1], active, context)?];
        if *flush {
            let flushed = |bits: u64| u64::from(float::flush(float::of(bits)).to_bits());
            (a, b) = (a.map(flushed), b.map(flushed));
        }
        let join = match with {
            Some(with) => {
                let other = self.read(with.predicate, active, context)?.map(|bit| (bit != 0) != with.negated);
                Some((with.function, other))
            }
            None => None,
        };
        let joined = |holds: bool, lane: usize| {
            u64::from(join.as_ref().map_or(holds, |(function, other)| function(holds, other[lane])))
        };
        if let Some(yes) = yes {
            self.registers.set(*yes, active, |lane| joined(function(a[lane], b[lane]), lane));
        }
        if let Some(no) = no {
            self.registers.set(*no, active, |lane| joined(!function(a[lane], b[lane]), lane));
        }
        Ok(())
    }
}
