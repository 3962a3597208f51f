//! `cargo xtask miri`.

use std::path::Path;

use crate::Failure;
use crate::needs::skip;
use crate::process::{nightly_cargo, run as run_shown, works};

/// Runs the tests of the runtime's vectors under Miri, which knows what of `unsafe` is undefined.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    if !works(nightly_cargo(root).args(["miri", "--version"])) {
        return skip("miri", "install it with `rustup toolchain install nightly --component miri,rust-src`");
    }
    run_shown(nightly_cargo(root).args(["miri", "test", "--package", "sptx-runtime", "--lib", "simd"]))
}
