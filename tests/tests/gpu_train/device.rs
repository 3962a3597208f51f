//! Devices for trainers.

use std::cell::Cell;
use std::rc::Rc;

use sptx_codegen::emit::ptx;
use sptx_runtime::gpu::{Artifact, Capabilities, Device, DeviceError, Schedule};
use sptx_runtime::wgpu::WgpuDevice;
use sptx_tests::{Executor, PtxMachine, artifacts_of, schedules_run_on};
use sptx_train::Trainer;

/// An executor with the kernels of a trainer's steps.
pub(crate) fn executor(trainer: &Trainer, schedule: Schedule) -> (Executor, Vec<Artifact>) {
    let steps = trainer.device_training().expect("what GPUs do");
    Executor::training(trainer.engine().model(), schedule, &steps, schedules_run_on())
}

/// Steps by the executor.
pub(crate) fn on_executor(trainer: &mut Trainer, schedule: Schedule) {
    let (device, artifacts) = executor(trainer, schedule);
    trainer.train_on(device, artifacts).expect("a device");
}

/// Steps by the executor, with tables and what is kept of them in three bindings each.
pub(crate) fn on_executor_in_shards(trainer: &mut Trainer, schedule: Schedule) {
    let steps = trainer.device_training().expect("what GPUs do");
    let plans = sptx_codegen::gpu::steps(trainer.engine().model(), &schedule, &steps).into_iter();
    let plans: Vec<_> = plans.map(|plan| sptx_codegen::gpu::shard_tables(plan, 3)).collect();
    let (device, artifacts) = Executor::of(plans, schedule, schedules_run_on());
    trainer.train_on(device, artifacts).expect("a device");
}

/// Steps by the PTX machine.
pub(crate) fn on_ptx_machine(trainer: &mut Trainer, schedule: Schedule) {
    on_this_ptx_machine(trainer, schedule, PtxMachine::default());
}

/// The same, by a machine with an order of its own.
pub(crate) fn on_this_ptx_machine(trainer: &mut Trainer, schedule: Schedule, device: PtxMachine) {
    let legal = schedule.legal(&device.capabilities()).is_ok();
    let schedule = if legal { schedule } else { Schedule::default() };
    let steps = trainer.device_training().expect("what GPUs do");
    let plans = sptx_codegen::gpu::steps(trainer.engine().model(), &schedule, &steps);
    trainer.train_on(device, ptx::artifacts(&plans, schedule, ptx::Arch::Sm100)).expect("a device");
}

/// Steps by an adapter.
pub(crate) fn on_adapter(trainer: &mut Trainer, device: &'static WgpuDevice, schedule: Schedule) {
    let legal = schedule.legal(&device.capabilities()).is_ok();
    let schedule = if legal { schedule } else { Schedule::default() };
    let steps = trainer.device_training().expect("what GPUs do");
    let plans = sptx_codegen::gpu::steps(trainer.engine().model(), &schedule, &steps);
    trainer.train_on(device, artifacts_of(&plans, schedule)).expect("a device");
}

/// How many launches were made.
#[derive(Clone)]
pub(crate) struct Launches(Rc<Cell<u32>>);

impl Launches {
    pub(crate) fn made(&self) -> u32 {
        self.0.get()
    }
}

/// A device that is lost after so many launches.
pub(crate) struct Failing<D> {
    device: D,
    launches: Launches,
    most: u32,
}

impl<D: Device> Failing<D> {
    pub(crate) fn new(device: D, most: u32) -> Self {
        Self { device, launches: Launches(Rc::default()), most }
    }

    pub(crate) fn launches(&self) -> Launches {
        self.launches.clone()
    }

    fn check(&self) -> Result<(), DeviceError> {
        if self.launches.made() < self.most { Ok(()) } else { Err(DeviceError::Lost("pulled out".to_owned())) }
    }
}

impl<D: Device> Device for Failing<D> {
    type Buffer = D::Buffer;
    type Kernel = D::Kernel;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn load(&self, artifact: &Artifact) -> Result<D::Kernel, DeviceError> {
        self.device.load(artifact)
    }

    fn allocate(&self, words: usize) -> Result<D::Buffer, DeviceError> {
        self.check()?;
        self.device.allocate(words)
    }

    fn write(&self, buffer: &D::Buffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        self.check()?;
        self.device.write(buffer, at, words)
    }

    fn read(&self, buffer: &D::Buffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        self.check()?;
        self.device.read(buffer, at, words)
    }

    fn copy(&self, from: &D::Buffer, to: &D::Buffer, words: usize) -> Result<(), DeviceError> {
        self.check()?;
        self.device.copy(from, to, words)
    }

    fn wait(&self) -> Result<(), DeviceError> {
        self.check()?;
        self.device.wait()
    }

    fn launch(
        &self,
        kernel: &D::Kernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&D::Buffer],
    ) -> Result<(), DeviceError> {
        self.check()?;
        self.launches.0.set(self.launches.made() + 1);
        self.device.launch(kernel, workgroups, parameters, buffers)
    }
}

/// An executor that sees whether the triples that are worked on in groups are in the order of their relations.
pub(crate) struct Ordered {
    device: Executor,
    seen: Launches,
}

impl Ordered {
    /// With the kernels of a trainer's steps.
    pub(crate) fn new(trainer: &Trainer, schedule: Schedule) -> (Self, Vec<Artifact>) {
        let (device, artifacts) = executor(trainer, schedule);
        (Self { device, seen: Launches(Rc::default()) }, artifacts)
    }

    /// How many launches had triples in groups.
    pub(crate) fn seen(&self) -> Launches {
        self.seen.clone()
    }
}

/// A kernel, with what its launches are looked at by.
pub(crate) struct Seen {
    kernel: <Executor as Device>::Kernel,
    artifact: Artifact,
}

impl Device for Ordered {
    type Buffer = <Executor as Device>::Buffer;
    type Kernel = Seen;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn load(&self, artifact: &Artifact) -> Result<Seen, DeviceError> {
        Ok(Seen { kernel: self.device.load(artifact)?, artifact: artifact.clone() })
    }

    fn allocate(&self, words: usize) -> Result<Self::Buffer, DeviceError> {
        self.device.allocate(words)
    }

    fn write(&self, buffer: &Self::Buffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        self.device.write(buffer, at, words)
    }

    fn read(&self, buffer: &Self::Buffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        self.device.read(buffer, at, words)
    }

    fn copy(&self, from: &Self::Buffer, to: &Self::Buffer, words: usize) -> Result<(), DeviceError> {
        self.device.copy(from, to, words)
    }

    fn launch(
        &self,
        Seen { kernel, artifact }: &Seen,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&Self::Buffer],
    ) -> Result<(), DeviceError> {
        let buffer = |name| artifact.buffers.iter().position(|binding| binding.name == name).map(|it| buffers[it]);
        if let (Some(grouped), Some(triples)) = (buffer("grouped"), buffer("triples")) {
            let count = artifact.parameters.iter().position(|word| word.name == "count").expect("it is counted");
            let count = parameters[count] as usize;
            let (grouped, triples) = (grouped.borrow(), triples.borrow());
            let relations: Vec<_> = grouped[..count].iter().map(|triple| triples[count + *triple as usize]).collect();
            assert!(relations.is_sorted(), "{}: {relations:?}", artifact.entry);
            self.seen.0.set(self.seen.made() + 1);
        }
        self.device.launch(kernel, workgroups, parameters, buffers)
    }

    fn wait(&self) -> Result<(), DeviceError> {
        self.device.wait()
    }
}
