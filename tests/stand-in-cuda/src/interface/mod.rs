//! What the driver exports.
#![allow(
    non_snake_case,
    missing_docs,
    unreachable_pub,
    reason = "the driver's names, which its own documentation explains"
)]
#![allow(clippy::missing_safety_doc, reason = "the same: pointers are valid as the driver's documentation wants them")]

mod blas;
mod graphs;
mod modules;

use std::ffi::{c_char, c_int, c_uint, c_void};

use super::Code;
use super::event::Event;
use super::gpu::{gpu, variable};
use super::module::capability;

/// What stands for a context: never looked at.
const HANDLE: *mut c_void = std::ptr::without_provenance_mut(64);

fn code(result: Result<(), Code>) -> Code {
    result.err().unwrap_or(Code::Success)
}

/// Writes a result where the caller wants it.
fn give<T>(place: *mut T, value: Result<T, Code>) -> Code {
    match value {
        // SAFETY: the caller's place is valid for a value of its type.
        Ok(value) => unsafe {
            place.write(value);
            Code::Success
        },
        Err(code) => code,
    }
}

/// Exports calls with a result of some type.
macro_rules! exports {
    ($result:ty; $($name:ident($($argument:ident: $ty:ty),*) => $value:expr;)*) => {
        $(
            // SAFETY: no other function of this library has the name, which is the driver's.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $ty),*) -> $result {
                crate::trace::call(stringify!($name));
                $value
            }
        )*
    };
}
use exports;

exports! { Code;
    cuInit(_flags: c_uint) => Code::Success;
    cuDriverGetVersion(version: *mut c_int) => {
        give(version, Ok(variable("SPTX_STAND_IN_CUDA").and_then(|version| version.parse().ok()).unwrap_or(12_080)))
    };
    cuDeviceGetCount(count: *mut c_int) => give(count, Ok(1));
    cuDeviceGet(device: *mut c_int, ordinal: c_int) => {
        give(device, if ordinal == 0 { Ok(0) } else { Err(Code::InvalidValue) })
    };
    cuDevicePrimaryCtxRetain(context: *mut *mut c_void, _device: c_int) => give(context, Ok(HANDLE));
    cuDevicePrimaryCtxRelease_v2(_device: c_int) => Code::Success;
    cuDeviceTotalMem_v2(bytes: *mut usize, _device: c_int) => give(bytes, Ok(gpu().memory));
    cuCtxGetCurrent(context: *mut *mut c_void) => give(context, Ok(HANDLE));
    cuCtxSetCurrent(_context: *mut c_void) => Code::Success;
    cuMemAlloc_v2(address: *mut u64, bytes: usize) => give(address, gpu().allocate(bytes));
    cuMemFree_v2(address: u64) => code(gpu().release(address));
    cuStreamCreate(stream: *mut *mut c_void, _flags: c_uint) => give(stream, Ok(gpu().streams.add(())));
    cuStreamDestroy_v2(stream: *mut c_void) => code(gpu().streams.remove(stream));
    cuStreamSynchronize(stream: *mut c_void) => code(gpu().on(stream).map(|_| ()));
    cuStreamWaitEvent(stream: *mut c_void, event: *mut c_void, _flags: c_uint) => {
        code(gpu().on(stream).and_then(|gpu| gpu.events.get(event).map(|_| ())))
    };
    cuEventCreate(event: *mut *mut c_void, flags: c_uint) => give(event, Ok(gpu().events.add(Event::new(flags))));
    cuEventDestroy_v2(event: *mut c_void) => code(gpu().events.remove(event).map(|_| ()));
    cuEventRecord(event: *mut c_void, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.events.get(event).map(Event::record)))
    };
    cuEventSynchronize(event: *mut c_void) => {
        let mut gpu = gpu();
        code(gpu.check().and_then(|()| gpu.events.get(event).map(|_| ())))
    };
    cuEventElapsedTime(milliseconds: *mut f32, start: *mut c_void, end: *mut c_void) => {
        give(milliseconds, gpu().milliseconds(start, end))
    };
    cuGetErrorName(error: u32, text: *mut *const c_char) => give(text, Ok(Code::of(error).name().as_ptr()));
    cuGetErrorString(error: u32, text: *mut *const c_char) => give(text, Ok(Code::of(error).text().as_ptr()));

    cuMemGetInfo_v2(free: *mut usize, total: *mut usize) => {
        let gpu = gpu();
        give(free, Ok(gpu.free_bytes()));
        give(total, Ok(gpu.memory))
    };

    cuDeviceGetName(name: *mut c_char, length: c_int, _device: c_int) => {
        let text = c"Stand-in for a GPU".to_bytes_with_nul();
        if (length as usize) < text.len() {
            return Code::InvalidValue;
        }
        // SAFETY: the caller's array has `length` bytes, which is enough.
        unsafe { text.as_ptr().cast::<c_char>().copy_to_nonoverlapping(name, text.len()) };
        Code::Success
    };

    cuDeviceGetAttribute(value: *mut c_int, attribute: c_uint, _device: c_int) => {
        give(value, match attribute {
            // Threads of a block; blocks of a grid; bytes of shared memory; threads of a warp.
            1 => Ok(1024),
            5 => Ok(c_int::MAX),
            8 => Ok(48 << 10),
            10 => Ok(32),
            // Multiprocessors; threads of one.
            16 => Ok(4),
            39 => Ok(1024),
            // The compute capability.
            75 => Ok(capability()[0] as c_int),
            76 => Ok(capability()[1] as c_int),
            // Memory pools.
            115 => Ok(0),
            _ => Err(Code::InvalidValue),
        })
    };

    cuMemsetD8Async(address: u64, byte: u8, bytes: usize, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.words(address, bytes)).map(|words| words.fill(u32::from_ne_bytes([byte; 4]))))
    };

    cuMemcpyHtoDAsync_v2(address: u64, source: *const c_void, bytes: usize, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.words(address, bytes)).map(|words| {
            // SAFETY: the caller has so many bytes there, and `words` is as long.
            unsafe { source.cast::<u8>().copy_to_nonoverlapping(words.as_mut_ptr().cast(), bytes) };
        }))
    };

    cuMemcpyDtoHAsync_v2(target: *mut c_void, address: u64, bytes: usize, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.words(address, bytes)).map(|words| {
            // SAFETY: the caller has room for so many bytes, and `words` is as long.
            unsafe { words.as_ptr().cast::<u8>().copy_to_nonoverlapping(target.cast(), bytes) };
        }))
    };

    cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.copy(to, from, bytes)))
    };
}
