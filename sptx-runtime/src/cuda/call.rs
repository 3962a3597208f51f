//! One launch, as the driver takes it.

use std::ffi::c_void;

use cudarc::driver::{CudaFunction, CudaStream, DriverError, result, sys};

use super::module::CudaKernel;

/// A launch: of which function, over how many workgroups of how many threads, with which arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    function: CudaFunction,
    pub(super) workgroups: u32,
    threads: u32,
    addresses: Vec<u64>,
    words: Vec<u32>,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.is_of(other)
            && self.workgroups == other.workgroups
            && self.addresses == other.addresses
            && self.words == other.words
    }
}

impl Call {
    /// A launch of a kernel, over one workgroup at least.
    pub(super) fn new(kernel: &CudaKernel, workgroups: u32, parameters: &[u32], addresses: Vec<u64>) -> Self {
        assert_eq!(parameters.len(), kernel.parameters, "parameters of `{}`", kernel.entry);
        assert_eq!(addresses.len(), kernel.buffers, "buffers of `{}`", kernel.entry);
        let (function, threads) = (kernel.function.clone(), kernel.workgroup);
        Self { function, workgroups, threads, addresses, words: parameters.to_vec() }
    }

    /// Whether both launch the same function.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.function.cu_function() == other.function.cu_function() && self.threads == other.threads
    }

    /// Where each argument is, in the order of the entry point: addresses, then words.
    fn arguments(&self) -> Vec<*mut c_void> {
        let addresses = self.addresses.iter().map(|address| std::ptr::from_ref(address).cast_mut().cast());
        addresses.chain(self.words.iter().map(|word| std::ptr::from_ref(word).cast_mut().cast())).collect()
    }

    /// Launches it.
    pub(super) fn launch(&self, stream: &CudaStream) -> Result<(), DriverError> {
        stream.context().bind_to_thread()?;
        let (function, grid, block) = (self.function.cu_function(), (self.workgroups, 1, 1), (self.threads, 1, 1));
        // SAFETY: there are as many arguments as the entry point has, as `new` asserts, of its types, by the contract of
        // `Artifact`; the driver copies them before it returns. Buffers are freed in the order of the stream, after this
        // launch. What a kernel reads and writes lies in its buffers: its form was verified and its launches stay within
        // what the engine allocates.
        unsafe { result::launch_kernel(function, grid, block, 0, stream.cu_stream(), &mut self.arguments()) }
    }

    /// Hands it over as a node of a graph.
    pub(super) fn as_node<T>(&self, take: impl FnOnce(&sys::CUDA_KERNEL_NODE_PARAMS) -> T) -> T {
        let mut arguments = self.arguments();
        take(&sys::CUDA_KERNEL_NODE_PARAMS {
            func: self.function.cu_function(),
            gridDimX: self.workgroups,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            kernelParams: arguments.as_mut_ptr(),
            extra: std::ptr::null_mut(),
            // A function is given, and with it its context.
            kern: std::ptr::null_mut(),
            ctx: std::ptr::null_mut(),
        })
    }
}
