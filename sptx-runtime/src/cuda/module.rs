//! Kernels, made ready for a GPU.

use std::ffi::{CString, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUjit_option};
use cudarc::driver::{CudaContext, CudaFunction};
use cudarc::nvrtc::Ptx;

use super::driver::said;
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
    pub(super) fn load(context: &Arc<CudaContext>, artifact: &Artifact) -> Result<Self, DeviceError> {
        let Artifact { entry, text, workgroup, buffers, parameters, .. } = artifact;
        let refused = |reason| DeviceError::Refused { entry: entry.clone(), reason };
        let source = CString::new(text.as_str()).map_err(|error| refused(error.to_string()))?;
        let module = context
            .load_module(Ptx::from_src(text))
            .map_err(|error| refused(format!("{}{}", said(error), log(context, &source))))?;
        let function = module.load_function(entry).map_err(|error| refused(said(error)))?;
        let (buffers, parameters) = (buffers.len(), parameters.len());
        Ok(Self { entry: entry.clone(), function, workgroup: *workgroup, buffers, parameters })
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
