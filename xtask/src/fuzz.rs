//! `cargo xtask fuzz`.

use std::path::Path;

use crate::Failure;
use crate::needs::skip;
use crate::process::{nightly_cargo, run as run_shown, works};

/// Fuzzes each target for some seconds.
pub(crate) fn run(root: &Path, seconds: &str) -> Result<(), Failure> {
    let seconds: u32 = seconds.parse().map_err(|_| Failure(format!("`{seconds}` is not a number of seconds")))?;
    let folder = root.join("tests");
    if !works(nightly_cargo(&folder).args(["fuzz", "--version"])) {
        return skip("fuzz", "install it with `rustup toolchain install nightly` and `cargo install cargo-fuzz`");
    }
    let limit = format!("-max_total_time={seconds}");
    for target in targets(&folder)? {
        run_shown(nightly_cargo(&folder).args(["fuzz", "run", &target, "--", &limit]))?;
    }
    Ok(())
}

/// The names of the fuzz targets, in order.
fn targets(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
