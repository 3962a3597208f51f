//! `sptx devices`.

use serde::Serialize;
use sptx::runtime::simd::InstructionSet;

use super::failure::Failure;
use super::{Outcome, output};

/// Show the devices that models can run on.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A device that kernels run on.
#[derive(Debug, Serialize)]
pub(super) struct Device {
    /// What `--device` takes.
    pub(super) name: &'static str,
    /// What it calls itself.
    pub(super) model: String,
    /// The instruction set that kernels use.
    pub(super) instruction_set: &'static str,
    /// All the instruction sets it has that kernels are made for.
    pub(super) available: Vec<&'static str>,
    /// Threads that can run at a time.
    pub(super) threads: usize,
    /// Bytes of memory; none where the system does not tell.
    pub(super) memory: Option<u64>,
}

/// A GPU, or a driver that does a GPU's work on the CPU.
#[derive(Debug, Serialize)]
struct Gpu {
    /// `wgpu:0`, `wgpu:1`, `cuda:0` and so on.
    name: String,
    /// What it calls itself.
    model: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `unknown`.
    kind: &'static str,
    /// Through what it is reached: `vulkan`, `metal`, `dx12` or `cuda`.
    backend: &'static str,
    /// Its driver, with its version.
    driver: String,
    /// Whose memory it uses: `own`, `shared` with the CPU, or `unknown`.
    memory: &'static str,
    /// Most threads of a workgroup.
    workgroup: u32,
    /// Most bytes of a workgroup's memory.
    shared_bytes: u32,
    /// The smallest and the greatest size of its subgroups, where kernels may use them.
    subgroups: Option<(u32, u32)>,
    /// Whether numbers can be added to memory atomically.
    float_atomics: bool,
    /// Most buffers that one kernel binds.
    buffers: u32,
    /// Most bytes of one buffer's binding.
    binding_bytes: u64,
    /// Whether it tells how long launches take.
    timestamps: bool,
}

/// What `sptx devices --json` lists: the CPU, then the GPUs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listed {
    Cpu(Device),
    Gpu(Gpu),
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (devices, gpus) = (all(), gpus());
    if arguments.json {
        let listed = devices.into_iter().map(Listed::Cpu).chain(gpus.into_iter().map(Listed::Gpu));
        return output::json(&listed.collect::<Vec<_>>());
    }
    let mut table = output::table(&["device", "model", "kernels use", "threads", "memory"], 3);
    for device in &devices {
        let memory = device.memory.map_or("unknown".to_owned(), |bytes| format!("{:.1} GiB", bytes as f64 / GIB));
        let threads = device.threads.to_string();
        table.add_row([device.name, &device.model, device.instruction_set, &threads, &memory]);
    }
    output::line(table)?;
    if gpus.is_empty() { Ok(()) } else { output::line(format_args!("\n{}", gpu_table(&gpus))) }
}

fn gpu_table(gpus: &[Gpu]) -> comfy_table::Table {
    let heads = ["device", "model", "kind", "through", "subgroups", "float atomics", "largest binding", "memory"];
    let mut table = output::table(&heads, heads.len());
    for gpu in gpus {
        let subgroups = gpu.subgroups.map_or("none".to_owned(), |(least, most)| {
            if least == most { least.to_string() } else { format!("{least} to {most}") }
        });
        let atomics = if gpu.float_atomics { "yes" } else { "no" };
        let binding = format!("{} MiB", gpu.binding_bytes >> 20);
        table.add_row([&gpu.name, &gpu.model, gpu.kind, gpu.backend, &subgroups, atomics, &binding, gpu.memory]);
    }
    table
}

/// The GPUs of this machine.
fn gpus() -> Vec<Gpu> {
    let mut gpus = wgpu();
    gpus.extend(cuda());
    gpus
}

/// Those through Vulkan, Metal or Direct3D 12.
#[cfg(feature = "wgpu")]
fn wgpu() -> Vec<Gpu> {
    use sptx::runtime::wgpu::{Kind, adapters};

    let gpu = |(index, adapter): (usize, sptx::runtime::wgpu::AdapterInfo)| {
        let (kind, memory) = match adapter.kind {
            Kind::Discrete => ("discrete", "own"),
            Kind::Integrated => ("integrated", "shared"),
            Kind::Virtual => ("virtual", "unknown"),
            Kind::Software => ("software", "shared"),
            Kind::Unknown => ("unknown", "unknown"),
        };
        let about = (kind, adapter.backend, adapter.driver, memory, adapter.timestamps);
        Gpu::new(format!("wgpu:{index}"), adapter.name, about, adapter.capabilities)
    };
    adapters().into_iter().enumerate().map(gpu).collect()
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Vec<Gpu> {
    Vec::new()
}

/// NVIDIA's, through their driver.
#[cfg(feature = "cuda")]
fn cuda() -> Vec<Gpu> {
    use sptx::runtime::cuda::{CudaDevice, gpus};
    use sptx::runtime::gpu::Device as _;

    let gpu = |number: usize| {
        let device = CudaDevice::open(&number.to_string()).ok()?;
        let (major, minor) = device.info().capability;
        let about = ("discrete", "cuda", format!("compute capability {major}.{minor}"), "own", false);
        Some(Gpu::new(format!("cuda:{number}"), device.info().name.clone(), about, device.capabilities()))
    };
    (0..gpus().map_or(0, |gpus| gpus.len())).filter_map(gpu).collect()
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Vec<Gpu> {
    Vec::new()
}

impl Gpu {
    /// `about` are its kind, what reaches it, its driver, whose memory it uses, and whether it tells times.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    fn new(
        name: String,
        model: String,
        about: (&'static str, &'static str, String, &'static str, bool),
        capabilities: sptx::runtime::gpu::Capabilities,
    ) -> Self {
        let (kind, backend, driver, memory, timestamps) = about;
        Self {
            name,
            model,
            kind,
            backend,
            driver,
            memory,
            workgroup: capabilities.workgroup,
            shared_bytes: capabilities.shared_bytes,
            subgroups: capabilities.subgroups,
            float_atomics: capabilities.float_atomics,
            buffers: capabilities.buffers,
            binding_bytes: 4 * u64::from(capabilities.binding_words),
            timestamps,
        }
    }
}

/// Bytes of a gibibyte.
const GIB: f64 = (1_u64 << 30) as f64;

/// The devices that models train on.
fn all() -> Vec<Device> {
    vec![Device {
        name: "cpu",
        model: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        instruction_set: InstructionSet::widest().name(),
        available: InstructionSet::available().map(InstructionSet::name).collect(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory: memory(),
    }]
}

/// Refuses what is no name of a device. `what` is done on those that there are.
pub(super) fn check(name: &str, what: &str) -> Outcome {
    if matches!(name, "auto" | "cpu") || sptx::gpu::Gpu::is_name(name) {
        return Ok(());
    }
    let help = format!("{what}: auto, cpu, wgpu, cuda; see `sptx devices`");
    Err(Failure::new(format!("no device is named `{name}`")).help(help))
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    field(&info, "model name").map(str::to_owned)
}

fn memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: u64 = field(&info, "MemTotal")?.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The value of a `name: value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value =
        |line: &'a str| line.split_once(':').filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
    text.lines().find_map(value)
}
