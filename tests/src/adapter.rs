//! The adapter that tests run kernels on.

use std::sync::OnceLock;

use sptx_runtime::gpu::DeviceError;
use sptx_runtime::wgpu::WgpuDevice;

/// The first adapter; none, with a word about it, where there is none.
///
/// # Panics
/// Where there is none and `SPTX_REQUIRE` lists `vulkan`.
pub fn adapter() -> Option<&'static WgpuDevice> {
    static DEVICE: OnceLock<Option<WgpuDevice>> = OnceLock::new();
    let open = || match WgpuDevice::open("") {
        Ok(device) => Some(device),
        Err(DeviceError::Absent(why)) => {
            let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
            let requires = required.split(',').any(|name| name.trim() == "vulkan");
            assert!(!requires, "SPTX_REQUIRE lists `vulkan`: {why}");
            println!("SKIPPED (vulkan): {why}");
            None
        }
        Err(other) => panic!("{other}"),
    };
    DEVICE.get_or_init(open).as_ref()
}
