//! A device that runs kernels by the definition of their IR.

use std::cell::RefCell;
use std::collections::HashMap;

use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::lir::{Kernel, Launch, execute};
use sptx_runtime::gpu::{Artifact, Capabilities, Device, DeviceError, Schedule, Steps};
use sptx_runtime::program::Model;

/// The executor of the loop-level IR as a device: what it runs has no race, no access out of bounds, no divergent barrier,
/// or the run is refused.
#[derive(Debug)]
pub struct Executor {
    kernels: HashMap<String, Kernel>,
    capabilities: Capabilities,
}

impl Executor {
    /// A device of these capabilities that knows a model's kernels under a schedule, with their artifacts.
    pub fn new(model: &Model, schedule: Schedule, capabilities: Capabilities) -> (Self, Vec<Artifact>) {
        Self::of(crate::kernels(model, schedule), schedule, capabilities)
    }

    /// The same, that knows the kernels of a run's steps.
    pub fn training(
        model: &Model,
        schedule: Schedule,
        steps: &Steps,
        capabilities: Capabilities,
    ) -> (Self, Vec<Artifact>) {
        Self::of(gpu::steps(model, &schedule, steps), schedule, capabilities)
    }

    /// The same, that knows some kernels which were made under the schedule.
    pub fn of(plans: Vec<Plan>, schedule: Schedule, capabilities: Capabilities) -> (Self, Vec<Artifact>) {
        let artifacts = plans.iter().map(|plan| artifact(plan, schedule)).collect();
        let kernels = plans.into_iter().map(|plan| (plan.kernel.name.clone(), plan.kernel)).collect();
        (Self { kernels, capabilities }, artifacts)
    }
}

fn artifact(Plan { role, rows, kernel }: &Plan, schedule: Schedule) -> Artifact {
    sptx_codegen::emit::artifact(*role, schedule, kernel, *rows, kernel.to_string())
}

impl Device for Executor {
    type Buffer = RefCell<Vec<u32>>;
    type Kernel = Kernel;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn load(&self, artifact: &Artifact) -> Result<Kernel, DeviceError> {
        Ok(self.kernels[&artifact.entry].clone())
    }

    fn allocate(&self, words: usize) -> Result<Self::Buffer, DeviceError> {
        if words > self.capabilities.binding_words as usize {
            let reason = format!("a binding has {} words", self.capabilities.binding_words);
            return Err(DeviceError::OutOfMemory { bytes: 4 * words as u64, reason });
        }
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
        kernel: &Kernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&Self::Buffer],
    ) -> Result<(), DeviceError> {
        let subgroup = self.capabilities.subgroups.map_or(32, |(_, most)| most);
        let mut taken: Vec<Vec<u32>> = buffers.iter().map(|buffer| buffer.take()).collect();
        let result = execute(kernel, Launch { workgroups, subgroup, parameters }, &mut taken);
        buffers.iter().zip(taken).for_each(|(buffer, words)| _ = buffer.replace(words));
        let refused = |fault: sptx_codegen::lir::Fault| DeviceError::Refused {
            entry: kernel.name.clone(),
            reason: format!("{fault}\n{kernel}"),
        };
        result.map_err(refused)
    }
}
