//! Kernels, made ready for a GPU.

use std::collections::HashMap;
use std::ffi::{CString, c_uint, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cudarc::driver::sys::{self, CUjit_option, CUresult};
use cudarc::driver::{CudaContext, CudaFunction, CudaModule, DriverError};
use cudarc::nvrtc::Ptx;

use super::driver::{GpuInfo, free_of, said};
use crate::gpu::{Artifact, DeviceError};

/// Bytes of what the driver's compiler may say.
const LOG_BYTES: usize = 8 << 10;

/// A kernel, ready to launch on the GPU that loaded it.
#[derive(Clone, Debug)]
pub struct CudaKernel {
    pub(super) entry: String,
    pub(super) function: CudaFunction,
    pub(super) workgroup: u32,
    pub(super) buffers: usize,
    pub(super) parameters: usize,
}

impl CudaKernel {
    pub(super) fn load(context: &Arc<CudaContext>, info: &GpuInfo, artifact: &Artifact) -> Result<Self, DeviceError> {
        let Artifact { entry, text, workgroup, buffers, parameters, .. } = artifact;
        let refused = |reason| DeviceError::Refused { entry: entry.clone(), reason };
        let source = CString::new(text.as_str()).map_err(|error| refused(error.to_string()))?;
        let module = module(context, text).map_err(|error| match error.0 {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => DeviceError::OutOfMemory {
                bytes: text.len() as u64,
                reason: format!("so long is the text of `{entry}`; {}", free_of(context)),
            },
            _ => refused(format!("{}{}{}", mismatch(text, info), said(error), log(context, &source))),
        })?;
        let function = module.load_function(entry).map_err(|error| refused(said(error)))?;
        let (buffers, parameters) = (buffers.len(), parameters.len());
        Ok(Self { entry: entry.clone(), function, workgroup: *workgroup, buffers, parameters })
    }
}

/// The modules that are in use, by the GPU's number and the text.
type Modules = HashMap<(usize, String), Weak<CudaModule>>;

/// The module of a text: one for each text that is in use, however often it is loaded. What the driver's compiler has
/// made of a text in earlier runs the driver keeps on disk.
fn module(context: &Arc<CudaContext>, text: &str) -> Result<Arc<CudaModule>, DriverError> {
    static MODULES: Mutex<Option<Modules>> = Mutex::new(None);
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = modules.get_or_insert_default();
    let key = (context.ordinal(), text.to_owned());
    if let Some(module) = modules.get(&key).and_then(Weak::upgrade) {
        return Ok(module);
    }
    modules.retain(|_, module| module.strong_count() > 0);
    let module = context.load_module(Ptx::from_src(text))?;
    modules.insert(key, Arc::downgrade(&module));
    Ok(module)
}

/// Why the driver or the GPU cannot take a text, as far as its first lines tell.
fn mismatch(text: &str, info: &GpuInfo) -> String {
    let directive = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name));
    let version = directive(".version ").and_then(|version| version.split_once('.'));
    let version = version.and_then(|(major, minor)| Some((major.trim().parse().ok()?, minor.trim().parse().ok()?)));
    let ((major, minor), (cuda, cuda_minor)) = (info.ptx(), info.cuda);
    if let Some((needs, needs_minor)) = version.filter(|version| *version > (major, minor)) {
        return format!(
            "NVIDIA's driver takes PTX up to {major}.{minor} (CUDA {cuda}.{cuda_minor}), and this kernel is of PTX \
             {needs}.{needs_minor}: update the driver. It says: "
        );
    }
    let own = 10 * info.capability.0 + info.capability.1;
    let target = directive(".target sm_").map(|target| target.trim_end_matches(|end: char| !end.is_ascii_digit()));
    match target.and_then(|target| target.parse::<u32>().ok()).filter(|target| *target > own) {
        Some(target) => {
            format!("the kernel is for GPUs from sm_{target} on, and this one is sm_{own}. The driver says: ")
        }
        None => String::new(),
    }
}

/// What the driver's compiler says of a text that it refused.
fn log(context: &CudaContext, source: &CString) -> String {
    let mut text = vec![0_u8; LOG_BYTES];
    let mut options = [CUjit_option::CU_JIT_ERROR_LOG_BUFFER, CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    // An option's value is an address, or a number in the place of one.
    let mut values: [*mut c_void; 2] = [text.as_mut_ptr().cast(), ptr::without_provenance_mut(LOG_BYTES)];
    let mut module = ptr::null_mut();
    if context.bind_to_thread().is_err() {
        return String::new();
    }
    // SAFETY: `source` ends with a 0; there are as many values as options; the log's address and its length belong
    // together and outlive the call. A module that is made after all is not kept.
    unsafe {
        let count = options.len() as c_uint;
        let data = source.as_ptr().cast();
        let made = sys::cuModuleLoadDataEx(&mut module, data, count, options.as_mut_ptr(), values.as_mut_ptr());
        if made.result().is_ok() {
            _ = sys::cuModuleUnload(module);
        }
    }
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(LOG_BYTES);
    let said = String::from_utf8_lossy(&text[..end]).trim().to_owned();
    if said.is_empty() { said } else { format!("\n{said}") }
}
