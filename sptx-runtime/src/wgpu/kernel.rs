//! Kernels, made ready for a device.

use std::num::NonZeroU64;

use ::wgpu::{
    BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry, BindingType, BufferBindingType, ComputePipeline,
    ComputePipelineDescriptor, Device, PipelineCompilationOptions, PipelineLayoutDescriptor, ShaderModuleDescriptor,
    ShaderSource, ShaderStages,
};

use super::fault::caught;
use crate::gpu::{Artifact, DeviceError, Direction};

/// A kernel, ready to launch on the device that loaded it.
#[derive(Clone, Debug)]
pub struct WgpuKernel {
    pub(super) entry: String,
    pub(super) pipeline: ComputePipeline,
    pub(super) layout: BindGroupLayout,
    pub(super) buffers: usize,
    pub(super) parameters: usize,
}

impl WgpuKernel {
    pub(super) fn load(device: &Device, artifact: &Artifact) -> Result<Self, DeviceError> {
        caught(device, || Self::make(device, artifact)).map_err(|error| DeviceError::Refused {
            entry: artifact.entry.clone(),
            reason: error.to_string().trim().to_owned(),
        })
    }

    fn make(device: &Device, artifact: &Artifact) -> Self {
        let label = Some(artifact.entry.as_str());
        let source = ShaderSource::Wgsl(artifact.text.as_str().into());
        let module = device.create_shader_module(ShaderModuleDescriptor { label, source });
        let entries = entries(artifact);
        let layout = device.create_bind_group_layout(&BindGroupLayoutDescriptor { label, entries: &entries });
        let bind_group_layouts = &[Some(&layout)];
        let pipeline_layout =
            device.create_pipeline_layout(&PipelineLayoutDescriptor { label, bind_group_layouts, immediate_size: 0 });
        let pipeline = device.create_compute_pipeline(&ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: label,
            // Kernels write a workgroup's memory before they read it: the verifier of their form sees to that.
            compilation_options: PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..PipelineCompilationOptions::default()
            },
            cache: None,
        });
        let (buffers, parameters) = (artifact.buffers.len(), artifact.parameters.len());
        Self { entry: artifact.entry.clone(), pipeline, layout, buffers, parameters }
    }

    /// Bytes of its parameters' binding; none where it has no parameters.
    pub(super) fn uniform_bytes(&self) -> Option<NonZeroU64> {
        uniform_bytes(self.parameters)
    }
}

fn uniform_bytes(parameters: usize) -> Option<NonZeroU64> {
    NonZeroU64::new((4 * parameters as u64).next_multiple_of(16))
}

/// The bindings: buffers, then parameters.
fn entries(artifact: &Artifact) -> Vec<BindGroupLayoutEntry> {
    let storage = artifact.buffers.iter().map(|binding| {
        let read_only = match binding.direction {
            Direction::Read => true,
            Direction::Write => false,
        };
        let ty = BufferBindingType::Storage { read_only };
        BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
    });
    let uniform = uniform_bytes(artifact.parameters.len()).map(|bytes| BindingType::Buffer {
        ty: BufferBindingType::Uniform,
        has_dynamic_offset: true,
        min_binding_size: Some(bytes),
    });
    let entry = |(binding, ty)| BindGroupLayoutEntry { binding, visibility: ShaderStages::COMPUTE, ty, count: None };
    (0..).zip(storage.chain(uniform)).map(entry).collect()
}
