//! The GPU: memory by address, modules, launches.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use sptx_ptx_machine::{Launch, Machine, Module};

use super::Code;
use super::event::Event;
use super::handles::Handles;

/// Where the first buffer lies, and by how much buffers lie apart at least.
const PAGE: u64 = 1 << 16;

/// An entry point of a module.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) module: Arc<Module>,
    pub(crate) entry: String,
}

/// The GPU.
#[derive(Debug)]
pub(crate) struct Gpu {
    buffers: BTreeMap<u64, Vec<u32>>,
    pub(crate) events: Handles<Event>,
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

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

impl Gpu {
    fn new() -> Self {
        let memory = number("SPTX_STAND_IN_BYTES").map_or(1 << 30, |bytes| bytes as usize);
        let left = number("SPTX_STAND_IN_LAUNCHES");
        Self { buffers: BTreeMap::new(), events: Handles::new(1), next: PAGE, memory, left, broken: None }
    }

    /// Whether it still works.
    pub(crate) fn check(&self) -> Result<(), Code> {
        self.broken.map_or(Ok(()), Err)
    }

    /// Bytes that are not taken.
    pub(crate) fn free_bytes(&self) -> usize {
        self.memory - self.buffers.values().map(|words| 4 * words.len()).sum::<usize>()
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

    /// Runs an entry point on the buffers that begin at these addresses.
    pub(crate) fn launch(
        &mut self,
        function: &Function,
        [workgroups, threads]: [u32; 2],
        addresses: &[u64],
        parameters: &[u32],
    ) -> Result<(), Code> {
        self.check()?;
        if self.left == Some(0) {
            self.broken = Some(Code::LaunchFailed);
            return self.check();
        }
        self.left = self.left.map(|left| left - 1);
        let entry = function.module.entry(&function.entry).ok_or(Code::NotFound)?;
        let mut buffers = Vec::with_capacity(addresses.len());
        for address in addresses {
            buffers.push(std::mem::take(self.buffers.get_mut(address).ok_or(Code::InvalidValue)?));
        }
        let launch = Launch { workgroups, threads, parameters };
        let result = Machine::default().launch(entry, launch, &mut buffers);
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
