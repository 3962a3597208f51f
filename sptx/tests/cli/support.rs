//! Running the built command, and small graphs to run it on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder for one test.
pub(crate) struct Folder(tempfile::TempDir);

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder");
        std::fs::write(path, text).expect("the file");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names in the folder, or in one below it, in order.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(name)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The command, to be run in this folder.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sptx"));
        command.args(line.split_whitespace()).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::from(self.command(line).output().expect("the command runs"))
    }

    /// Runs the command to its end with a text as its standard input.
    pub(crate) fn run_with(&self, line: &str, input: &str) -> Ran {
        let mut child = self.command(line).stdin(Stdio::piped()).spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("the command reads");
        drop(stdin);
        Ran::from(child.wait_with_output().expect("the command ends"))
    }

    /// Runs the command, which must succeed.
    pub(crate) fn succeed(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "sptx {line}: {ran:?}");
        ran.out
    }

    /// Runs the command, which must succeed and print JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        let out = self.succeed(line);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("sptx {line}: {error} in {out}"))
    }

    /// Starts the command and waits until `ready`.
    pub(crate) fn start(&self, line: &str, ready: impl Fn() -> bool) -> Child {
        let child = self.command(line).spawn().expect("the command starts");
        let began = Instant::now();
        while !ready() {
            assert!(began.elapsed() < Duration::from_secs(30), "sptx {line}: never ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    /// Writes a graph of a ring of entities, each with two successors, to `toy`.
    pub(crate) fn toy(&self) {
        self.write("toy/train.txt", &ring(0..40));
        self.write("toy/valid.txt", &ring(40..44));
        self.write("toy/test.txt", &ring(44..48));
    }
}

/// A folder with a finished run on the toy graph, `run`.
pub(crate) fn trained() -> Folder {
    let folder = Folder::new();
    folder.toy();
    let settings = "--set model.choices.norm=2 --set loss.margin=3 --set validation.every=0 --learning-rate 0.05";
    let size = "--epochs 200 --dim 16 --negatives 8 --batch-size 16";
    folder.succeed(&format!("train transe --data toy {size} {settings} --out run -q"));
    folder
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Edges of a ring of 24 entities: steps of one and of two.
fn ring(edges: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    for edge in edges {
        let (at, step) = (edge * 7 % 24, edge / 24 + 1);
        writeln!(text, "e{at}\tstep{step}\te{}", (at + step) % 24).expect("a string takes it");
    }
    text
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.expect("kill runs").success());
}

/// Number of whole lines of a file; 0 where there is none.
pub(crate) fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.matches('\n').count())
}
