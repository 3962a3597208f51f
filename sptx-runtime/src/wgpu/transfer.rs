//! Words to and from a device's memory, a bounded number at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use ::wgpu::{Buffer, BufferDescriptor, BufferUsages, Device, MapMode, PollType, Queue, SubmissionIndex};

use super::fault::{Fault, allocated};
use crate::gpu::DeviceError;

/// Bytes that wait between the host and the device at most, in either direction.
pub(super) const STAGING_BYTES: usize = 16 << 20;

/// Bytes of one upload: one is filled while the one before it is on its way.
const UPLOAD_BYTES: usize = STAGING_BYTES / 2;

/// What is on its way to the device.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    /// Bytes that wait for the next submission.
    waiting: usize,
    /// The last submission that was made for the sake of its uploads.
    last: Option<SubmissionIndex>,
}

impl Uploads {
    /// Writes words at a byte of a buffer.
    pub(super) fn write(
        &mut self,
        host: &Host<'_>,
        buffer: &Buffer,
        mut at: u64,
        words: &[u32],
    ) -> Result<(), DeviceError> {
        for chunk in words.chunks(UPLOAD_BYTES / 4) {
            let bytes = 4 * chunk.len();
            if self.waiting + bytes > UPLOAD_BYTES {
                self.pass(host)?;
            }
            let write = || host.queue.write_buffer(buffer, at, bytemuck::cast_slice(chunk));
            allocated(host.device, bytes as u64, write)?;
            self.waiting += bytes;
            at += bytes as u64;
        }
        host.fault.check()
    }

    /// Sends what waits on its way, after what was sent before has arrived.
    fn pass(&mut self, host: &Host<'_>) -> Result<(), DeviceError> {
        let before = self.last.replace(host.queue.submit([]));
        self.waiting = 0;
        before.map_or(Ok(()), |before| host.wait(before))
    }

    /// Notes that launches were handed over, and with them all uploads.
    pub(super) fn submitted(&mut self, index: SubmissionIndex) {
        self.waiting = 0;
        self.last = Some(index);
    }
}

/// Whom the host talks to.
#[derive(Clone, Copy)]
pub(super) struct Host<'a> {
    pub(super) device: &'a Device,
    pub(super) queue: &'a Queue,
    pub(super) fault: &'a Fault,
}

impl Host<'_> {
    /// A buffer that the host can read once the device has copied to it.
    pub(super) fn staging(&self, bytes: u64) -> Result<Buffer, DeviceError> {
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let descriptor = BufferDescriptor { label: Some("staging"), size: bytes, usage, mapped_at_creation: false };
        allocated(self.device, bytes, || self.device.create_buffer(&descriptor))
    }

    /// Waits for a submission.
    pub(super) fn wait(&self, submission: SubmissionIndex) -> Result<(), DeviceError> {
        let wait = PollType::Wait { submission_index: Some(submission), timeout: None };
        // Where the device is lost while it waits, `poll` has no error to give and panics instead.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(wait))) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => self.fault.set(DeviceError::Lost(error.to_string())),
            Err(_) => self.fault.set(DeviceError::Lost("it stopped while it was waited for".to_owned())),
        }
        self.fault.check()
    }

    /// Hands what a buffer of [`Host::staging`] holds to `take`, once a submission has filled it.
    pub(super) fn map<T>(
        &self,
        staging: &Buffer,
        bytes: u64,
        submission: SubmissionIndex,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, DeviceError> {
        let mapped = Arc::new(Mutex::new(None));
        let told = Arc::clone(&mapped);
        let slice = staging.slice(..bytes);
        slice.map_async(MapMode::Read, move |result| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result.map_err(|error| error.to_string()));
        });
        self.wait(submission)?;
        let lost = |reason: String| DeviceError::Lost(format!("its memory cannot be read: {reason}"));
        let result = mapped.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err("it was not mapped".to_owned())).map_err(lost)?;
        let view = slice.get_mapped_range().map_err(|error| lost(error.to_string()))?;
        let value = take(&view);
        drop(view);
        staging.unmap();
        Ok(value)
    }
}
