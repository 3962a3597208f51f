//! What tests need beside Rust and a C compiler, and how a machine gets it.

use std::process::Command;

use crate::Failure;
use crate::process::{run, works};

/// Something that tests need and a machine may lack.
struct Need {
    /// Its name in `SPTX_REQUIRE` and in the tests' SKIPPED lines.
    name: &'static str,
    /// The tests that need it.
    tests: &'static str,
    /// Whether this machine has it.
    is_met: fn() -> bool,
    /// Brings it here.
    install: fn() -> Result<(), Failure>,
}

const NEEDS: &[Need] = &[
    Need {
        name: "python",
        tests: "metrics against tests/python/evaluate.py, the bundled graph against its generator",
        is_met: || works(Command::new("python3").arg("--version")),
        install: || apt(&["python3"]),
    },
    Need {
        name: "kill",
        tests: "interrupted runs in sptx/tests/cli",
        is_met: || works(Command::new("kill").arg("-l")),
        install: || apt(&["procps"]),
    },
];

/// Sees to every need. Gives the names of those that are met: a test that skips for want of one of them would be wrong.
pub(crate) fn prepare() -> Vec<&'static str> {
    NEEDS.iter().filter(|need| need.is_met_or_becomes_so()).map(|need| need.name).collect()
}

impl Need {
    fn is_met_or_becomes_so(&self) -> bool {
        if (self.is_met)() {
            return true;
        }
        println!("{} is not here; needed for {}", self.name, self.tests);
        if let Err(Failure(why)) = (self.install)() {
            println!("cannot install it: {why}");
        }
        (self.is_met)()
    }
}

/// Installs Debian packages, as root or through a `sudo` that asks nothing.
fn apt(packages: &[&str]) -> Result<(), Failure> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let apt_get = |words: &[&str]| {
        let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.args(["--non-interactive", "apt-get"]);
        }
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command)
    };
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// Says that a task is left out because `name` is not there; fails where `SPTX_REQUIRE` lists it.
pub(crate) fn skip(name: &str, help: &str) -> Result<(), Failure> {
    if required().iter().any(|it| it == name) {
        return Err(Failure(format!("SPTX_REQUIRE lists `{name}`, which is not here: {help}")));
    }
    println!("SKIPPED ({name}): {help}");
    Ok(())
}

/// The names that `SPTX_REQUIRE` lists.
pub(crate) fn required() -> Vec<String> {
    let listed = std::env::var("SPTX_REQUIRE").unwrap_or_default();
    listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
