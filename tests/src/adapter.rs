//! The adapter that tests run kernels on.

use std::sync::OnceLock;

use sptx_runtime::gpu::{Capabilities, DeviceError};
use sptx_runtime::wgpu::WgpuDevice;

use crate::{RESIDENT_THREADS, skip};

/// The first adapter; none, with a word about it, where there is none.
///
/// # Panics
/// Where there is none and `SPTX_REQUIRE` lists `vulkan`.
pub fn adapter() -> Option<&'static WgpuDevice> {
    static DEVICE: OnceLock<Option<WgpuDevice>> = OnceLock::new();
    let most = Capabilities { resident_threads: RESIDENT_THREADS, ..Capabilities::UNBOUNDED };
    let open = || match WgpuDevice::open_within("", &most) {
        Ok(device) => Some(device),
        Err(DeviceError::Absent(why)) => {
            skip("vulkan", &why);
            None
        }
        Err(other) => panic!("{other}"),
    };
    DEVICE.get_or_init(open).as_ref()
}
