//! NVIDIA's assembler.

use std::path::{Path, PathBuf};
use std::process::Command;

use sptx_codegen::emit::ptx::Arch;
use sptx_tests::skip;

/// ptxas.
pub(crate) struct Assembler(PathBuf);

/// What the assembler made of an entry point.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) entry: String,
    /// Registers of a thread.
    pub(crate) registers: u32,
    /// What it says of registers that it keeps in memory, where it keeps some there.
    pub(crate) spills: Option<String>,
}

impl Assembler {
    /// That of `SPTX_PTXAS`, of the path, or the one that `cargo xtask test` brings; none, with a word about it.
    pub(crate) fn find() -> Option<Self> {
        let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ptxas/nvidia/cuda_nvcc/bin/ptxas");
        let candidates = [std::env::var_os("SPTX_PTXAS").map(PathBuf::from), Some("ptxas".into()), Some(brought)];
        let works = |path: &PathBuf| Command::new(path).arg("--version").output().is_ok_and(|ran| ran.status.success());
        let found = candidates.into_iter().flatten().find(works);
        if found.is_none() {
            skip("ptxas", "NVIDIA's assembler is not here");
        }
        found.map(Self)
    }

    /// Whether it is that of a version, such as `V12.9.86`.
    pub(crate) fn is_version(&self, version: &str) -> bool {
        let ran = Command::new(&self.0).arg("--version").output().expect("the assembler runs");
        String::from_utf8_lossy(&ran.stdout).contains(version)
    }

    /// Assembles a module for the first GPUs of a generation.
    ///
    /// # Panics
    /// When the assembler refuses it, with the line.
    pub(crate) fn assemble(&self, text: &str, arch: Arch) -> Vec<Assembled> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kernels.ptx");
        std::fs::write(&path, text).expect("a file");
        let mut command = Command::new(&self.0);
        command.arg("-v").arg(format!("-arch={arch}")).arg(&path).arg("-o").arg(folder.path().join("kernels"));
        let ran = command.output().expect("the assembler runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        if !ran.status.success() {
            let lines: Vec<&str> = text.lines().collect();
            let number = said.split("line ").nth(1).and_then(|rest| rest.split(';').next()?.trim().parse().ok());
            let line = number.and_then(|number: usize| lines.get(number - 1)).copied().unwrap_or_default();
            panic!("{arch}: {}\n{line}", said.lines().take(6).collect::<Vec<_>>().join("\n"));
        }
        said.split("Compiling entry function '").skip(1).map(Assembled::of).collect()
    }
}

impl Assembled {
    /// By what the assembler says of an entry point, from its name on.
    fn of(said: &str) -> Self {
        let registers = said.split("Used ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let spills = said.lines().find(|line| line.contains("spill stores")).expect("it counts spills");
        Self {
            entry: said.split('\'').next().unwrap_or_default().to_owned(),
            registers: registers.expect("it counts registers"),
            spills: (!spills.contains("0 bytes spill stores, 0 bytes spill loads")).then(|| spills.trim().to_owned()),
        }
    }
}
