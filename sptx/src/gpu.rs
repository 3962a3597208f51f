//! GPUs by name, whatever reaches them: wgpu's through Vulkan, Metal or Direct3D 12, NVIDIA's through their own driver.
//!
//! ```no_run
//! use sptx::codegen;
//! use sptx::gpu::Gpu;
//! use sptx::runtime::gpu::{sizes_of, table_words_of};
//! # fn example(trainer: &mut sptx::train::Trainer) -> Result<(), Box<dyn std::error::Error>> {
//!
//! let gpu = Gpu::open("cuda:0")?;
//! let (steps, engine) = (trainer.device_training()?, trainer.engine());
//! let schedule = gpu.training_schedule(engine.model(), &sizes_of(engine));
//! let plans = codegen::gpu::steps(engine.model(), &schedule, &steps);
//! let artifacts = gpu.artifacts(plans, schedule, table_words_of(engine));
//! trainer.train_on(gpu, artifacts)?;
//! # Ok(())
//! # }
//! ```

use std::convert::Infallible;
use std::fmt;

#[cfg(feature = "cuda")]
use sptx_codegen::emit::ptx::Arch;
use sptx_codegen::gpu::{Plan, shard_tables};
#[cfg(feature = "cuda")]
use sptx_runtime::cuda::{CudaBuffer, CudaDevice, CudaKernel, CudaSequence};
use sptx_runtime::gpu::{
    Artifact, Capabilities, Device, DeviceError, Launch, MatrixProduct, MatrixRows, Schedule, table_shards,
};
use sptx_runtime::program::Model;
#[cfg(feature = "wgpu")]
use sptx_runtime::wgpu::{WgpuBuffer, WgpuDevice, WgpuKernel};

/// A GPU.
#[derive(Debug)]
#[non_exhaustive]
pub enum Gpu {
    /// Through Vulkan, Metal or Direct3D 12.
    #[cfg(feature = "wgpu")]
    Wgpu(Box<WgpuDevice>),
    /// Through NVIDIA's driver.
    #[cfg(feature = "cuda")]
    Cuda(CudaDevice),
    /// None, where nothing was built in that reaches one.
    None(Infallible),
}

/// An array in the memory of a [`Gpu`].
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "they are those of `Gpu`")]
pub enum GpuBuffer {
    #[cfg(feature = "wgpu")]
    Wgpu(WgpuBuffer),
    #[cfg(feature = "cuda")]
    Cuda(CudaBuffer),
    None(Infallible),
}

/// A kernel that a [`Gpu`] has loaded.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "they are those of `Gpu`")]
pub enum GpuKernel {
    #[cfg(feature = "wgpu")]
    Wgpu(WgpuKernel),
    #[cfg(feature = "cuda")]
    Cuda(CudaKernel),
    None(Infallible),
}

/// What a [`Gpu`] keeps of a sequence of launches.
#[derive(Debug, Default)]
pub struct GpuSequence {
    #[cfg(feature = "cuda")]
    cuda: CudaSequence,
}

/// What a name begins with, by what reaches the GPU.
#[derive(Clone, Copy)]
enum Kind {
    Wgpu,
    Cuda,
}

/// What a name means: how the GPU is reached, and its number or a part of what it calls itself.
fn parse(name: &str) -> Option<(Kind, &str)> {
    let after = |kind: &str| {
        let rest = name.strip_prefix(kind)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix(':') }
    };
    after("wgpu").map(|rest| (Kind::Wgpu, rest)).or_else(|| after("cuda").map(|rest| (Kind::Cuda, rest)))
}

impl Gpu {
    /// Whether a name is one of a GPU: `wgpu`, `wgpu:1`, `wgpu:radeon`, `cuda`, `cuda:0`.
    ///
    /// ```
    /// use sptx::gpu::Gpu;
    /// assert!(Gpu::is_name("wgpu") && Gpu::is_name("cuda:1") && !Gpu::is_name("cpu"));
    /// ```
    pub fn is_name(name: &str) -> bool {
        parse(name).is_some()
    }

    /// Opens the GPU of a name: the first that `wgpu` or `cuda` reaches, that of a number, or the first that has a text in
    /// what it calls itself.
    ///
    /// # Errors
    /// [`DeviceError::Absent`] when there is none such, with what to do about it.
    pub fn open(name: &str) -> Result<Self, DeviceError> {
        match parse(name) {
            Some((Kind::Wgpu, which)) => open_wgpu(which),
            Some((Kind::Cuda, which)) => open_cuda(which),
            None => Err(DeviceError::Absent(format!("`{name}` is no name of a GPU"))),
        }
    }

    /// The names of all GPUs: NVIDIA's by their driver, then those that wgpu reaches, but for drivers that do a GPU's work on
    /// the CPU.
    pub fn hardware() -> Vec<String> {
        let mut names = Vec::new();
        #[cfg(feature = "cuda")]
        names.extend(
            (0..sptx_runtime::cuda::gpus().map_or(0, |gpus| gpus.len())).map(|number| format!("cuda:{number}")),
        );
        #[cfg(feature = "wgpu")]
        {
            use sptx_runtime::wgpu::{Kind, adapters};
            let adapters = if may_have_gpus() { adapters() } else { Vec::new() };
            let is_hardware = |kind| matches!(kind, Kind::Discrete | Kind::Integrated | Kind::Virtual);
            let numbered = adapters.iter().enumerate().filter(|(_, adapter)| is_hardware(adapter.kind));
            names.extend(numbered.map(|(number, _)| format!("wgpu:{number}")));
        }
        names
    }

    /// Opens the first GPU with a memory of its own: one of NVIDIA's by their driver, or another discrete one.
    ///
    /// # Errors
    /// [`DeviceError::Absent`] when there is none, or it cannot be opened.
    pub fn open_discrete() -> Result<Self, DeviceError> {
        #[cfg(feature = "cuda")]
        match open_cuda("") {
            Err(DeviceError::Absent(_)) => {}
            opened => return opened,
        }
        #[cfg(feature = "wgpu")]
        {
            use sptx_runtime::wgpu::{Kind, adapters};
            let adapters = if may_have_gpus() { adapters() } else { Vec::new() };
            if let Some(number) = adapters.iter().position(|adapter| adapter.kind == Kind::Discrete) {
                return open_wgpu(&number.to_string());
            }
        }
        Err(DeviceError::Absent("there is no discrete GPU".to_owned()))
    }

    /// Kernels that were made under a schedule, in what this GPU takes, for tables of so many words as
    /// [`table_words_of`](sptx_runtime::gpu::table_words_of) counts: over several bindings where they do not fit one. PTX is
    /// of the newest generation that the GPU and its driver take.
    ///
    /// # Panics
    /// When naga refuses a kernel in WGSL: a defect of the compiler.
    pub fn artifacts(&self, plans: Vec<Plan>, schedule: Schedule, tables: usize) -> Vec<Artifact> {
        let shards = table_shards(tables, &self.capabilities());
        let plans: Vec<Plan> = plans.into_iter().map(|plan| shard_tables(plan, shards)).collect();
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => {
                let options = sptx_codegen::emit::wgsl::Options::default();
                sptx_codegen::emit::wgsl::artifacts(&plans, schedule, &options)
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => sptx_codegen::emit::ptx::artifacts(&plans, schedule, arch(device)),
            Self::None(never) => match (*never, plans, schedule) {},
        }
    }

    /// The schedule that its kernels score under, of a model whose dimensions have these sizes.
    pub fn schedule(&self, sizes: &[usize]) -> Schedule {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => Schedule::default(),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => Schedule::suited(&device.capabilities(), sizes.iter().copied().max().unwrap_or(1)),
            Self::None(never) => match *never {},
        }
    }

    /// The schedule that its kernels train a model under, whose dimensions have these sizes.
    pub fn training_schedule(&self, model: &Model, sizes: &[usize]) -> Schedule {
        let schedule = self.schedule(sizes);
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => schedule,
            #[cfg(feature = "cuda")]
            Self::Cuda(_) => sptx_codegen::gpu::saving(model, &schedule, sizes),
            Self::None(never) => match *never {},
        }
    }

    /// The same, that does without a vendor's libraries: whatever it gives is of kernels.
    pub fn by_kernels_alone(self) -> Self {
        #[cfg(feature = "cuda")]
        if let Self::Cuda(device) = self {
            return Self::Cuda(device.by_kernels_alone());
        }
        self
    }

    /// What its kernels are written in: `wgsl` or `ptx`.
    pub fn target(&self) -> &'static str {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => "wgsl",
            #[cfg(feature = "cuda")]
            Self::Cuda(_) => "ptx",
            Self::None(never) => match *never {},
        }
    }
}

/// What it calls itself, and how it is reached.
impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(device) => write!(f, "{}, through {}", device.info().name, device.info().backend),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => write!(f, "{}, through cuda", device.info().name),
            Self::None(never) => match (*never, f) {},
        }
    }
}

/// Whether the system has files that stand for GPUs, where it has such files: asking drivers takes a moment, and some of
/// them print what concerns nobody.
#[cfg(feature = "wgpu")]
fn may_have_gpus() -> bool {
    let files = ["/dev/dri", "/dev/dxg", "/dev/nvidia0"];
    !cfg!(target_os = "linux") || files.into_iter().any(|file| std::path::Path::new(file).exists())
}

/// The newest generation whose kernels a GPU and its driver take; of a driver that takes none, the oldest, for it says why
/// when it loads them.
#[cfg(feature = "cuda")]
fn arch(device: &CudaDevice) -> Arch {
    let info = device.info();
    Arch::newest(info.capability, info.ptx()).unwrap_or_default()
}

#[cfg(feature = "wgpu")]
fn open_wgpu(which: &str) -> Result<Gpu, DeviceError> {
    WgpuDevice::open(which).map(|device| Gpu::Wgpu(Box::new(device)))
}

#[cfg(not(feature = "wgpu"))]
fn open_wgpu(_: &str) -> Result<Gpu, DeviceError> {
    Err(not_built("wgpu"))
}

#[cfg(feature = "cuda")]
fn open_cuda(which: &str) -> Result<Gpu, DeviceError> {
    CudaDevice::open(which).map(Gpu::Cuda)
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(_: &str) -> Result<Gpu, DeviceError> {
    Err(not_built("cuda"))
}

#[cfg(not(all(feature = "wgpu", feature = "cuda")))]
fn not_built(feature: &str) -> DeviceError {
    DeviceError::Absent(format!("this was built without `{feature}`; build it with `--features {feature}`"))
}

/// Does something with a device and with what belongs to it, whichever it is.
macro_rules! each {
    ($gpu:expr, ($($part:expr => $name:ident),*), $device:ident => $work:expr) => {
        match $gpu {
            #[cfg(feature = "wgpu")]
            Gpu::Wgpu($device) => {
                $(let $name = $part.wgpu();)*
                $work
            }
            #[cfg(feature = "cuda")]
            Gpu::Cuda($device) => {
                $(let $name = $part.cuda();)*
                $work
            }
            Gpu::None(never) => match *never {},
        }
    };
}

/// What belongs to one of the devices.
macro_rules! parts {
    ($part:ident, $wgpu:ident, $cuda:ident) => {
        impl $part {
            #[cfg(feature = "wgpu")]
            fn wgpu(&self) -> &$wgpu {
                match self {
                    Self::Wgpu(part) => part,
                    _ => panic!("it belongs to another device"),
                }
            }

            #[cfg(feature = "cuda")]
            fn cuda(&self) -> &$cuda {
                match self {
                    Self::Cuda(part) => part,
                    _ => panic!("it belongs to another device"),
                }
            }
        }
    };
}

parts!(GpuBuffer, WgpuBuffer, CudaBuffer);
parts!(GpuKernel, WgpuKernel, CudaKernel);

/// Whichever it is. Every call panics that is given what belongs to another device.
impl Device for Gpu {
    type Buffer = GpuBuffer;
    type Kernel = GpuKernel;
    type Sequence = GpuSequence;

    fn capabilities(&self) -> Capabilities {
        each!(self, (), device => device.capabilities())
    }

    fn load(&self, artifact: &Artifact) -> Result<GpuKernel, DeviceError> {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(device) => device.load(artifact).map(GpuKernel::Wgpu),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => device.load(artifact).map(GpuKernel::Cuda),
            Self::None(never) => match (*never, artifact) {},
        }
    }

    fn allocate(&self, words: usize) -> Result<GpuBuffer, DeviceError> {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(device) => device.allocate(words).map(GpuBuffer::Wgpu),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => device.allocate(words).map(GpuBuffer::Cuda),
            Self::None(never) => match (*never, words) {},
        }
    }

    fn write(&self, buffer: &GpuBuffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        each!(self, (buffer => buffer), device => device.write(buffer, at, words))
    }

    fn read(&self, buffer: &GpuBuffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        each!(self, (buffer => buffer), device => device.read(buffer, at, words))
    }

    fn copy(&self, from: &GpuBuffer, to: &GpuBuffer, words: usize) -> Result<(), DeviceError> {
        each!(self, (from => from, to => to), device => device.copy(from, to, words))
    }

    fn multiply(&self, product: &MatrixProduct<'_, GpuBuffer>) -> Result<bool, DeviceError> {
        match self {
            // It has no library for it.
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => Ok(false),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => {
                let MatrixProduct { left, right, width, stride, out, adds } = product;
                let [left, right] = [left, right].map(|rows| {
                    let MatrixRows { buffer, at, count } = *rows;
                    MatrixRows { buffer: buffer.cuda(), at, count }
                });
                let (width, stride, adds) = (*width, *stride, *adds);
                device.multiply(&MatrixProduct { left, right, width, stride, out: out.cuda(), adds })
            }
            Self::None(never) => match (*never, product) {},
        }
    }

    fn wait(&self) -> Result<(), DeviceError> {
        each!(self, (), device => device.wait())
    }

    fn seconds(&self, work: &mut dyn FnMut() -> Result<(), DeviceError>) -> Result<f64, DeviceError> {
        each!(self, (), device => device.seconds(work))
    }

    fn launch(
        &self,
        kernel: &GpuKernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&GpuBuffer],
    ) -> Result<(), DeviceError> {
        match self {
            #[cfg(feature = "wgpu")]
            Self::Wgpu(device) => {
                let buffers: Vec<_> = buffers.iter().map(|buffer| buffer.wgpu()).collect();
                device.launch(kernel.wgpu(), workgroups, parameters, &buffers)
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => {
                let buffers: Vec<_> = buffers.iter().map(|buffer| buffer.cuda()).collect();
                device.launch(kernel.cuda(), workgroups, parameters, &buffers)
            }
            Self::None(never) => match (*never, kernel, workgroups, parameters, buffers) {},
        }
    }

    fn launch_all(
        &self,
        sequence: &mut GpuSequence,
        launches: &[Launch<'_, GpuKernel, GpuBuffer>],
    ) -> Result<(), DeviceError> {
        match self {
            // It prepares nothing.
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) => {
                let mut each = launches.iter();
                each.try_for_each(|it| self.launch(it.kernel, it.workgroups, it.parameters, it.buffers))
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => {
                let buffers = launches.iter().map(|launch| launch.buffers.iter().map(|buffer| buffer.cuda()).collect());
                let buffers: Vec<Vec<&CudaBuffer>> = buffers.collect();
                let launches = launches.iter().zip(&buffers).map(|(launch, buffers)| {
                    let Launch { kernel, workgroups, parameters, .. } = *launch;
                    Launch { kernel: kernel.cuda(), workgroups, parameters, buffers }
                });
                device.launch_all(&mut sequence.cuda, &launches.collect::<Vec<_>>())
            }
            Self::None(never) => match (*never, sequence, launches) {},
        }
    }
}
