//! The PTX machine as a device.

use std::cell::RefCell;

use sptx_codegen::emit::ptx;
use sptx_ptx_machine::{Launch, Machine, Module, Order};
use sptx_runtime::gpu::{Artifact, Capabilities, Device, DeviceError};

use crate::RESIDENT_THREADS;

/// The PTX machine as a device: a kernel that does what it must not do is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct PtxMachine(Machine);

impl PtxMachine {
    /// One whose warps and workgroups run in an order that the seed decides, another after each barrier.
    pub fn shuffled(seed: u64) -> Self {
        Self(Machine { order: Order::Shuffled { seed }, ..Machine::default() })
    }
}

/// A module, with the threads of a workgroup.
#[derive(Clone, Debug)]
pub struct PtxKernel {
    module: Module,
    threads: u32,
}

impl Device for PtxMachine {
    type Buffer = RefCell<Vec<u32>>;
    type Kernel = PtxKernel;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        Capabilities { resident_threads: RESIDENT_THREADS, ..ptx::CAPABILITIES }
    }

    fn load(&self, artifact: &Artifact) -> Result<PtxKernel, DeviceError> {
        let refused = |reason| DeviceError::Refused { entry: artifact.entry.clone(), reason };
        let module =
            Module::parse(&artifact.text).map_err(|mistake| refused(format!("{mistake}\n{}", artifact.text)))?;
        Ok(PtxKernel { module, threads: artifact.workgroup })
    }

    fn allocate(&self, words: usize) -> Result<Self::Buffer, DeviceError> {
        Ok(RefCell::new(vec![0; words]))
    }

    fn write(&self, buffer: &Self::Buffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        buffer.borrow_mut()[at..at + words.len()].copy_from_slice(words);
        Ok(())
    }

    fn read(&self, buffer: &Self::Buffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        words.copy_from_slice(&buffer.borrow()[at..at + words.len()]);
        Ok(())
    }

    fn copy(&self, from: &Self::Buffer, to: &Self::Buffer, words: usize) -> Result<(), DeviceError> {
        to.borrow_mut()[..words].copy_from_slice(&from.borrow()[..words]);
        Ok(())
    }

    fn wait(&self) -> Result<(), DeviceError> {
        Ok(())
    }

    fn launch(
        &self,
        kernel: &PtxKernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&Self::Buffer],
    ) -> Result<(), DeviceError> {
        let [entry] = kernel.module.entries() else { unreachable!("an artifact has one entry point") };
        let mut taken: Vec<Vec<u32>> = buffers.iter().map(|buffer| buffer.take()).collect();
        let launch = Launch { workgroups, threads: kernel.threads, parameters };
        let result = self.0.launch(entry, launch, &mut taken);
        buffers.iter().zip(taken).for_each(|(buffer, words)| _ = buffer.replace(words));
        let refused = |fault: sptx_ptx_machine::Fault| DeviceError::Refused {
            entry: entry.name().to_owned(),
            reason: fault.to_string(),
        };
        result.map(|_| ()).map_err(refused)
    }
}
