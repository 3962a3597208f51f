//! Ctrl-C: the first asks the work to stop where it can go on later, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::{Failure, INTERRUPTED};
use super::output;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Listens for interrupts and requests to terminate.
///
/// # Errors
/// When the system does not let it.
pub(super) fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
        output::note("\nstopping after this batch; press Ctrl-C again to stop at once");
    })
    .map_err(|error| Failure::new(format!("cannot listen for Ctrl-C: {error}")))
}

/// Whether someone asked to stop.
pub(super) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
