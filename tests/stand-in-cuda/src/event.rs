//! Events: places in the stream whose time may be noted.

use std::time::Instant;

use super::Code;

/// The flag of an event that notes no time.
const DISABLE_TIMING: u32 = 2;

/// An event. Whatever is asked of the GPU is done when the call returns, so the time of a place is that of the call.
#[derive(Debug)]
pub(crate) struct Event {
    timed: bool,
    recorded: Option<Instant>,
}

impl Event {
    pub(crate) fn new(flags: u32) -> Self {
        Self { timed: flags & DISABLE_TIMING == 0, recorded: None }
    }

    /// Notes that the stream has come here.
    pub(crate) fn record(&mut self) {
        self.recorded = Some(Instant::now());
    }

    /// When the stream was here, where that is told.
    pub(crate) fn time(&self) -> Result<Instant, Code> {
        self.recorded.filter(|_| self.timed).ok_or(Code::InvalidHandle)
    }
}
