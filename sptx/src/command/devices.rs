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

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let devices = all();
    if arguments.json {
        return output::json(&devices);
    }
    let mut table = output::table(&["device", "model", "kernels use", "threads", "memory"], 3);
    for device in &devices {
        let memory = device.memory.map_or("unknown".to_owned(), |bytes| format!("{:.1} GiB", bytes as f64 / GIB));
        let threads = device.threads.to_string();
        table.add_row([device.name, &device.model, device.instruction_set, &threads, &memory]);
    }
    output::line(table)
}

/// Bytes of a gibibyte.
const GIB: f64 = (1_u64 << 30) as f64;

/// The devices of this machine.
pub(super) fn all() -> Vec<Device> {
    vec![Device {
        name: "cpu",
        model: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        instruction_set: InstructionSet::widest().name(),
        available: InstructionSet::available().map(InstructionSet::name).collect(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory: memory(),
    }]
}

/// The device that `--device` means.
pub(super) fn choose(name: &str) -> Result<Device, Failure> {
    let mut devices = all();
    let position = devices.iter().position(|device| name == "auto" || device.name == name);
    position.map(|position| devices.swap_remove(position)).ok_or_else(|| {
        let names: Vec<&str> = devices.iter().map(|device| device.name).collect();
        Failure::new(format!("no device is named `{name}`"))
            .help(format!("this machine has: auto, {}; see `sptx devices`", names.join(", ")))
    })
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
