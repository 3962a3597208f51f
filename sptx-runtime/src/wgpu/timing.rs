//! How long launches take, as the device itself tells.

use ::wgpu::{
    Buffer, BufferDescriptor, BufferUsages, CommandEncoder, ComputePassTimestampWrites, Device, QUERY_SIZE, QuerySet,
    QuerySetDescriptor, QueryType,
};

use super::pending::MOST_LAUNCHES;

/// Takes the times of launches.
#[derive(Debug)]
pub(super) struct Clock {
    queries: QuerySet,
    ticks: Buffer,
    /// What was handed over and is not read yet: a buffer that may be mapped, and its launches.
    pub(super) unread: Vec<(Buffer, u32)>,
}

impl Clock {
    pub(super) fn new(device: &Device) -> Self {
        let count = 2 * MOST_LAUNCHES;
        let queries = device.create_query_set(&QuerySetDescriptor { label: None, ty: QueryType::Timestamp, count });
        let usage = BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC;
        Self { queries, ticks: buffer(device, MOST_LAUNCHES, usage), unread: Vec::new() }
    }

    /// Where a launch's beginning and end are noted.
    pub(super) fn around(&self, launch: u32) -> ComputePassTimestampWrites<'_> {
        ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * launch),
            end_of_pass_write_index: Some(2 * launch + 1),
        }
    }

    /// Copies the times of so many launches to where they can be read.
    pub(super) fn take_times(&mut self, device: &Device, encoder: &mut CommandEncoder, launches: u32) {
        if launches == 0 {
            return;
        }
        let unread = buffer(device, launches, BufferUsages::MAP_READ | BufferUsages::COPY_DST);
        encoder.resolve_query_set(&self.queries, 0..2 * launches, &self.ticks, 0);
        encoder.copy_buffer_to_buffer(&self.ticks, 0, &unread, 0, unread.size());
        self.unread.push((unread, launches));
    }
}

/// Room for the two times of so many launches.
fn buffer(device: &Device, launches: u32, usage: BufferUsages) -> Buffer {
    let size = 2 * u64::from(launches) * u64::from(QUERY_SIZE);
    device.create_buffer(&BufferDescriptor { label: Some("times"), size, usage, mapped_at_creation: false })
}

/// Seconds of each launch, from its two times in ticks of `period` nanoseconds.
pub(super) fn seconds(ticks: &[u64], period: f32) -> impl Iterator<Item = f64> {
    ticks.chunks(2).map(move |pair| pair[1].saturating_sub(pair[0]) as f64 * f64::from(period) * 1e-9)
}
