//! The same models in PyTorch, where a Python that has it is found.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use sptx::train::{Dataset, Triple};

use super::samples::Samples;
use super::subjects::Subject;
use super::{Arguments, graph};
use crate::command::failure::Failure;
use crate::command::interrupt;
use crate::command::options::Dimensions;

/// The rivals, as a program.
const PROGRAM: &str = include_str!("rivals.py");

/// Repetitions between the two times of a sample.
const REPEATS: usize = 4;

/// Repetitions before the first sample: the first ones compile.
const WARM_UP: usize = 4;

/// What the rivals came to.
#[derive(Debug, Default, Serialize)]
pub(super) struct RivalsReport {
    /// Python, as it was found.
    pub(super) python: String,
    /// The version of torch, and what it ran on.
    pub(super) torch: Option<String>,
    pub(super) device: Option<String>,
    pub(super) kernels: Vec<RivalTime>,
    /// What did not run, and why.
    pub(super) failed: Vec<String>,
}

/// The seconds of a rival.
#[derive(Debug, Serialize)]
pub(super) struct RivalTime {
    pub(super) model: String,
    pub(super) choices: String,
    pub(super) dim: usize,
    /// `eager`, `compile` or `sparse`.
    pub(super) rival: String,
    /// `forward` or `step`.
    pub(super) kernel: String,
    pub(super) seconds: Samples,
}

/// A line of what the program prints.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    torch: Option<String>,
    device: Option<String>,
    rival: Option<String>,
    kernel: Option<String>,
    samples: Vec<f64>,
    failed: Option<String>,
}

/// What the program is told.
#[derive(Serialize)]
struct Settings<'a> {
    model: &'a str,
    choices: serde_json::Map<String, serde_json::Value>,
    dim: usize,
    batch: usize,
    triples: usize,
    entities: usize,
    relations: usize,
    /// By relation, the likelihood that the head is replaced.
    head_probability: Vec<f64>,
    optimizer: &'a str,
    learning_rate: f64,
    rounds: usize,
    repeats: usize,
    warm_up: usize,
    seed: u64,
    on_cpu: bool,
}

/// How long is waited at a time, between looks at whether someone asked to stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Rivals under way.
pub(super) struct Rivals<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) dataset: &'a Dataset,
    pub(super) bar: &'a ProgressBar,
}

impl Rivals<'_> {
    /// Runs them on every model and size. Where there is no Python, or no torch in it, that is all that the report says.
    pub(super) fn run(&self, subjects: &[Subject]) -> RivalsReport {
        let python = self.arguments.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
        let mut report = RivalsReport { python: python.display().to_string(), ..RivalsReport::default() };
        let sizes: Vec<usize> = self.arguments.measured_sizes().iter().filter_map(one_size).collect();
        self.bar.set_length((subjects.len() * sizes.len()) as u64);
        for (subject, dim) in subjects.iter().flat_map(|subject| sizes.iter().map(move |size| (subject, *size))) {
            self.bar.set_message(format!("{} d={dim}", subject.model));
            if let Err(why) = self.measure(&python, subject, dim, &mut report) {
                report.failed.push(format!("{} d={dim}: {}", subject.model, why.into_message()));
            }
            // Without torch the next model has none either.
            if report.torch.is_none() || interrupt::requested() {
                break;
            }
            self.bar.inc(1);
        }
        report
    }

    fn measure(&self, python: &Path, subject: &Subject, dim: usize, report: &mut RivalsReport) -> Result<(), Failure> {
        let settings = serde_json::to_string(&self.settings(subject, dim))?;
        let mut command = Command::new(python);
        command.arg("-c").arg(PROGRAM).arg(settings);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| {
            Failure::new(format!("`{}` does not start: {error}; `--python` says which is meant", python.display()))
        })?;
        let mut running = Running::new(child, self.words());
        let end = Instant::now() + Duration::from_secs(self.arguments.timeout);
        while let Some(line) = running.line(end)? {
            self.take(&line, subject, dim, report);
        }
        running.end()
    }

    /// Takes what a line says into the report.
    fn take(&self, line: &str, subject: &Subject, dim: usize, report: &mut RivalsReport) {
        // Libraries print what they like.
        let Ok(line) = serde_json::from_str::<Line>(line) else { return };
        let Line { torch, device, rival, kernel, samples, failed } = line;
        report.torch = torch.or(report.torch.take());
        report.device = device.or(report.device.take());
        let (model, choices) = (subject.model.clone(), subject.choices());
        if let Some(why) = failed {
            let rival = rival.as_deref().map_or(String::new(), |rival| format!(" {rival}"));
            report.failed.push(format!("{model} d={dim}{rival}: {why}"));
        } else if let (Some(rival), Some(kernel), Some(seconds)) = (rival, kernel, Samples::of(samples)) {
            report.kernels.push(RivalTime { model, choices, dim, rival, kernel, seconds });
        }
    }

    fn settings<'a>(&'a self, subject: &'a Subject, dim: usize) -> Settings<'a> {
        let Self { arguments, dataset, .. } = self;
        let relations = dataset.relations().len();
        let sampler = graph::sampler(dataset, arguments.seed);
        let likelihood = |threshold: &u64| *threshold as f64 / (1_u64 << 32) as f64;
        Settings {
            model: &subject.model,
            choices: subject.choices.iter().map(|(name, value)| (name.clone(), (*value).into())).collect(),
            dim,
            batch: (arguments.batch as usize).min(dataset.train().len()),
            triples: dataset.train().len(),
            entities: dataset.entities().len(),
            relations,
            head_probability: sampler.head_thresholds().iter().map(likelihood).collect(),
            optimizer: &arguments.optimizer,
            learning_rate: super::LEARNING_RATE,
            rounds: arguments.rounds(),
            repeats: REPEATS,
            warm_up: WARM_UP,
            seed: arguments.seed,
            on_cpu: arguments.part.contains(&super::Part::Rivals),
        }
    }

    /// The graph, column after column.
    fn words(&self) -> Vec<u8> {
        let train = self.dataset.train();
        let column = |of: fn(&Triple) -> u32| train.iter().flat_map(move |triple| of(triple).to_le_bytes());
        column(|it| it.head).chain(column(|it| it.relation)).chain(column(|it| it.tail)).collect()
    }
}

/// A size that all dimensions have.
fn one_size(sizes: &Dimensions) -> Option<usize> {
    match sizes {
        Dimensions::All(size) => Some(*size),
        Dimensions::Named(sizes) => sizes.values().next().filter(|_| sizes.len() == 1).copied(),
    }
}

/// A program that runs.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// What it says on standard error, once it has ended.
    said: std::thread::JoinHandle<String>,
}

impl Running {
    /// Feeds a program, and listens to it.
    fn new(mut child: Child, input: Vec<u8>) -> Self {
        let (sender, lines) = mpsc::channel();
        if let Some(mut stdin) = child.stdin.take() {
            // One that ends early does not read all of it.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.map(|line| sender.send(line)).find(Result::is_err)
            });
        }
        let stderr = child.stderr.take();
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            // What was said until it cannot be read any more is what there is.
            stderr.map(|mut stderr| stderr.read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        });
        Self { child, lines, said }
    }

    /// The next line; none behind the last.
    fn line(&mut self, end: Instant) -> Result<Option<String>, Failure> {
        loop {
            let wait = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(wait.min(PATIENCE)) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if wait.is_zero() => {
                    self.kill();
                    return Err(Failure::new("it took too long; `--timeout` gives it more seconds"));
                }
                Err(RecvTimeoutError::Timeout) if interrupt::requested() => {
                    self.kill();
                    return Err(Failure::new("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn kill(&mut self) {
        // One that has ended by itself cannot be ended again.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Whether it ended well.
    fn end(mut self) -> Result<(), Failure> {
        let status = self.child.wait().map_err(|error| Failure::new(format!("it cannot be waited for: {error}")))?;
        if status.success() {
            return Ok(());
        }
        let said = self.said.join().unwrap_or_default();
        Err(Failure::new(format!("{status}: {}", said.lines().last().unwrap_or("it said nothing"))))
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::Running;

    fn running(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::new(command.spawn().unwrap(), b"fed\n".to_vec())
    }

    fn in_a_minute() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn lines_are_read_as_they_come() {
        let mut program = running("read word; echo $word; echo two");
        assert_eq!(program.line(in_a_minute()).unwrap().as_deref(), Some("fed"));
        assert_eq!(program.line(in_a_minute()).unwrap().as_deref(), Some("two"));
        assert_eq!(program.line(in_a_minute()).unwrap(), None);
        program.end().unwrap();
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let mut program = running("echo first >&2; echo last >&2; exit 3");
        assert_eq!(program.line(in_a_minute()).unwrap(), None);
        let why = program.end().unwrap_err().into_message();
        assert!(why.contains('3') && why.ends_with("last"), "{why}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let mut program = running("exec sleep 100");
        let why = program.line(Instant::now()).unwrap_err().into_message();
        assert!(why.contains("--timeout"), "{why}");
    }
}
