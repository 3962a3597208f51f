//! GPUs through Vulkan, Metal or Direct3D 12, whose kernels are WGSL.
//!
//! An artifact's text is one WGSL module. Its buffers are the storage bindings 0, 1, … of group 0, in the artifact's
//! order, those that it only reads declared `read`. Its parameters, where it has any, are the uniform binding that
//! follows: a structure of 4-byte words in the artifact's order, padded to a multiple of 16 bytes. More workgroups than
//! an axis of the grid has are folded to two axes; a workgroup's number is then
//! `workgroup_id.y * num_workgroups.x + workgroup_id.x`, and there may be more workgroups than were asked for, fewer than
//! the rows of the grid.
//!
//! Nothing here panics for what a driver does: errors that belong to a call are that call's, and one that belongs to none
//! (a device lost, a launch refused when it is submitted) is given by the calls that follow it, by a read at the latest.
//! After such an error the device is of no more use.

mod adapter;
mod device;
mod fault;
mod kernel;
mod pending;
mod timing;
mod transfer;

#[cfg(test)]
mod tests;

pub use ::wgpu::{Features, Limits};
pub use adapter::{AdapterInfo, Kind, adapters};
pub use device::{WgpuBuffer, WgpuDevice};
pub use kernel::WgpuKernel;

/// The value of a future that is ready: so are all of wgpu's, but in a browser.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
