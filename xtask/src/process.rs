//! Other programs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;

/// The cargo that runs this task, in the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// The nightly toolchain's cargo. Rustup is told not to fetch a toolchain that is not there.
pub(crate) fn nightly_cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").env("RUSTUP_AUTO_INSTALL", "0").current_dir(folder).stdin(Stdio::null());
    command
}

/// Whether a command is there and succeeds; what it prints is not shown.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Shows a command and runs it.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| Failure(format!("{shown}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{shown}: {status}"))) }
}

/// A command as a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
