//! Results of calls.

use std::ffi::CStr;

/// A result, as the driver numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// It worked.
    Success = 0,
    /// An argument makes no sense.
    InvalidValue = 1,
    /// No memory.
    OutOfMemory = 2,
    /// A text for other GPUs.
    NoBinaryForGpu = 209,
    /// A text that is not PTX.
    InvalidPtx = 218,
    /// PTX of a version that the driver does not know.
    UnsupportedPtxVersion = 222,
    /// A handle of nothing that there is.
    InvalidHandle = 400,
    /// No such name.
    NotFound = 500,
    /// A kernel did what it must not do.
    IllegalAddress = 700,
    /// The GPU is gone.
    LaunchFailed = 719,
    /// What the driver does not do.
    NotSupported = 801,
    /// What this library does not know.
    Unknown = 999,
}

impl Code {
    /// The code of a number.
    pub fn of(number: u32) -> Self {
        let all = [
            Self::Success,
            Self::InvalidValue,
            Self::OutOfMemory,
            Self::NoBinaryForGpu,
            Self::InvalidPtx,
            Self::UnsupportedPtxVersion,
            Self::InvalidHandle,
            Self::NotFound,
            Self::IllegalAddress,
            Self::LaunchFailed,
            Self::NotSupported,
        ];
        all.into_iter().find(|code| *code as u32 == number).unwrap_or(Self::Unknown)
    }

    /// Its name.
    pub fn name(self) -> &'static CStr {
        match self {
            Self::Success => c"CUDA_SUCCESS",
            Self::InvalidValue => c"CUDA_ERROR_INVALID_VALUE",
            Self::OutOfMemory => c"CUDA_ERROR_OUT_OF_MEMORY",
            Self::NoBinaryForGpu => c"CUDA_ERROR_NO_BINARY_FOR_GPU",
            Self::InvalidPtx => c"CUDA_ERROR_INVALID_PTX",
            Self::UnsupportedPtxVersion => c"CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
            Self::InvalidHandle => c"CUDA_ERROR_INVALID_HANDLE",
            Self::NotFound => c"CUDA_ERROR_NOT_FOUND",
            Self::IllegalAddress => c"CUDA_ERROR_ILLEGAL_ADDRESS",
            Self::LaunchFailed => c"CUDA_ERROR_LAUNCH_FAILED",
            Self::NotSupported => c"CUDA_ERROR_NOT_SUPPORTED",
            Self::Unknown => c"CUDA_ERROR_UNKNOWN",
        }
    }

    /// What it means.
    pub fn text(self) -> &'static CStr {
        match self {
            Self::Success => c"no error",
            Self::InvalidValue => c"invalid argument",
            Self::OutOfMemory => c"out of memory",
            Self::NoBinaryForGpu => c"no kernel image is available for execution on the device",
            Self::InvalidPtx => c"a PTX JIT compilation failed",
            Self::UnsupportedPtxVersion => c"the provided PTX was compiled with an unsupported toolchain.",
            Self::InvalidHandle => c"invalid resource handle",
            Self::NotFound => c"named symbol not found",
            Self::IllegalAddress => c"an illegal memory access was encountered",
            Self::LaunchFailed => c"unspecified launch failure",
            Self::NotSupported => c"operation not supported",
            Self::Unknown => c"unknown error",
        }
    }
}
