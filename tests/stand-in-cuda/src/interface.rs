//! What the driver exports.
#![allow(
    non_snake_case,
    missing_docs,
    unreachable_pub,
    reason = "the driver's names, which its own documentation explains"
)]
#![allow(clippy::missing_safety_doc, reason = "the same: pointers are valid as the driver's documentation wants them")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Arc;

use sptx_ptx_machine::Module;

use super::Code;
use super::event::Event;
use super::gpu::{Function, gpu};

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

/// Exports calls that do nothing but give a value, or nothing at all.
macro_rules! exports {
    ($($name:ident($($argument:ident: $ty:ty),*) => $value:expr;)*) => {
        $(
            // SAFETY: no other function of this library has the name, which is the driver's.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $ty),*) -> Code {
                $value
            }
        )*
    };
}

exports! {
    cuInit(_flags: c_uint) => Code::Success;
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
    cuStreamSynchronize(_stream: *mut c_void) => code(gpu().check());
    cuStreamWaitEvent(_stream: *mut c_void, event: *mut c_void, _flags: c_uint) => {
        code(gpu().events.get(event).map(|_| ()))
    };
    cuEventCreate(event: *mut *mut c_void, flags: c_uint) => give(event, Ok(gpu().events.add(Event::new(flags))));
    cuEventDestroy_v2(event: *mut c_void) => code(gpu().events.remove(event).map(|_| ()));
    cuEventRecord(event: *mut c_void, _stream: *mut c_void) => code(gpu().events.get(event).map(Event::record));
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
            75 => Ok(7),
            76 => Ok(5),
            // Memory pools.
            115 => Ok(0),
            _ => Err(Code::InvalidValue),
        })
    };

    cuMemsetD8Async(address: u64, byte: u8, bytes: usize, _stream: *mut c_void) => {
        code(gpu().words(address, bytes).map(|words| words.fill(u32::from_ne_bytes([byte; 4]))))
    };

    cuMemcpyHtoDAsync_v2(address: u64, source: *const c_void, bytes: usize, _stream: *mut c_void) => {
        code(gpu().words(address, bytes).map(|words| {
            // SAFETY: the caller has so many bytes there, and `words` is as long.
            unsafe { source.cast::<u8>().copy_to_nonoverlapping(words.as_mut_ptr().cast(), bytes) };
        }))
    };

    cuMemcpyDtoHAsync_v2(target: *mut c_void, address: u64, bytes: usize, _stream: *mut c_void) => {
        code(gpu().words(address, bytes).map(|words| {
            // SAFETY: the caller has room for so many bytes, and `words` is as long.
            unsafe { words.as_ptr().cast::<u8>().copy_to_nonoverlapping(target.cast(), bytes) };
        }))
    };

    cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, _stream: *mut c_void) => {
        code(gpu().copy(to, from, bytes))
    };

    cuModuleLoadData(module: *mut *mut c_void, image: *const c_void) => {
        give(module, load(image).map_err(|_| Code::InvalidPtx))
    };

    cuModuleLoadDataEx(
        module: *mut *mut c_void,
        image: *const c_void,
        count: c_uint,
        options: *mut c_uint,
        values: *mut *mut c_void
    ) => {
        match load(image) {
            Ok(loaded) => give(module, Ok(loaded)),
            Err(why) => {
                log(&why, count as usize, options, values);
                Code::InvalidPtx
            }
        }
    };

    cuModuleUnload(module: *mut c_void) => {
        // SAFETY: it came from `load`, and is unloaded once.
        drop(unsafe { Arc::from_raw(module.cast_const().cast::<Module>()) });
        Code::Success
    };

    cuModuleGetFunction(function: *mut *mut c_void, module: *mut c_void, name: *const c_char) => {
        // SAFETY: the module came from `load` and is loaded; the name ends with a 0.
        let (module, entry) = unsafe {
            Arc::increment_strong_count(module.cast_const().cast::<Module>());
            (Arc::from_raw(module.cast_const().cast::<Module>()), CStr::from_ptr(name).to_string_lossy().into_owned())
        };
        if module.entry(&entry).is_none() {
            return Code::NotFound;
        }
        // Functions live as long as the program, as do the few modules that they are of.
        give(function, Ok(Box::into_raw(Box::new(Function { module, entry })).cast()))
    };

    cuLaunchKernel(
        function: *mut c_void,
        across: c_uint,
        down: c_uint,
        deep: c_uint,
        threads: c_uint,
        threads_down: c_uint,
        threads_deep: c_uint,
        _shared: c_uint,
        _stream: *mut c_void,
        parameters: *mut *mut c_void,
        _extra: *mut *mut c_void
    ) => {
        if [down, deep, threads_down, threads_deep] != [1; 4] {
            return Code::InvalidValue;
        }
        // SAFETY: the function came from `cuModuleGetFunction`.
        let function = unsafe { &*function.cast_const().cast::<Function>() };
        let Some(entry) = function.module.entry(&function.entry) else { return Code::NotFound };
        let (buffers, words) = (entry.buffers().count(), entry.words().count());
        // SAFETY: there are as many parameters as the entry point has, each at an address of its own: buffers' addresses
        // first, as sptx has them, then words.
        let (addresses, words) = unsafe {
            let address = |number: usize| parameters.add(number).read().cast::<u64>().read();
            let word = |number: usize| parameters.add(buffers + number).read().cast::<u32>().read();
            ((0..buffers).map(address).collect::<Vec<_>>(), (0..words).map(word).collect::<Vec<_>>())
        };
        code(gpu().launch(function, [across, threads], &addresses, &words))
    };
}

/// A module from text.
fn load(image: *const c_void) -> Result<*mut c_void, String> {
    // SAFETY: the text ends with a 0.
    let text = unsafe { CStr::from_ptr(image.cast()) }.to_string_lossy();
    let module = Module::parse(&text).map_err(|mistake| mistake.to_string())?;
    Ok(Arc::into_raw(Arc::new(module)).cast_mut().cast())
}

/// Writes why a module was refused where the caller asks for it.
fn log(why: &str, count: usize, options: *mut c_uint, values: *mut *mut c_void) {
    const BUFFER: c_uint = 5;
    const BYTES: c_uint = 6;
    // SAFETY: there are `count` options with as many values.
    let (options, values) =
        unsafe { (std::slice::from_raw_parts(options, count), std::slice::from_raw_parts(values, count)) };
    let value = |wanted| options.iter().position(|option| *option == wanted).map(|number| values[number]);
    if let (Some(buffer), Some(bytes)) = (value(BUFFER), value(BYTES)) {
        let length = why.len().min(bytes.addr().saturating_sub(1));
        // SAFETY: the caller's buffer has so many bytes, one of them for the 0 at its end.
        unsafe {
            why.as_ptr().copy_to_nonoverlapping(buffer.cast(), length);
            buffer.cast::<u8>().add(length).write(0);
        }
    }
}
