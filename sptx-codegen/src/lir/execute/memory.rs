//! Buffers and shared memory: every access is checked.

use super::super::print::place_name;
use super::super::{Access, Barrier, Kernel, Place, SharedId};
use super::What;
use super::shadow::{Groups, Threads, Who};

/// All that a kernel reads and writes, in one workgroup after another.
pub(super) struct Memory<'a> {
    kernel: &'a Kernel,
    buffers: Vec<Buffer<'a>>,
    shared: Vec<Shared>,
    /// The copies under way.
    pending: Vec<Pending>,
    workgroup: u32,
    /// One more after each barrier of the kind, and in each workgroup.
    epochs: Epochs,
}

#[derive(Default)]
struct Epochs {
    shared: u32,
    buffers: u32,
}

struct Buffer<'a> {
    /// As many words as whole accesses of the buffer's lanes reach: a target that has vectors of them sees no more.
    words: &'a mut [u32],
    /// Of buffers that are written, by others than atomic operations and changes: these do not race with one another.
    shadow: Option<(Threads, Groups)>,
}

struct Shared {
    words: Vec<u32>,
    defined: Vec<bool>,
    /// Whether a copy to the word is under way.
    awaited: Vec<bool>,
    shadow: Threads,
}

/// A copy to shared memory that a thread has not waited for.
struct Pending {
    shared: SharedId,
    to: Span,
    words: Vec<u32>,
}

/// Some words of memory, by a thread.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) place: Place,
    pub(super) index: u32,
    pub(super) lanes: u8,
    pub(super) thread: u32,
}

impl<'a> Memory<'a> {
    pub(super) fn new(kernel: &'a Kernel, buffers: &'a mut [Vec<u32>]) -> Self {
        let buffers = buffers.iter_mut().zip(kernel.buffers.iter()).map(|(words, (_, declared))| {
            let whole = words.len() - words.len() % usize::from(declared.lanes);
            let words = &mut words[..whole];
            let shadow = match declared.access {
                Access::ReadWrite => Some((Threads::new(whole), Groups::new(whole))),
                Access::Read | Access::Atomic => None,
            };
            Buffer { words, shadow }
        });
        let shared = kernel.shared.iter().map(|(_, declared)| declared.words as usize).map(|words| Shared {
            words: vec![0; words],
            defined: vec![false; words],
            awaited: vec![false; words],
            shadow: Threads::new(words),
        });
        let (buffers, shared) = (buffers.collect(), shared.collect());
        Self { kernel, buffers, shared, pending: Vec::new(), workgroup: 0, epochs: Epochs::default() }
    }

    /// Begins a workgroup: its shared memory is undefined.
    pub(super) fn begin(&mut self, workgroup: u32) {
        self.workgroup = workgroup;
        self.barrier(Barrier::Shared);
        self.barrier(Barrier::Buffers);
        self.pending.clear();
        for shared in &mut self.shared {
            shared.defined.fill(false);
            shared.awaited.fill(false);
        }
    }

    /// Begins a copy between spans of a thread's. Both are touched now, and the words there once more when it ends: races
    /// with what other threads do meanwhile are found.
    pub(super) fn begin_copy(&mut self, shared: SharedId, to: Span, from: Span) -> Result<(), What> {
        let words = self.read(from)?.to_vec();
        self.write(to)?;
        let first = to.index as usize;
        self.shared[shared.index()].awaited[first..first + words.len()].fill(true);
        self.pending.push(Pending { shared, to, words });
        Ok(())
    }

    /// Ends a thread's copies.
    pub(super) fn end_copies(&mut self, thread: u32) -> Result<(), What> {
        let (ended, left) = std::mem::take(&mut self.pending).into_iter().partition(|copy| copy.to.thread == thread);
        self.pending = left;
        let ended: Vec<Pending> = ended;
        for Pending { shared, to, words } in ended {
            let first = to.index as usize;
            self.shared[shared.index()].awaited[first..first + words.len()].fill(false);
            self.write(to)?.copy_from_slice(&words);
        }
        Ok(())
    }

    pub(super) fn barrier(&mut self, barrier: Barrier) {
        match barrier {
            Barrier::Shared => self.epochs.shared += 1,
            Barrier::Buffers => self.epochs.buffers += 1,
        }
    }

    /// The words of a span, to be read.
    pub(super) fn read(&mut self, span: Span) -> Result<&[u32], What> {
        self.words(span, false).map(|words| &*words)
    }

    /// The words of a span, to be written.
    pub(super) fn write(&mut self, span: Span) -> Result<&mut [u32], What> {
        self.words(span, true)
    }

    fn words(&mut self, span: Span, writes: bool) -> Result<&mut [u32], What> {
        let Span { place, index, lanes, thread } = span;
        let (kernel, workgroup) = (self.kernel, self.workgroup);
        let name = || place_name(kernel, place);
        let length = match place {
            Place::Buffer(buffer) => self.buffers[buffer.index()].words.len(),
            Place::Shared(shared) => self.shared[shared.index()].words.len(),
        };
        let first = index as usize;
        let range = first..first + usize::from(lanes);
        if range.end > length {
            return Err(What::OutOfBounds { place: name(), index, lanes, words: length });
        }
        if !index.is_multiple_of(lanes.into()) {
            return Err(What::Misaligned { place: name(), index, lanes });
        }
        let by_threads = |index: usize, other: Who| What::Race { place: name(), index, other: other.one() };
        match place {
            Place::Buffer(buffer) => {
                let buffer = &mut self.buffers[buffer.index()];
                if let Some((threads, groups)) = &mut buffer.shadow {
                    for index in range.clone() {
                        let by_groups =
                            |other: Who| What::RaceOfWorkgroups { place: name(), index, other: other.one() };
                        groups.access(index, workgroup, writes).map_err(by_groups)?;
                        let raced = threads.access(index, thread, self.epochs.buffers, writes);
                        raced.map_err(|other| by_threads(index, other))?;
                    }
                }
                Ok(&mut buffer.words[range])
            }
            Place::Shared(shared) => {
                let shared = &mut self.shared[shared.index()];
                for index in range.clone() {
                    let raced = shared.shadow.access(index, thread, self.epochs.shared, writes);
                    raced.map_err(|other| by_threads(index, other))?;
                    if shared.awaited[index] {
                        return Err(What::CopyUnderWay { place: name(), index });
                    }
                    if writes {
                        shared.defined[index] = true;
                    } else if !shared.defined[index] {
                        return Err(What::Undefined { place: name(), index });
                    }
                }
                Ok(&mut shared.words[range])
            }
        }
    }
}
