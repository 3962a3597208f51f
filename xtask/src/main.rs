//! Development tasks of the sptx workspace.

mod codegen;
mod fuzz;
mod miri;
mod needs;
mod process;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Development tasks of the sptx workspace.

Usage: cargo xtask <TASK>

Tasks:
  test             set up what the tests need and run them all
  bless            write generated code and expected outputs anew; read the difference
  codegen          write kernels-generated/src/generated anew from the declarations
  codegen --check  fail if that would change a file
  miri             run the tests of vector operations under Miri, on a nightly toolchain
  fuzz SECONDS     fuzz each target of tests/fuzz for that long, on a nightly toolchain

What a machine lacks is installed if it can be; tests that still lack something print SKIPPED, and `test` lists them.
Names listed in SPTX_REQUIRE, such as `SPTX_REQUIRE=python,data`, turn that into a failure.
";

/// Why a task failed.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => test::run(&root()),
        ["bless"] => test::bless(&root()),
        ["codegen"] => codegen::run(&root(), false),
        ["codegen", "--check"] => codegen::run(&root(), true),
        ["miri"] => miri::run(&root()),
        ["fuzz", seconds] => fuzz::run(&root(), seconds),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(Failure(format!("unknown task `{}`\n\n{HELP}", words.join(" ")))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
