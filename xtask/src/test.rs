//! `cargo xtask test` and `cargo xtask bless`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{cargo, run as run_shown, show};
use crate::{Failure, codegen, needs};

/// Sets up what the tests need, runs them all, and says what was skipped.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let mut required = needs::required();
    required.extend(needs::prepare().into_iter().map(str::to_owned));
    let mut tests = cargo(root);
    // Only with its output shown does a test that passes say that it skipped something.
    tests.args(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    tests.env("SPTX_REQUIRE", required.join(","));
    let shown = show(&tests);
    println!("$ {shown}");
    let (report, succeeded) = read(&mut tests)?;
    println!(
        "\n{} passed, {} failed, {} ignored, {} times skipped",
        report.passed,
        report.failed,
        report.ignored,
        report.skipped.len()
    );
    report.skipped.iter().for_each(|line| println!("  {line}"));
    match (succeeded, report.passed) {
        (false, _) => Err(Failure(format!("{shown}: a test failed or did not compile; see above"))),
        (true, 0) => Err(Failure(format!("{shown}: no test ran"))),
        (true, _) => Ok(()),
    }
}

/// Writes generated code and the expected outputs of tests anew.
pub(crate) fn bless(root: &Path) -> Result<(), Failure> {
    codegen::run(root, false)?;
    let mut tests = cargo(root);
    tests.args(["test", "--workspace", "--no-fail-fast"]).env("UPDATE_EXPECT", "1").env("TRYBUILD", "overwrite");
    run_shown(&mut tests)?;
    println!("blessed; read `git diff` before you commit it");
    Ok(())
}

/// Runs the tests, echoing what they print, and whether they succeeded.
fn read(tests: &mut Command) -> Result<(Report, bool), Failure> {
    let mut child = tests.stdout(Stdio::piped()).spawn()?;
    let mut report = Report::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            if report.line(&line) {
                println!("{line}");
            }
        }
    }
    Ok((report, child.wait()?.success()))
}

/// What the tests printed, counted.
#[derive(Debug, Default, PartialEq)]
struct Report {
    passed: usize,
    failed: usize,
    ignored: usize,
    skipped: Vec<String>,
    /// Whether the lines are what tests that passed have printed.
    of_passed: bool,
}

impl Report {
    /// Takes a line; whether a person should see it. The output of tests that passed is left out.
    fn line(&mut self, line: &str) -> bool {
        if line.starts_with("SKIPPED") {
            self.skipped.push(line.to_owned());
            return true;
        }
        let result = line.strip_prefix("test result: ");
        if line == "successes:" {
            self.of_passed = true;
        } else if line == "failures:" || result.is_some() {
            self.of_passed = false;
        }
        for part in result.unwrap_or_default().split(['.', ';']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                Some((count, "ignored")) => self.ignored += count.parse().unwrap_or(0),
                _ => {}
            }
        }
        !self.of_passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted_and_skips_are_kept() {
        let text = "\
running 3 tests
test a ... ok
test b ... ok
test c ... FAILED

successes:

---- a stdout ----
chatter
SKIPPED (data): no folder

successes:
    a
    b

failures:

---- c stdout ----
why

failures:
    c

test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s
";
        let mut report = Report::default();
        let seen: Vec<&str> = text.lines().filter(|line| report.line(line)).collect();
        assert_eq!((report.passed, report.failed, report.ignored), (2, 1, 4));
        assert_eq!(report.skipped, ["SKIPPED (data): no folder"]);
        assert!(seen.contains(&"why") && !seen.contains(&"chatter"), "{seen:?}");
        assert!(seen.contains(&"test b ... ok") && seen.last().is_some_and(|line| line.starts_with("test result")));
    }
}
