//! What goes wrong on a device outside the call that caused it, and the errors of a call.

use std::sync::{Arc, Mutex, PoisonError};

use ::wgpu::{Device, ErrorFilter};

use super::ready;
use crate::gpu::DeviceError;

/// The first thing that went wrong on a device and belongs to no call.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault(Arc<Mutex<Option<DeviceError>>>);

impl Fault {
    /// Watches a device.
    pub(super) fn of(device: &Device) -> Self {
        let fault = Self::default();
        let lost = fault.clone();
        device.set_device_lost_callback(move |_, message| {
            let message = if message.is_empty() { "its driver does not say why".to_owned() } else { message };
            lost.set(DeviceError::Lost(message));
        });
        let uncaptured = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            uncaptured.set(match error {
                ::wgpu::Error::OutOfMemory { source } => DeviceError::OutOfMemory { bytes: 0, reason: said(&*source) },
                ::wgpu::Error::Validation { description, .. } | ::wgpu::Error::Internal { description, .. } => {
                    DeviceError::Lost(description.trim().to_owned())
                }
            });
        }));
        fault
    }

    /// Keeps an error, unless there is one.
    pub(super) fn set(&self, error: DeviceError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Whether nothing has gone wrong.
    ///
    /// # Errors
    /// What has.
    pub(super) fn check(&self) -> Result<(), DeviceError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }
}

/// Makes calls whose errors are the caller's; gives the first of them.
pub(super) fn caught<T>(device: &Device, calls: impl FnOnce() -> T) -> Result<T, ::wgpu::Error> {
    let [memory, validation, internal] = [ErrorFilter::OutOfMemory, ErrorFilter::Validation, ErrorFilter::Internal]
        .map(|filter| device.push_error_scope(filter));
    let value = calls();
    // In the order in which they may be popped.
    let errors = [ready(internal.pop()), ready(validation.pop()), ready(memory.pop())];
    errors.into_iter().flatten().next().map_or(Ok(value), Err)
}

/// [`caught`], for calls that ask for so many bytes.
pub(super) fn allocated<T>(device: &Device, bytes: u64, calls: impl FnOnce() -> T) -> Result<T, DeviceError> {
    caught(device, calls).map_err(|error| {
        let reason = match error {
            ::wgpu::Error::OutOfMemory { source } => said(&*source),
            ::wgpu::Error::Validation { description, .. } | ::wgpu::Error::Internal { description, .. } => {
                description.trim().to_owned()
            }
        };
        DeviceError::OutOfMemory { bytes, reason }
    })
}

/// What an error and its causes say.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
