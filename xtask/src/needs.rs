//! What tests need beside Rust and a C compiler, and how a machine gets it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{run, works};
use crate::{Failure, root};

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
    Need {
        name: "tint",
        tests: "kernels in WGSL by browsers' compiler, in tests/tests/wgsl.rs",
        is_met: || works(tint(&node_folder()).arg(Path::new("/dev/null"))),
        install: install_tint,
    },
    Need {
        name: "vulkan",
        tests: "kernels on GPUs, or on the CPU as one, through Vulkan",
        is_met: has_vulkan,
        install: || apt(&["libvulkan1", "mesa-vulkan-drivers"]),
    },
    Need {
        name: "ptxas",
        tests: "kernels in PTX by NVIDIA's assembler, in tests/tests/ptx.rs; no GPU is needed for it",
        is_met: || works(Command::new("ptxas").arg("--version")) || works(Command::new(ptxas()).arg("--version")),
        install: install_ptxas,
    },
    Need {
        name: "swiftshader",
        tests: "kernels where subgroups are small and numbers cannot be added atomically, in tests/tests/gpu_lanes",
        is_met: || Path::new(SWIFTSHADER).exists(),
        install: || apt(&["libvulkan1", "chromium-common"]),
    },
];

/// NVIDIA's assembler in the folder that tests/tests/ptx.rs knows too.
fn ptxas() -> PathBuf {
    root().join("target/ptxas/nvidia/cuda_nvcc/bin/ptxas")
}

/// Brings NVIDIA's assembler from PyPI: a wheel is an archive, so nothing is installed.
fn install_ptxas() -> Result<(), Failure> {
    let folder = root().join("target/ptxas");
    std::fs::create_dir_all(&folder)?;
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."];
    run(Command::new("python3").args(pip).arg(PTXAS).current_dir(&folder))?;
    for wheel in std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path()) {
        if wheel.extension().is_some_and(|extension| extension == "whl") {
            run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&folder))?;
        }
    }
    // Archives keep no permissions here.
    run(Command::new("chmod").arg("+x").arg(ptxas()))
}

/// The wheel with the assembler.
const PTXAS: &str = "nvidia-cuda-nvcc-cu12==12.9.86";

/// What Vulkan's loader reads of SwiftShader in Debian's package, which tests/tests/gpu_lanes knows too.
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

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

/// Where npm's packages lie, which tests/tests/wgsl.rs knows too.
fn node_folder() -> PathBuf {
    root().join("target/node")
}

/// The script that asks Tint. Of an empty file it says that there is no kernel in it, and succeeds.
fn tint(folder: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg(root().join("tests/node/tint.mjs")).arg(folder);
    command
}

/// Installs Node.js where it is not here, and the packages that tests/node pins.
fn install_tint() -> Result<(), Failure> {
    if !works(Command::new("npm").arg("--version")) {
        apt(&["nodejs", "npm"])?;
    }
    let folder = node_folder();
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join("tests/node").join(file), folder.join(file))?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// Whether Vulkan's loader is here, and a driver for it.
fn has_vulkan() -> bool {
    let loader = Command::new("ldconfig").arg("-p").output();
    let has_loader = loader.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("libvulkan.so.1"));
    let has_drivers = |folder: &str| std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    has_loader && ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].into_iter().any(has_drivers)
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
