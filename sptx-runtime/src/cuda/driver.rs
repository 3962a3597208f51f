//! The driver: whether it is here, what it says, and which GPUs it has.

use std::sync::Arc;

use cudarc::driver::sys::{self, CUresult};
use cudarc::driver::{CudaContext, DriverError};

use crate::gpu::DeviceError;

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuInfo {
    /// What it calls itself.
    pub name: String,
    /// Its compute capability: (9, 0) of Hopper.
    pub capability: (u32, u32),
    /// Bytes of its memory.
    pub memory: u64,
    /// The CUDA of its driver: (12, 8), whatever toolkit is installed.
    pub cuda: (u32, u32),
}

/// The compute capability of the oldest GPUs that kernels are made for: Turing's.
pub const OLDEST: (u32, u32) = (7, 5);

impl GpuInfo {
    /// The newest version of PTX that its driver takes.
    ///
    /// ```
    /// use sptx_runtime::cuda::GpuInfo;
    ///
    /// let gpu = |cuda| GpuInfo { name: "GPU".to_owned(), capability: (8, 0), memory: 1 << 34, cuda };
    /// assert_eq!([(10, 0), (11, 4), (12, 8), (13, 1)].map(|cuda| gpu(cuda).ptx()), [(6, 3), (7, 4), (8, 7), (9, 1)]);
    /// ```
    pub fn ptx(&self) -> (u32, u32) {
        match self.cuda {
            (major @ ..10, minor) => (major.saturating_sub(3), minor),
            (10, minor) => (6, 3 + minor),
            (11, minor) => (7, minor),
            (12, minor @ ..=5) => (8, minor),
            // CUDA 12.6 brought no new PTX.
            (12, minor) => (8, minor - 1),
            (major, minor) => (major - 4, minor),
        }
    }

    /// Why no kernel runs on it, where none does.
    pub(super) fn is_too_old(&self) -> Option<String> {
        let ((major, minor), (least, least_minor)) = (self.capability, OLDEST);
        (self.capability < OLDEST).then(|| {
            format!(
                "`{}` is too old: it has compute capability {major}.{minor}, and kernels need {least}.{least_minor} or \
                 later; use another device",
                self.name
            )
        })
    }
}

/// NVIDIA's GPUs, in the order of the driver's numbers.
///
/// # Errors
/// [`DeviceError::Absent`] where there is no driver, or it does not start; with what to do.
pub fn gpus() -> Result<Vec<GpuInfo>, DeviceError> {
    contexts()?.iter().map(|context| info(context)).collect()
}

/// Whether the driver's library is here.
fn is_present() -> bool {
    // SAFETY: the library is opened and closed again; opening it runs its initialisers, which the driver's are made for.
    unsafe { sys::is_culib_present() }
}

/// A context on every GPU.
pub(super) fn contexts() -> Result<Vec<Arc<CudaContext>>, DeviceError> {
    if !is_present() {
        let why = "no NVIDIA driver is here: its library `libcuda` is not found; install NVIDIA's driver, or use another \
                   device";
        return Err(DeviceError::Absent(why.to_owned()));
    }
    let absent = |error| DeviceError::Absent(format!("NVIDIA's driver does not start: {}", said(error)));
    cudarc::driver::result::init().map_err(absent)?;
    let count = CudaContext::device_count().map_err(absent)?;
    (0..count.unsigned_abs() as usize).map(|ordinal| CudaContext::new(ordinal).map_err(absent)).collect()
}

/// What a GPU is.
pub(super) fn info(context: &CudaContext) -> Result<GpuInfo, DeviceError> {
    let name = context.name().map_err(failed)?;
    let (major, minor) = context.compute_capability().map_err(failed)?;
    let memory = context.total_mem().map_err(failed)? as u64;
    let mut cuda = 0;
    // SAFETY: the driver writes a number to the place it is given.
    unsafe { sys::cuDriverGetVersion(&mut cuda) }.result().map_err(failed)?;
    let cuda = cuda.unsigned_abs();
    let capability = (major.unsigned_abs(), minor.unsigned_abs());
    Ok(GpuInfo { name, capability, memory, cuda: (cuda / 1000, cuda % 1000 / 10) })
}

/// What the driver says of an error.
pub(super) fn said(error: DriverError) -> String {
    let text = |text: Result<&std::ffi::CStr, DriverError>| text.ok().map(|it| it.to_string_lossy().into_owned());
    match (text(error.error_string()), text(error.error_name())) {
        (Some(string), Some(name)) => format!("{string} ({name})"),
        (Some(either), None) | (None, Some(either)) => either,
        (None, None) => format!("error {}", error.0 as u32),
    }
}

/// An error after which the device is of no more use.
pub(super) fn failed(error: DriverError) -> DeviceError {
    DeviceError::Lost(said(error))
}

/// An error of asking for so many bytes.
pub(super) fn allocating(context: &CudaContext, bytes: u64, error: DriverError) -> DeviceError {
    if error.0 != CUresult::CUDA_ERROR_OUT_OF_MEMORY {
        return failed(error);
    }
    DeviceError::OutOfMemory { bytes, reason: free_of(context) }
}

/// How much of a GPU's memory is free.
pub(super) fn free_of(context: &CudaContext) -> String {
    match context.mem_get_info() {
        Ok((free, total)) => format!("{free} of its {total} bytes are free"),
        Err(error) => said(error),
    }
}
