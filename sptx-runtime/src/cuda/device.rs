//! The device.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cudarc::driver::sys::{CUdevice_attribute as Attribute, CUevent_flags};
use cudarc::driver::{CudaContext, CudaEvent, CudaSlice, CudaStream, DevicePtr, result};

use super::blas::{Blas, Stored};
use super::call::Call;
use super::driver::{GpuInfo, allocating, contexts, failed, info};
use super::graph::CudaSequence;
use super::module::CudaKernel;
use crate::gpu::{self, Artifact, Capabilities, DeviceError, Launch, MatrixProduct, MatrixRows};

/// One of NVIDIA's GPUs.
#[derive(Debug)]
pub struct CudaDevice {
    info: GpuInfo,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    capabilities: Capabilities,
    /// Looked for when it is first needed.
    blas: OnceLock<Option<Mutex<Blas>>>,
}

/// An array of words in a GPU's memory.
#[derive(Debug)]
pub struct CudaBuffer(Mutex<CudaSlice<u32>>);

impl CudaBuffer {
    fn slice(&self) -> MutexGuard<'_, CudaSlice<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is, for a device that works by this stream.
    fn address(&self, stream: &Arc<CudaStream>) -> u64 {
        let slice = self.slice();
        assert!(slice.stream() == stream, "the buffer belongs to another device");
        slice.device_ptr(stream).0
    }
}

impl CudaDevice {
    /// Opens the GPU of a number, or the first that has `selector` in its name; an empty `selector` is the first of all.
    /// One that is [too old](super::OLDEST) is passed over where there is another.
    ///
    /// # Errors
    /// [`DeviceError::Absent`] when there is no driver, no such GPU, or only such as are too old; with what to do about it.
    pub fn open(selector: &str) -> Result<Self, DeviceError> {
        let contexts = contexts()?;
        let gpus = contexts.iter().map(|context| info(context)).collect::<Result<Vec<_>, _>>()?;
        let wanted = |number: usize, gpu: &GpuInfo| match selector.parse::<usize>() {
            Ok(asked) => asked == number,
            Err(_) => gpu.name.to_lowercase().contains(&selector.to_lowercase()),
        };
        let found: Vec<_> = gpus.iter().enumerate().filter(|(number, gpu)| wanted(*number, gpu)).collect();
        let Some((number, gpu)) = found.iter().find(|(_, gpu)| gpu.is_too_old().is_none()).or(found.first()) else {
            let names: Vec<String> = gpus.iter().map(|gpu| format!("`{}`", gpu.name)).collect();
            let there =
                if names.is_empty() { "there are none".to_owned() } else { format!("there is {}", names.join(", ")) };
            return Err(DeviceError::Absent(format!("NVIDIA's driver has no GPU `{selector}`: {there}")));
        };
        match gpu.is_too_old() {
            Some(why) => Err(DeviceError::Absent(why)),
            None => Self::of(Arc::clone(&contexts[*number]), (*gpu).clone()),
        }
    }

    fn of(context: Arc<CudaContext>, info: GpuInfo) -> Result<Self, DeviceError> {
        let attribute = |attribute| context.attribute(attribute).map(i32::unsigned_abs).map_err(failed);
        let warp = attribute(Attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE)?;
        let capabilities = Capabilities {
            workgroup: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
            shared_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK)?,
            workgroups: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X)?,
            // Addresses are parameters, of which a kernel takes 4352 bytes.
            buffers: 64,
            binding_words: u32::try_from(info.memory / 4).unwrap_or(u32::MAX),
            subgroups: Some((warp, warp)),
            float_atomics: true,
            processors: Some(attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?),
            resident_threads: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?
                .saturating_mul(attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR)?),
        };
        // SAFETY: buffers are allocated, written, read, handed to kernels and freed by the one stream that follows, as
        // `CudaBuffer::address` asserts, so that no event needs to keep two in order. The context is this device's alone.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(failed)?;
        Ok(Self { info, context, stream, capabilities, blas: OnceLock::new() })
    }

    /// The GPU that it is.
    pub fn info(&self) -> &GpuInfo {
        &self.info
    }

    /// The same, that does without cuBLAS: whatever it gives is of kernels.
    pub fn by_kernels_alone(self) -> Self {
        Self { blas: OnceLock::from(None), ..self }
    }

    /// A launch, as the driver takes it.
    fn call(&self, launch: &Launch<'_, CudaKernel, CudaBuffer>) -> Call {
        let addresses = launch.buffers.iter().map(|buffer| buffer.address(&self.stream)).collect();
        Call::new(launch.kernel, launch.workgroups, launch.parameters, addresses)
    }

    /// A matrix that lies in its buffer, so many words from row to row.
    fn stored(&self, rows: &MatrixRows<'_, CudaBuffer>, stride: usize) -> Stored {
        let MatrixRows { buffer, at, count } = *rows;
        let words = buffer.slice().len();
        assert!(at + count * stride <= words, "{count} rows of {stride} words at {at} of {words}");
        Stored { address: buffer.address(&self.stream) + 4 * at as u64, rows: count, stride }
    }

    /// A place in the stream whose time is noted.
    fn now(&self) -> Result<CudaEvent, DeviceError> {
        self.stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)).map_err(failed)
    }
}

impl gpu::Device for CudaDevice {
    type Buffer = CudaBuffer;
    type Kernel = CudaKernel;
    type Sequence = CudaSequence;

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn load(&self, artifact: &Artifact) -> Result<CudaKernel, DeviceError> {
        CudaKernel::load(&self.context, &self.info, artifact)
    }

    fn allocate(&self, words: usize) -> Result<CudaBuffer, DeviceError> {
        // The driver gives no memory of no bytes.
        let words = words.max(1);
        let slice = self.stream.alloc_zeros(words);
        slice
            .map(|slice| CudaBuffer(Mutex::new(slice)))
            .map_err(|error| allocating(&self.context, 4 * words as u64, error))
    }

    fn write(&self, buffer: &CudaBuffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        if words.is_empty() {
            return Ok(());
        }
        let mut slice = buffer.slice();
        assert!(at + words.len() <= slice.len(), "{} words at {at} of {}", words.len(), slice.len());
        let mut place = slice.slice_mut(at..at + words.len());
        self.stream.memcpy_htod(words, &mut place).map_err(failed)
    }

    fn read(&self, buffer: &CudaBuffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        if words.is_empty() {
            return self.wait();
        }
        let slice = buffer.slice();
        assert!(at + words.len() <= slice.len(), "{} words at {at} of {}", words.len(), slice.len());
        self.stream.memcpy_dtoh(&slice.slice(at..at + words.len()), words).map_err(failed)?;
        self.wait()
    }

    fn copy(&self, from: &CudaBuffer, to: &CudaBuffer, words: usize) -> Result<(), DeviceError> {
        let [most, room] = [from, to].map(|buffer| buffer.slice().len());
        assert!(words <= most.min(room), "{words} words of {most} to {room}");
        let [from, to] = [from, to].map(|buffer| buffer.address(&self.stream));
        assert_ne!(from, to, "a buffer is copied to another one");
        if words == 0 {
            return Ok(());
        }
        self.context.bind_to_thread().map_err(failed)?;
        // SAFETY: both have so many words, by the assertion, and are freed in the order of the stream, after this copy.
        unsafe { result::memcpy_dtod_async(to, from, 4 * words, self.stream.cu_stream()) }.map_err(failed)
    }

    fn launch(
        &self,
        kernel: &CudaKernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&CudaBuffer],
    ) -> Result<(), DeviceError> {
        let call = self.call(&Launch { kernel, workgroups, parameters, buffers });
        if workgroups == 0 { Ok(()) } else { call.launch(&self.stream).map_err(failed) }
    }

    fn launch_all(
        &self,
        sequence: &mut CudaSequence,
        launches: &[Launch<'_, CudaKernel, CudaBuffer>],
    ) -> Result<(), DeviceError> {
        let calls = launches.iter().filter(|launch| launch.workgroups > 0).map(|launch| self.call(launch));
        sequence.launch(self.info.cuda, &self.stream, &calls.collect::<Vec<_>>()).map_err(failed)
    }

    fn multiply(&self, product: &MatrixProduct<'_, CudaBuffer>) -> Result<bool, DeviceError> {
        let MatrixProduct { left, right, width, stride, out, adds } = product;
        let (width, stride) = (*width, *stride);
        assert!(width <= stride, "rows of {width} numbers, {stride} words apart");
        assert!(left.count * right.count <= out.slice().len(), "a number for each pair");
        let own = out.address(&self.stream);
        let is_apart = |rows: &MatrixRows<'_, CudaBuffer>| rows.buffer.address(&self.stream) != own;
        assert!(is_apart(left) && is_apart(right), "a product goes to a buffer of its own");
        let factors = [left, right].map(|rows| self.stored(rows, stride));
        let blas = self.blas.get_or_init(|| Blas::new(&self.stream).map(Mutex::new));
        let Some(blas) = blas.as_ref().filter(|_| width > 0) else { return Ok(false) };
        let mut blas = blas.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: by the assertions the matrices lie in their buffers, which are freed in the order of the stream, and
        // `out` is none of the others.
        Ok(unsafe { blas.multiply(factors, width, own, *adds) })
    }

    fn wait(&self) -> Result<(), DeviceError> {
        self.stream.synchronize().map_err(failed)
    }

    fn seconds(&self, work: &mut dyn FnMut() -> Result<(), DeviceError>) -> Result<f64, DeviceError> {
        let start = self.now()?;
        work()?;
        let milliseconds = start.elapsed_ms(&self.now()?).map_err(failed)?;
        Ok(1e-3 * f64::from(milliseconds))
    }
}
