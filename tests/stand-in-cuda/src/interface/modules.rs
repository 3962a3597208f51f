//! Modules, their functions and launches.

use std::ffi::{CStr, c_char, c_uint, c_void};

use super::{code, exports, give};
use crate::Code;
use crate::gpu::gpu;
use crate::graph::Launch;

exports! { Code;
    cuModuleLoadData(module: *mut *mut c_void, image: *const c_void) => {
        give(module, gpu().load(&text(image)).map_err(|(code, _)| code))
    };

    cuModuleLoadDataEx(
        module: *mut *mut c_void,
        image: *const c_void,
        count: c_uint,
        options: *mut c_uint,
        values: *mut *mut c_void
    ) => {
        let loaded = gpu().load(&text(image)).map_err(|(code, why)| {
            log(&why, count as usize, options, values);
            code
        });
        give(module, loaded)
    };

    cuModuleUnload(module: *mut c_void) => code(gpu().unload(module));

    cuModuleGetFunction(function: *mut *mut c_void, module: *mut c_void, name: *const c_char) => {
        give(function, gpu().function(module, &text(name.cast())))
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
        stream: *mut c_void,
        parameters: *mut *mut c_void,
        _extra: *mut *mut c_void
    ) => {
        let shape = [across, down, deep, threads, threads_down, threads_deep];
        let launch = launch_of(function, shape, parameters);
        code(launch.and_then(|launch| gpu().on(stream)?.launch(&launch)))
    };
}

/// A text that ends with a 0.
fn text(start: *const c_void) -> String {
    // SAFETY: the caller's text ends with a 0.
    unsafe { CStr::from_ptr(start.cast()) }.to_string_lossy().into_owned()
}

/// A launch, its arguments copied.
pub(super) fn launch_of(
    function: *mut c_void,
    [across, down, deep, threads, threads_down, threads_deep]: [c_uint; 6],
    parameters: *mut *mut c_void,
) -> Result<Launch, Code> {
    if [down, deep, threads_down, threads_deep] != [1; 4] || across == 0 {
        return Err(Code::InvalidValue);
    }
    let called = gpu().functions.get(function)?.clone();
    let entry = called.entry()?;
    let (buffers, words) = (entry.buffers().count(), entry.words().count());
    // SAFETY: there are as many parameters as the entry point has, each at an address of its own: buffers' addresses
    // first, as sptx has them, then words.
    let (addresses, words) = unsafe {
        let address = |number: usize| parameters.add(number).read().cast::<u64>().read();
        let word = |number: usize| parameters.add(buffers + number).read().cast::<u32>().read();
        ((0..buffers).map(address).collect(), (0..words).map(word).collect())
    };
    Ok(Launch { function, workgroups: across, threads, addresses, words })
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
