//! `cargo xtask miri`.

use std::path::Path;

use crate::Failure;
use crate::needs::skip;
use crate::process::{nightly_cargo, run as run_shown, works};

/// Runs the tests of the operations on vectors under Miri, which knows what of `unsafe` is undefined. On x86-64 AVX2 is
/// run beside the baseline, which has no `unsafe`.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    if !works(nightly_cargo(root).args(["miri", "--version"])) {
        return skip("miri", "install it with `rustup toolchain install nightly --component miri,rust-src`");
    }
    let mut miri = nightly_cargo(root);
    miri.args(["miri", "test", "--package", "sptx-runtime", "--lib", "simd::tests::operations"]);
    // Without this Miri rounds some results as it likes, which the language lets it do and the tests do not.
    miri.env("MIRIFLAGS", "-Zmiri-deterministic-floats");
    if cfg!(target_arch = "x86_64") {
        miri.env("RUSTFLAGS", "-Ctarget-feature=+avx2,+fma");
    }
    run_shown(&mut miri)
}
