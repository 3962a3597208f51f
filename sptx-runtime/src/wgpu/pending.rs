//! Launches that are recorded, and not yet handed to the device.

use ::wgpu::{
    BindGroupDescriptor, BindGroupEntry, BindingResource, Buffer, BufferBinding, BufferDescriptor, BufferUsages,
    CommandEncoder, CommandEncoderDescriptor, ComputePassDescriptor, Device, Queue, SubmissionIndex,
};

use super::kernel::WgpuKernel;
use super::timing::Clock;

/// Launches that are handed over at once at most.
pub(super) const MOST_LAUNCHES: u32 = 256;

/// Bytes for the parameters of launches that are handed over at once.
const UNIFORM_BYTES: usize = 256 << 10;

/// What is recorded.
#[derive(Debug)]
pub(super) struct Pending {
    encoder: Option<CommandEncoder>,
    /// The parameters of the launches, each from a multiple of `align` bytes on; written to `uniform` when the launches
    /// are handed over. A queue keeps its order, so those handed over before have read theirs by then.
    parameters: Vec<u32>,
    uniform: Buffer,
    align: usize,
    launches: u32,
    /// Where times are taken, while they are.
    pub(super) clock: Option<Clock>,
}

impl Pending {
    pub(super) fn new(device: &Device) -> Self {
        let uniform = device.create_buffer(&BufferDescriptor {
            label: Some("parameters"),
            size: UNIFORM_BYTES as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let align = device.limits().min_uniform_buffer_offset_alignment as usize;
        Self { encoder: None, parameters: Vec::new(), uniform, align, launches: 0, clock: None }
    }

    /// Whether no launch is recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.encoder.is_none()
    }

    /// Whether a launch of a kernel has to wait until those before it are handed over.
    pub(super) fn is_full_for(&self, kernel: &WgpuKernel) -> bool {
        let bytes = kernel.uniform_bytes().map_or(0, |bytes| bytes.get() as usize);
        self.launches == MOST_LAUNCHES || 4 * self.parameters.len() + bytes > UNIFORM_BYTES
    }

    /// The commands recorded so far, to add to.
    pub(super) fn encoder(&mut self, device: &Device) -> &mut CommandEncoder {
        self.encoder.get_or_insert_with(|| device.create_command_encoder(&CommandEncoderDescriptor::default()))
    }

    /// Records a launch.
    pub(super) fn launch(
        &mut self,
        device: &Device,
        kernel: &WgpuKernel,
        [across, down]: [u32; 2],
        parameters: &[u32],
        buffers: &[&Buffer],
    ) {
        let offset = self.keep(parameters);
        let parameters = kernel.uniform_bytes().map(|bytes| {
            BindingResource::Buffer(BufferBinding { buffer: &self.uniform, offset: 0, size: Some(bytes) })
        });
        let bound = buffers.iter().map(|buffer| buffer.as_entire_binding()).chain(parameters);
        let entries: Vec<_> =
            (0..).zip(bound).map(|(binding, resource)| BindGroupEntry { binding, resource }).collect();
        let label = Some(kernel.entry.as_str());
        let group = device.create_bind_group(&BindGroupDescriptor { label, layout: &kernel.layout, entries: &entries });
        let offsets = kernel.uniform_bytes().map(|_| offset);
        let (clock, launch) = (self.clock.take(), self.launches);
        let timestamp_writes = clock.as_ref().map(|clock| clock.around(launch));
        let mut pass = self.encoder(device).begin_compute_pass(&ComputePassDescriptor { label, timestamp_writes });
        pass.set_pipeline(&kernel.pipeline);
        pass.set_bind_group(0, &group, offsets.as_slice());
        pass.dispatch_workgroups(across, down, 1);
        drop(pass);
        self.clock = clock;
        self.launches += 1;
    }

    /// Keeps a launch's parameters; gives the byte where they begin.
    fn keep(&mut self, parameters: &[u32]) -> u32 {
        let at = self.parameters.len();
        self.parameters.extend(parameters);
        let end = (4 * self.parameters.len()).next_multiple_of(self.align);
        self.parameters.resize(end / 4, 0);
        // `UNIFORM_BYTES` is far below 2^32.
        4 * at as u32
    }

    /// Hands over what is recorded; nothing where there is nothing.
    pub(super) fn submit(&mut self, device: &Device, queue: &Queue) -> Option<SubmissionIndex> {
        let mut encoder = self.encoder.take()?;
        if !self.parameters.is_empty() {
            queue.write_buffer(&self.uniform, 0, bytemuck::cast_slice(&self.parameters));
        }
        let launches = std::mem::take(&mut self.launches);
        self.parameters.clear();
        if let Some(clock) = &mut self.clock {
            clock.take_times(device, &mut encoder, launches);
        }
        Some(queue.submit([encoder.finish()]))
    }
}
