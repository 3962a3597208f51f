//! What was called, where a person or a test asks for it.

use std::sync::LazyLock;

/// Tells of a call, a line on standard error, where `SPTX_STAND_IN_TRACE` is set.
pub(crate) fn call(name: &str) {
    static ASKED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SPTX_STAND_IN_TRACE").is_some());
    if *ASKED {
        eprintln!("{name}");
    }
}
