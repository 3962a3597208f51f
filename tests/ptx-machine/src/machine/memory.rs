//! Buffers and shared memory: every access is checked.

use super::shadow::{Touch, Touches, Who};

use crate::error::What;
use crate::instruction::{Space, Strength};
use crate::module::{Entry, STRETCH};

/// Buffers lie this many bits of address apart, each in the middle of its stretch.
const BUFFER_BITS: u32 = 40;

/// The address of a buffer.
pub(super) fn buffer_address(number: usize) -> u64 {
    ((number as u64 + 1) << BUFFER_BITS) + (1 << (BUFFER_BITS - 1))
}

/// All that a launch reads and writes.
pub(super) struct Memory<'a> {
    buffers: Vec<Region<'a>>,
    shared: Vec<Region<'a>>,
    workgroup: u32,
    /// One more after each barrier, and in each workgroup.
    epoch: u64,
}

/// A buffer, or a shared array.
struct Region<'a> {
    name: &'a str,
    base: u64,
    bytes: u64,
    words: &'a mut [u32],
    /// What threads did since the last barrier.
    threads: Vec<(u64, Touches)>,
    /// Of buffers: what workgroups did.
    groups: Vec<Touches>,
    /// Of buffers: words that must not be written.
    constant: Vec<bool>,
    /// Of buffers: words that were written.
    written: Vec<bool>,
    /// Of shared arrays: words that have been written.
    defined: Vec<bool>,
    /// Of shared arrays: words to which a copy is under way.
    awaited: Vec<bool>,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Load,
    Store,
    /// Both, in one indivisible step.
    Change,
}

/// An access by one thread.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) space: Space,
    pub(super) address: u64,
    pub(super) bytes: u32,
    pub(super) thread: u32,
    pub(super) kind: Kind,
    pub(super) strength: Strength,
}

impl Access {
    fn touch(self) -> Touch {
        match (self.kind, self.strength) {
            (Kind::Change, _) | (_, Strength::Atomic) => Touch::Atomic,
            (Kind::Store, _) => Touch::Write,
            (Kind::Load, _) => Touch::Read,
        }
    }
}

/// Words that may be accessed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    space: Space,
    region: usize,
    first: usize,
    words: usize,
}

impl<'a> Memory<'a> {
    pub(super) fn new(entry: &'a Entry, buffers: &'a mut [Vec<u32>], shared: &'a mut [Vec<u32>]) -> Self {
        let buffers = entry.buffers().zip(buffers.iter_mut()).enumerate().map(|(number, (name, words))| Region {
            name,
            base: buffer_address(number),
            bytes: 4 * words.len() as u64,
            threads: vec![(0, Touches::NONE); words.len()],
            groups: vec![Touches::NONE; words.len()],
            constant: vec![false; words.len()],
            written: vec![false; words.len()],
            defined: Vec::new(),
            awaited: Vec::new(),
            words,
        });
        let shared = entry.shared.iter().zip(shared.iter_mut()).map(|(array, words)| Region {
            name: &array.name,
            base: array.base.into(),
            bytes: array.bytes.into(),
            threads: vec![(0, Touches::NONE); words.len()],
            groups: Vec::new(),
            constant: Vec::new(),
            written: Vec::new(),
            defined: vec![false; words.len()],
            awaited: vec![false; words.len()],
            words,
        });
        Self { buffers: buffers.collect(), shared: shared.collect(), workgroup: 0, epoch: 0 }
    }

    /// Begins a workgroup: its shared memory is undefined.
    pub(super) fn begin(&mut self, workgroup: u32) {
        self.workgroup = workgroup;
        self.barrier();
        for region in &mut self.shared {
            region.defined.fill(false);
            region.awaited.fill(false);
        }
    }

    /// Orders what the workgroup's threads did with what they will do.
    pub(super) fn barrier(&mut self) {
        self.epoch += 1;
    }

    fn region(&mut self, space: Space, number: usize) -> &mut Region<'a> {
        match space {
            Space::Global => &mut self.buffers[number],
            Space::Shared => &mut self.shared[number],
        }
    }

    /// Where an access goes.
    fn find(&self, access: Access) -> Result<Span, What> {
        let Access { space, address, bytes, .. } = access;
        let (number, regions) = match space {
            Space::Global => (address >> BUFFER_BITS, &self.buffers),
            Space::Shared => (address / u64::from(STRETCH), &self.shared),
        };
        let number = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let Some((number, region)) = number.and_then(|number| Some((number, regions.get(number)?))) else {
            return Err(What::Wild { address });
        };
        let offset = address as i64 - region.base as i64;
        let place = || region.name.to_owned();
        let end = u64::try_from(offset).ok().map(|offset| offset + u64::from(bytes));
        if end.is_none_or(|end| end > region.bytes) {
            return Err(What::OutOfBounds { place: place(), offset, bytes, size: region.bytes });
        }
        if !address.is_multiple_of(bytes.into()) {
            return Err(What::Misaligned { place: place(), offset, bytes });
        }
        Ok(Span { space, region: number, first: offset as usize / 4, words: bytes as usize / 4 })
    }

    /// The words of an access, if it may be made.
    pub(super) fn access(&mut self, access: Access) -> Result<Span, What> {
        let span = self.find(access)?;
        let (epoch, workgroup) = (self.epoch, self.workgroup);
        let region = self.region(span.space, span.region);
        for word in span.first..span.first + span.words {
            match span.space {
                Space::Global => region.global(word, workgroup, access)?,
                Space::Shared => region.shared(word, access)?,
            }
            region.by_threads(word, epoch, access)?;
        }
        Ok(span)
    }

    /// A copy to these shared words begins: until it ends nobody may touch them.
    pub(super) fn begin_copy(&mut self, access: Access) -> Result<Span, What> {
        let span = self.find(access)?;
        let epoch = self.epoch;
        let region = self.region(span.space, span.region);
        for word in span.first..span.first + span.words {
            region.settled(word)?;
            region.by_threads(word, epoch, access)?;
            region.awaited[word] = true;
        }
        Ok(span)
    }

    /// The copy to these shared words ends.
    pub(super) fn end_copy(&mut self, access: Access) -> Result<Span, What> {
        let span = self.find(access)?;
        let region = self.region(span.space, span.region);
        region.awaited[span.first..span.first + span.words].fill(false);
        self.access(access)
    }

    /// The words themselves.
    pub(super) fn words(&mut self, span: Span) -> &mut [u32] {
        &mut self.region(span.space, span.region).words[span.first..span.first + span.words]
    }
}

impl Region<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn by_threads(&mut self, word: usize, epoch: u64, access: Access) -> Result<(), What> {
        let (last, touches) = &mut self.threads[word];
        if *last != epoch {
            (*last, *touches) = (epoch, Touches::NONE);
        }
        let raced = touches.access(access.thread, access.touch());
        raced.map_err(|other: Who| What::Race { place: self.name(), word, other: other.one() })
    }

    fn global(&mut self, word: usize, workgroup: u32, access: Access) -> Result<(), What> {
        let raced = self.groups[word].access(workgroup, access.touch());
        raced.map_err(|other: Who| What::RaceOfWorkgroups { place: self.name(), word, other: other.one() })?;
        self.constant[word] |= access.strength == Strength::Constant;
        self.written[word] |= access.kind != Kind::Load;
        if self.constant[word] && self.written[word] {
            return Err(What::NotConstant { place: self.name(), word });
        }
        Ok(())
    }

    fn shared(&mut self, word: usize, access: Access) -> Result<(), What> {
        self.settled(word)?;
        if access.kind == Kind::Store {
            self.defined[word] = true;
        } else if !self.defined[word] {
            return Err(What::Undefined { place: self.name(), word });
        }
        Ok(())
    }

    fn settled(&self, word: usize) -> Result<(), What> {
        if self.awaited[word] { Err(What::CopyUnderWay { place: self.name(), word }) } else { Ok(()) }
    }
}
