//! Between registers and memory.

use super::Statistics;
use super::group::{Context, WARP};
use super::memory::{Access, Kind};
use super::registers::{Lanes, Trouble, lanes};
use super::warp::Warp;

use crate::error::What;
use crate::instruction::{Address, Atomic, Copy, Load, Space, Store, Strength, Vector};

/// An asynchronous copy by one thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    to: u64,
    from: u64,
    bytes: u32,
    /// So many bytes are read, the rest is 0.
    read: u32,
}

/// The words of an access of up to 16 bytes.
type Words = [u32; 4];

fn item<T: std::marker::Copy>(words: &Words, vector: &Vector<T>, index: u32) -> u64 {
    let index = index as usize;
    match vector.bytes {
        8 => u64::from(words[2 * index]) | (u64::from(words[2 * index + 1]) << 32),
        _ => words[index].into(),
    }
}

fn set_item<T: std::marker::Copy>(words: &mut Words, vector: &Vector<T>, index: u32, value: u64) {
    let index = index as usize;
    if vector.bytes == 8 {
        (words[2 * index], words[2 * index + 1]) = (value as u32, (value >> 32) as u32);
    } else {
        words[index] = value as u32;
    }
}

impl Warp {
    fn addresses(&self, space: Space, address: Address, active: u32, context: &Context<'_>) -> Result<Lanes, Trouble> {
        let bits = match space {
            Space::Global => u64::MAX,
            Space::Shared => u32::MAX.into(),
        };
        let bases = self.read(address.base, active, context)?;
        Ok(bases.map(|base| base.wrapping_add_signed(address.offset) & bits))
    }

    fn access(&self, lane: usize, kind: Kind, space: Space, (address, bytes): (u64, u32)) -> Access {
        let thread = self.number() * WARP + lane as u32;
        Access { space, address, bytes, thread, kind, strength: Strength::Weak }
    }

    pub(super) fn load(&mut self, load: &Load, active: u32, context: &mut Context<'_>) -> Result<(), Trouble> {
        let (space, size) = (load.space, load.to.size());
        let addresses = self.addresses(space, load.address, active, context)?;
        context.statistics.count(Kind::Load, space, &addresses, size, active);
        let mut loaded = [[0; 4]; 32];
        for lane in lanes(active) {
            let access = self.access(lane, Kind::Load, space, (addresses[lane], size));
            loaded[lane] = read(Access { strength: load.strength, ..access }, context).map_err(at(lane))?;
        }
        for (index, to) in load.to.iter() {
            self.registers.set(to, active, |lane| item(&loaded[lane], &load.to, index));
        }
        Ok(())
    }

    pub(super) fn store(&mut self, store: &Store, active: u32, context: &mut Context<'_>) -> Result<(), Trouble> {
        let (space, size) = (store.space, store.from.size());
        let addresses = self.addresses(space, store.address, active, context)?;
        context.statistics.count(Kind::Store, space, &addresses, size, active);
        let stored = self.values(&store.from, active, context)?;
        for lane in lanes(active) {
            let access = self.access(lane, Kind::Store, space, (addresses[lane], size));
            write(Access { strength: store.strength, ..access }, &stored[lane], context).map_err(at(lane))?;
        }
        Ok(())
    }

    /// The words that each lane has in a vector's registers.
    fn values(
        &self,
        from: &Vector<crate::instruction::Operand>,
        active: u32,
        context: &Context<'_>,
    ) -> Result<[Words; 32], Trouble> {
        let mut words = [[0; 4]; 32];
        for (index, operand) in from.iter() {
            let values = self.read(operand, active, context)?;
            (0..32).for_each(|lane| set_item(&mut words[lane], from, index, values[lane]));
        }
        Ok(words)
    }

    pub(super) fn atomic(&mut self, atomic: &Atomic, active: u32, context: &mut Context<'_>) -> Result<(), Trouble> {
        let (space, size) = (atomic.space, atomic.from.size());
        let addresses = self.addresses(space, atomic.address, active, context)?;
        context.statistics.count(Kind::Change, space, &addresses, size, active);
        let operands = self.values(&atomic.from, active, context)?;
        let third = self.read(atomic.third, active, context)?;
        let mut before = [[0; 4]; 32];
        for lane in lanes(active) {
            let access = self.access(lane, Kind::Change, space, (addresses[lane], size));
            let old = read(access, context).map_err(at(lane))?;
            let mut new = old;
            for (index, _) in atomic.from.iter() {
                let operand = item(&operands[lane], &atomic.from, index);
                let value = (atomic.function)([item(&old, &atomic.from, index), operand, third[lane]]);
                set_item(&mut new, &atomic.from, index, value);
            }
            write(access, &new, context).map_err(at(lane))?;
            before[lane] = old;
        }
        if let Some(to) = atomic.to {
            self.registers.set(to, active, |lane| item(&before[lane], &atomic.from, 0));
        }
        Ok(())
    }

    /// Begins copies.
    pub(super) fn copy(&mut self, copy: &Copy, active: u32, context: &mut Context<'_>) -> Result<(), Trouble> {
        let to = self.addresses(Space::Shared, copy.to, active, context)?;
        let from = self.addresses(Space::Global, copy.from, active, context)?;
        let read = match copy.read {
            Some(read) => self.read(read, active, context)?,
            None => [copy.bytes.into(); 32],
        };
        context.statistics.count(Kind::Load, Space::Global, &from, copy.bytes, active);
        for lane in lanes(active) {
            let read = u64::from(copy.bytes).min(read[lane]) as u32;
            let pending = Pending { to: to[lane], from: from[lane], bytes: copy.bytes, read };
            let target = self.access(lane, Kind::Store, Space::Shared, (pending.to, pending.bytes));
            self.fetch(lane, pending, context).map_err(at(lane))?;
            context.memory.begin_copy(target).map_err(at(lane))?;
            self.copies[lane].1.push(pending);
        }
        Ok(())
    }

    /// What a copy reads.
    fn fetch(&self, lane: usize, pending: Pending, context: &mut Context<'_>) -> Result<Words, What> {
        let Pending { from, bytes, read: count, .. } = pending;
        if count == 0 {
            return Ok([0; 4]);
        }
        let mut words = read(self.access(lane, Kind::Load, Space::Global, (from, bytes)), context)?;
        for (word, first) in words.iter_mut().zip((0..).step_by(4)) {
            let kept = count.saturating_sub(first).min(4);
            *word &= ((1_u64 << (8 * kept)) - 1) as u32;
        }
        Ok(words)
    }

    /// Makes a group of the copies that have none.
    pub(super) fn commit(&mut self, active: u32) {
        for lane in lanes(active) {
            let (groups, open) = &mut self.copies[lane];
            groups.push_back(std::mem::take(open));
        }
    }

    /// Ends copies until so many groups are left; all copies where there is no number.
    pub(super) fn wait(&mut self, left: Option<u32>, active: u32, context: &mut Context<'_>) -> Result<(), Trouble> {
        if left.is_none() {
            self.commit(active);
        }
        for lane in lanes(active) {
            let groups = &mut self.copies[lane].0;
            let ended = groups.len().saturating_sub(left.unwrap_or(0) as usize);
            let ended: Vec<Pending> = groups.drain(..ended).flatten().collect();
            for pending in ended {
                self.finish(lane, pending, context).map_err(at(lane))?;
            }
        }
        Ok(())
    }

    fn finish(&self, lane: usize, pending: Pending, context: &mut Context<'_>) -> Result<(), What> {
        let words = self.fetch(lane, pending, context)?;
        let target = self.access(lane, Kind::Store, Space::Shared, (pending.to, pending.bytes));
        let span = context.memory.end_copy(target)?;
        let target = context.memory.words(span);
        target.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        Ok(())
    }
}

fn at(lane: usize) -> impl Fn(What) -> Trouble {
    move |what| (lane as u32, what)
}

fn read(access: Access, context: &mut Context<'_>) -> Result<Words, What> {
    let span = context.memory.access(access)?;
    let mut words = [0; 4];
    words.iter_mut().zip(context.memory.words(span)).for_each(|(to, word)| *to = *word);
    Ok(words)
}

fn write(access: Access, words: &Words, context: &mut Context<'_>) -> Result<(), What> {
    let span = context.memory.access(access)?;
    context.memory.words(span).iter_mut().zip(words).for_each(|(to, word)| *to = *word);
    Ok(())
}

impl Statistics {
    fn count(&mut self, kind: Kind, space: Space, addresses: &Lanes, bytes: u32, active: u32) {
        match space {
            Space::Global => {
                let counter = match kind {
                    Kind::Load => &mut self.loads,
                    Kind::Store => &mut self.stores,
                    Kind::Change => &mut self.atomics,
                };
                *counter += 1;
                self.sectors += distinct(lanes(active).map(|lane| addresses[lane] / 32));
            }
            Space::Shared => {
                self.shared += 1;
                self.conflicts += conflicts(addresses, bytes, active);
            }
        }
    }
}

fn distinct(numbers: impl Iterator<Item = u64>) -> u64 {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len() as u64
}

/// Shared memory has 32 banks of 4 bytes. Accesses of 8 bytes are made by half a warp at once, of 16 by a quarter.
fn conflicts(addresses: &Lanes, bytes: u32, active: u32) -> u64 {
    let (words, together) = (u64::from(bytes / 4), (32 / (bytes / 4)) as usize);
    let at_once = (0..32).step_by(together).map(|first| {
        let asking = lanes(active).filter(|lane| (first..first + together).contains(lane));
        let mut asked: Vec<u64> =
            asking.flat_map(|lane| (0..words).map(move |word| addresses[lane] / 4 + word)).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut banks = [0_u64; 32];
        asked.iter().for_each(|word| banks[(word % 32) as usize] += 1);
        banks.into_iter().max().unwrap_or_default().saturating_sub(1)
    });
    at_once.sum()
}
