//! The GPU: memory by address, launches, and what is given out by handle.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use sptx_ptx_machine::Machine;

use super::Code;
use super::event::Event;
use super::graph::{Executable, Graph, Launch};
use super::handles::Handles;
use super::module::{Function, Loaded};

/// Where the first buffer lies, and by how much buffers lie apart at least.
const PAGE: u64 = 1 << 16;

/// The GPU.
#[derive(Debug)]
pub(crate) struct Gpu {
    buffers: BTreeMap<u64, Vec<u32>>,
    pub(crate) streams: Handles<()>,
    pub(crate) events: Handles<Event>,
    pub(crate) modules: Handles<Loaded>,
    pub(crate) functions: Handles<Function>,
    pub(crate) graphs: Handles<Graph>,
    /// Of each node the graph that it is of.
    pub(crate) nodes: Handles<usize>,
    pub(crate) executables: Handles<Executable>,
    /// Of each of cuBLAS's handles the stream that it works by.
    pub(crate) blas: Handles<Option<usize>>,
    next: u64,
    /// Bytes there are.
    pub(crate) memory: usize,
    /// Launches until it is gone.
    left: Option<u64>,
    /// What every call gives since something went wrong.
    broken: Option<Code>,
}

/// The GPU, which there is one of.
pub(crate) fn gpu() -> MutexGuard<'static, Gpu> {
    static GPU: LazyLock<Mutex<Gpu>> = LazyLock::new(|| Mutex::new(Gpu::new()));
    GPU.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the environment says of this GPU.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Option<u64> {
    variable(name)?.parse().ok()
}

impl Gpu {
    fn new() -> Self {
        let memory = number("SPTX_STAND_IN_BYTES").map_or(1 << 30, |bytes| bytes as usize);
        let left = number("SPTX_STAND_IN_LAUNCHES");
        Self {
            buffers: BTreeMap::new(),
            streams: Handles::new(1),
            events: Handles::new(2),
            modules: Handles::new(3),
            functions: Handles::new(4),
            graphs: Handles::new(5),
            nodes: Handles::new(6),
            executables: Handles::new(7),
            blas: Handles::new(8),
            next: PAGE,
            memory,
            left,
            broken: None,
        }
    }

    /// Whether it still works.
    pub(crate) fn check(&self) -> Result<(), Code> {
        self.broken.map_or(Ok(()), Err)
    }

    /// The GPU, where it works and a stream is one: the null stream is.
    pub(crate) fn on(&mut self, stream: *mut c_void) -> Result<&mut Self, Code> {
        if !stream.is_null() {
            self.streams.get(stream)?;
        }
        self.check().map(|()| self)
    }

    /// Bytes that are not taken.
    pub(crate) fn free_bytes(&self) -> usize {
        let words = self.buffers.values().map(Vec::len).sum::<usize>();
        self.memory - 4 * words - self.modules.iter().map(|module| module.bytes).sum::<usize>()
    }

    /// Memory for so many bytes: its address.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Result<u64, Code> {
        self.check()?;
        if bytes == 0 || !bytes.is_multiple_of(4) {
            return Err(Code::InvalidValue);
        }
        if bytes > self.free_bytes() {
            return Err(Code::OutOfMemory);
        }
        let address = self.next;
        self.next = (address + bytes as u64 + PAGE).next_multiple_of(PAGE);
        // What is not written yet is no number.
        self.buffers.insert(address, vec![0xFFC1_2345; bytes / 4]);
        Ok(address)
    }

    /// Gives memory back.
    pub(crate) fn release(&mut self, address: u64) -> Result<(), Code> {
        self.buffers.remove(&address).map_or(Err(Code::InvalidValue), |_| Ok(()))
    }

    /// The words of so many bytes from an address on.
    pub(crate) fn words(&mut self, address: u64, bytes: usize) -> Result<&mut [u32], Code> {
        self.check()?;
        let (base, words) = self.buffers.range_mut(..=address).next_back().ok_or(Code::InvalidValue)?;
        let at = (address - base) as usize;
        let aligned = at.is_multiple_of(4) && bytes.is_multiple_of(4);
        words.get_mut(at / 4..(at + bytes) / 4).filter(|_| aligned).ok_or(Code::InvalidValue)
    }

    /// Copies bytes from an address on to another.
    pub(crate) fn copy(&mut self, to: u64, from: u64, bytes: usize) -> Result<(), Code> {
        let words = self.words(from, bytes)?.to_vec();
        self.words(to, bytes).map(|place| place.copy_from_slice(&words))
    }

    /// Milliseconds from one event to another.
    pub(crate) fn milliseconds(&mut self, start: *mut c_void, end: *mut c_void) -> Result<f32, Code> {
        self.check()?;
        let start = self.events.get(start)?.time()?;
        let passed = self.events.get(end)?.time()?.duration_since(start);
        Ok(1e3 * passed.as_secs_f32())
    }

    /// Whether what a launch is of and its buffers are there.
    pub(crate) fn check_launch(&mut self, launch: &Launch) -> Result<(), Code> {
        self.check()?;
        self.functions.get(launch.function)?.entry()?;
        let known = launch.addresses.iter().all(|address| self.buffers.contains_key(address));
        if known { Ok(()) } else { Err(Code::InvalidValue) }
    }

    /// Makes a launch.
    pub(crate) fn launch(&mut self, launch: &Launch) -> Result<(), Code> {
        self.check_launch(launch)?;
        if self.left == Some(0) {
            self.broken = Some(Code::LaunchFailed);
            return self.check();
        }
        self.left = self.left.map(|left| left - 1);
        let Launch { function, workgroups, threads, addresses, words } = launch;
        let function = self.functions.get(*function)?.clone();
        let take = |address: &u64| self.buffers.get_mut(address).map(std::mem::take).unwrap_or_default();
        let mut buffers: Vec<_> = addresses.iter().map(take).collect();
        let made = sptx_ptx_machine::Launch { workgroups: *workgroups, threads: *threads, parameters: words };
        let result = Machine::default().launch(function.entry()?, made, &mut buffers);
        for (address, words) in addresses.iter().zip(buffers) {
            self.buffers.insert(*address, words);
        }
        result.map(|_| ()).map_err(|fault| {
            eprintln!("{fault}");
            self.broken = Some(Code::IllegalAddress);
            Code::IllegalAddress
        })
    }
}
