//! Which GPUs there are, and what they can do.

use ::wgpu::{Adapter, Backends, DeviceType, Features, Instance, InstanceDescriptor, InstanceFlags, Limits};

use super::ready;
use crate::gpu::{Capabilities, DeviceError, RESIDENT_THREADS};

/// A GPU, or a driver that does a GPU's work on the CPU.
#[derive(Clone, Debug)]
pub struct AdapterInfo {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Through what it is reached: `vulkan`, `metal` or `dx12`.
    pub backend: &'static str,
    /// Its driver, as that calls itself, with its version.
    pub driver: String,
    /// What schedules may ask of it.
    pub capabilities: Capabilities,
    /// Whether it tells how long launches take.
    pub timestamps: bool,
    /// All its limits.
    pub limits: Limits,
    /// All its features, whether kernels use them or not.
    pub features: Features,
}

/// What an adapter is. The first are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the CPU's memory.
    Integrated,
    /// A part of a GPU, in a virtual machine.
    Virtual,
    /// A driver that runs kernels on the CPU.
    Software,
    /// It does not say.
    Unknown,
}

/// How much of the memory that a driver says there is may be asked for, where it says so.
const MEMORY_PERCENT: u8 = 95;

/// The adapters of this machine, the better kinds first: the place is what [`WgpuDevice::open`](super::WgpuDevice::open)
/// takes as a number. Empty where no driver is found.
pub fn adapters() -> Vec<AdapterInfo> {
    found().iter().map(AdapterInfo::of).collect()
}

/// The adapters, in the same order.
fn found() -> Vec<Adapter> {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    // No layers that check a driver, in no build: they are for who writes one, and may be missing.
    descriptor.flags = InstanceFlags::empty();
    // A driver may give out more than there is and end the process when that is written to.
    descriptor.memory_budget_thresholds.for_resource_creation = Some(MEMORY_PERCENT);
    descriptor.backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let mut found = ready(Instance::new(descriptor).enumerate_adapters(Backends::all()));
    found.sort_by_key(|adapter| Kind::of(adapter.get_info().device_type));
    found
}

/// The adapter of a number, or the first that has `selector` in its name, in letters of any case.
pub(super) fn select(selector: &str) -> Result<Adapter, DeviceError> {
    select_from(found(), selector)
}

fn select_from(mut found: Vec<Adapter>, selector: &str) -> Result<Adapter, DeviceError> {
    if found.is_empty() {
        return Err(DeviceError::Absent(INSTALL.to_owned()));
    }
    let names: Vec<String> = found.iter().map(|adapter| adapter.get_info().name).collect();
    let wanted = selector.to_lowercase();
    let place = match selector.parse::<usize>() {
        Ok(place) => Some(place).filter(|place| *place < found.len()),
        Err(_) => names.iter().position(|name| name.to_lowercase().contains(&wanted)),
    };
    place.map(|place| found.swap_remove(place)).ok_or_else(|| {
        let listed: Vec<String> = names.iter().enumerate().map(|(place, name)| format!("{place} ({name})")).collect();
        DeviceError::Absent(format!("no GPU is `{selector}`; there are: {}", listed.join(", ")))
    })
}

/// What is said where there is no adapter.
const INSTALL: &str = "no GPU is found through Vulkan, Metal or Direct3D 12. On Linux, install its driver's Vulkan \
                       part; where there is no GPU, a driver that runs kernels on the CPU will do (Debian: \
                       `apt install mesa-vulkan-drivers libvulkan1`)";

impl AdapterInfo {
    pub(super) fn of(adapter: &Adapter) -> Self {
        let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
        let subgroups = (info.subgroup_min_size, info.subgroup_max_size);
        Self {
            kind: Kind::of(info.device_type),
            backend: info.backend.to_str(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            capabilities: capabilities(&limits, features, subgroups),
            timestamps: features.contains(Features::TIMESTAMP_QUERY),
            name: info.name,
            limits,
            features,
        }
    }
}

impl Kind {
    fn of(device_type: DeviceType) -> Self {
        match device_type {
            DeviceType::DiscreteGpu => Self::Discrete,
            DeviceType::IntegratedGpu => Self::Integrated,
            DeviceType::VirtualGpu => Self::Virtual,
            DeviceType::Cpu => Self::Software,
            DeviceType::Other => Self::Unknown,
        }
    }
}

/// What schedules may ask, by limits and features.
fn capabilities(limits: &Limits, features: Features, subgroups: (u32, u32)) -> Capabilities {
    let binding = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    Capabilities {
        workgroup: limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x),
        shared_bytes: limits.max_compute_workgroup_storage_size,
        workgroups: limits.max_compute_workgroups_per_dimension,
        buffers: limits.max_storage_buffers_per_shader_stage,
        binding_words: u32::try_from(binding / 4).unwrap_or(u32::MAX),
        subgroups: features.contains(Features::SUBGROUP).then_some(subgroups),
        float_atomics: features.contains(Features::SHADER_FLOAT32_ATOMIC),
        processors: None,
        // WebGPU does not say.
        resident_threads: RESIDENT_THREADS,
    }
}

/// The limits and the features to ask of an adapter for a device that can do no more than `most`.
pub(super) fn within(info: &AdapterInfo, most: &Capabilities) -> (Limits, Features) {
    let mut limits = info.limits.clone();
    let lower = |limit: &mut u32, most: u32| *limit = (*limit).min(most);
    lower(&mut limits.max_compute_invocations_per_workgroup, most.workgroup);
    lower(&mut limits.max_compute_workgroup_size_x, most.workgroup);
    lower(&mut limits.max_compute_workgroup_storage_size, most.shared_bytes);
    lower(&mut limits.max_compute_workgroups_per_dimension, most.workgroups);
    lower(&mut limits.max_storage_buffers_per_shader_stage, most.buffers);
    let binding = 4 * u64::from(most.binding_words);
    limits.max_storage_buffer_binding_size = limits.max_storage_buffer_binding_size.min(binding);
    let mut features =
        info.features & (Features::SUBGROUP | Features::SHADER_FLOAT32_ATOMIC | Features::TIMESTAMP_QUERY);
    features.set(Features::SUBGROUP, features.contains(Features::SUBGROUP) && most.subgroups.is_some());
    let atomics = features.contains(Features::SHADER_FLOAT32_ATOMIC) && most.float_atomics;
    features.set(Features::SHADER_FLOAT32_ATOMIC, atomics);
    (limits, features)
}

#[cfg(test)]
mod tests {
    use super::select_from;

    #[test]
    fn where_there_is_no_driver_the_error_says_what_to_install() {
        let error = select_from(Vec::new(), "0").expect_err("there is none");
        assert!(error.to_string().contains("apt install mesa-vulkan-drivers"), "{error}");
    }
}
