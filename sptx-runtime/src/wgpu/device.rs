//! The device.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ::wgpu::{Buffer, BufferDescriptor, BufferUsages, Device, DeviceDescriptor, MemoryHints, Queue, SubmissionIndex};

use super::adapter::{AdapterInfo, select, within};
use super::fault::{Fault, allocated};
use super::kernel::WgpuKernel;
use super::pending::Pending;
use super::ready;
use super::timing::{Clock, seconds};
use super::transfer::{Host, STAGING_BYTES, Uploads};
use crate::gpu::{self, Artifact, Capabilities, DeviceError};

/// A GPU. Launches are handed to it in bundles: when something is read or written, or there are many of them.
#[derive(Debug)]
pub struct WgpuDevice {
    info: AdapterInfo,
    pub(super) device: Device,
    queue: Queue,
    fault: Fault,
    capabilities: Capabilities,
    state: Mutex<State>,
}

/// What is on its way to the device.
#[derive(Debug)]
struct State {
    pending: Pending,
    uploads: Uploads,
    /// Where reads arrive, kept from one to the next.
    staging: Option<Buffer>,
}

/// An array of words in a GPU's memory.
#[derive(Clone, Debug)]
pub struct WgpuBuffer {
    buffer: Buffer,
    words: usize,
}

impl WgpuDevice {
    /// Opens the adapter of a number, as [`adapters`](super::adapters) has them, or the first that has `selector` in its
    /// name; an empty `selector` is the first of all.
    ///
    /// # Errors
    /// [`DeviceError::Absent`] when there is no such adapter, with what to do about it, or it cannot be opened.
    pub fn open(selector: &str) -> Result<Self, DeviceError> {
        Self::open_within(selector, &Capabilities::UNBOUNDED)
    }

    /// The same, as a device that can do no more than `most`: what does not ask for more runs on every device of these
    /// capabilities. Of `most.subgroups` it only matters whether there are any.
    ///
    /// # Errors
    /// As [`WgpuDevice::open`].
    pub fn open_within(selector: &str, most: &Capabilities) -> Result<Self, DeviceError> {
        let adapter = select(selector)?;
        let info = AdapterInfo::of(&adapter);
        let (required_limits, required_features) = within(&info, most);
        let capabilities = Capabilities {
            workgroup: info.capabilities.workgroup.min(most.workgroup),
            shared_bytes: info.capabilities.shared_bytes.min(most.shared_bytes),
            workgroups: info.capabilities.workgroups.min(most.workgroups),
            buffers: info.capabilities.buffers.min(most.buffers),
            binding_words: info.capabilities.binding_words.min(most.binding_words),
            subgroups: info.capabilities.subgroups.filter(|_| most.subgroups.is_some()),
            float_atomics: info.capabilities.float_atomics && most.float_atomics,
            processors: info.capabilities.processors,
            resident_threads: info.capabilities.resident_threads.min(most.resident_threads),
        };
        let descriptor = DeviceDescriptor {
            label: Some("sptx"),
            required_features,
            required_limits,
            memory_hints: MemoryHints::Performance,
            ..DeviceDescriptor::default()
        };
        let (device, queue) = ready(adapter.request_device(&descriptor))
            .map_err(|error| DeviceError::Absent(format!("{} cannot be opened: {error}", info.name)))?;
        let fault = Fault::of(&device);
        let state = State { pending: Pending::new(&device), uploads: Uploads::default(), staging: None };
        fault.check()?;
        Ok(Self { info, device, queue, fault, capabilities, state: Mutex::new(state) })
    }

    /// The adapter that it is, with what that can do; [`capabilities`](gpu::Device::capabilities) are what this device
    /// can, which may be less.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// Seconds that each launch takes which `work` makes, in their order, with what `work` gives; none where the device
    /// does not tell times. Launches that other threads make meanwhile are among them.
    ///
    /// # Errors
    /// Those of `work`, and when the device has no room or is lost.
    pub fn timed<T>(
        &self,
        work: impl FnOnce() -> Result<T, DeviceError>,
    ) -> Result<(T, Option<Vec<f64>>), DeviceError> {
        if !self.info.timestamps {
            return Ok((work()?, None));
        }
        let mut state = self.state();
        self.submit(&mut state)?;
        state.pending.clock = Some(allocated(&self.device, 0, || Clock::new(&self.device))?);
        drop(state);
        let result = work();
        let mut state = self.state();
        let submitted = self.submit(&mut state);
        let clock = state.pending.clock.take();
        let (value, _) = (result?, submitted?);
        let mut times = Vec::new();
        for (buffer, _) in clock.into_iter().flat_map(|clock| clock.unread) {
            let copy = |bytes: &[u8]| bytemuck::pod_collect_to_vec::<u8, u64>(bytes);
            let ticks = self.host().map(&buffer, buffer.size(), self.queue.submit([]), copy)?;
            times.extend(seconds(&ticks, self.queue.get_timestamp_period()));
        }
        Ok((value, Some(times)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn host(&self) -> Host<'_> {
        Host { device: &self.device, queue: &self.queue, fault: &self.fault }
    }

    /// Hands over what is recorded, if anything.
    fn submit(&self, state: &mut State) -> Result<Option<SubmissionIndex>, DeviceError> {
        let index = state.pending.submit(&self.device, &self.queue);
        if let Some(index) = index.clone() {
            state.uploads.submitted(index);
        }
        self.fault.check().map(|()| index)
    }

    /// Reads at most [`STAGING_BYTES`].
    fn read_chunk(&self, state: &mut State, source: &Buffer, at: u64, words: &mut [u32]) -> Result<(), DeviceError> {
        let bytes = 4 * words.len() as u64;
        let staging = match state.staging.take().filter(|staging| staging.size() >= bytes) {
            Some(staging) => staging,
            None => self.host().staging(bytes.next_power_of_two())?,
        };
        state.pending.encoder(&self.device).copy_buffer_to_buffer(source, at, &staging, 0, bytes);
        if let Some(index) = self.submit(state)? {
            let copy = |mapped: &[u8]| bytemuck::cast_slice_mut(words).copy_from_slice(mapped);
            self.host().map(&staging, bytes, index, copy)?;
        }
        // Only what was read and unmapped again is kept.
        state.staging = Some(staging);
        Ok(())
    }
}

impl gpu::Device for WgpuDevice {
    type Buffer = WgpuBuffer;
    type Kernel = WgpuKernel;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn load(&self, artifact: &Artifact) -> Result<WgpuKernel, DeviceError> {
        self.fault.check()?;
        WgpuKernel::load(&self.device, artifact)
    }

    fn allocate(&self, words: usize) -> Result<WgpuBuffer, DeviceError> {
        self.fault.check()?;
        // A binding has at least one element, and a kernel may see vectors of four in it.
        let bytes = (4 * words as u64).next_multiple_of(16).max(16);
        let most = 4 * u64::from(self.capabilities.binding_words);
        if bytes > most {
            let reason = format!("a kernel sees at most {most} bytes of one buffer");
            return Err(DeviceError::OutOfMemory { bytes, reason });
        }
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let descriptor = BufferDescriptor { label: None, size: bytes, usage, mapped_at_creation: false };
        let buffer = allocated(&self.device, bytes, || self.device.create_buffer(&descriptor))?;
        Ok(WgpuBuffer { buffer, words })
    }

    fn write(&self, buffer: &WgpuBuffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        assert!(at + words.len() <= buffer.words, "{} words at {at} of {}", words.len(), buffer.words);
        let mut state = self.state();
        // Writes happen before whatever is handed over after them.
        if !state.pending.is_empty() {
            self.submit(&mut state)?;
        }
        state.uploads.write(&self.host(), &buffer.buffer, 4 * at as u64, words)
    }

    fn read(&self, buffer: &WgpuBuffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        assert!(at + words.len() <= buffer.words, "{} words at {at} of {}", words.len(), buffer.words);
        let mut state = self.state();
        let mut byte = 4 * at as u64;
        for chunk in words.chunks_mut(STAGING_BYTES / 4) {
            self.read_chunk(&mut state, &buffer.buffer, byte, chunk)?;
            byte += 4 * chunk.len() as u64;
        }
        Ok(())
    }

    fn copy(&self, from: &WgpuBuffer, to: &WgpuBuffer, words: usize) -> Result<(), DeviceError> {
        assert!(words <= from.words.min(to.words), "{words} words of {} to {}", from.words, to.words);
        assert!(from.buffer != to.buffer, "a buffer is copied to another one");
        let mut state = self.state();
        state.pending.encoder(&self.device).copy_buffer_to_buffer(&from.buffer, 0, &to.buffer, 0, 4 * words as u64);
        self.fault.check()
    }

    fn launch(
        &self,
        kernel: &WgpuKernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&WgpuBuffer],
    ) -> Result<(), DeviceError> {
        let WgpuKernel { entry, parameters: words, buffers: bindings, .. } = kernel;
        assert_eq!(parameters.len(), *words, "parameters of `{entry}`");
        assert_eq!(buffers.len(), *bindings, "buffers of `{entry}`");
        if workgroups == 0 {
            return self.fault.check();
        }
        let mut state = self.state();
        if state.pending.is_full_for(kernel) {
            self.submit(&mut state)?;
        }
        let buffers: Vec<&Buffer> = buffers.iter().map(|buffer| &buffer.buffer).collect();
        let grid = fold(workgroups, self.capabilities.workgroups);
        state.pending.launch(&self.device, kernel, grid, parameters, &buffers);
        self.fault.check()
    }

    fn wait(&self) -> Result<(), DeviceError> {
        let mut state = self.state();
        self.submit(&mut state)?;
        self.host().wait(self.queue.submit([]))
    }
}

/// The grid of two axes, of at most `most` workgroups each, that has the fewest workgroups not below `workgroups` for
/// its number of rows.
fn fold(workgroups: u32, most: u32) -> [u32; 2] {
    let down = workgroups.div_ceil(most);
    [workgroups.div_ceil(down), down]
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn grids_have_every_workgroup_and_few_more() {
        assert_eq!([fold(1, 65_535), fold(65_535, 65_535), fold(65_536, 65_535)], [[1, 1], [65_535, 1], [32_768, 2]]);
        for (workgroups, most) in [(70_001, 65_535), (u32::MAX, 65_535), (17, 4), (1, 1)] {
            let [across, down] = fold(workgroups, most);
            let all = u64::from(across) * u64::from(down);
            assert!(across <= most && all >= u64::from(workgroups) && all - u64::from(workgroups) < u64::from(down));
        }
    }
}
