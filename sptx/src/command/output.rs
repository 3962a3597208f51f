//! What is printed: results on standard output, everything else on standard error; colours on terminals only.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;
use sptx::train::AtomicFile;

use super::Outcome;
use super::failure::Failure;

const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[1;36m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

/// The least width that tables are set in.
const NARROWEST: u16 = 80;

/// Prints a line to standard output.
pub(super) fn line(text: impl std::fmt::Display) -> Outcome {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints text to standard output as it is.
pub(super) fn text(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Outcome {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Where a stream of results goes.
pub(super) enum Sink {
    /// Standard output.
    Standard(BufWriter<io::Stdout>),
    /// A file that is there once the stream has ended.
    File(PathBuf, AtomicFile),
    /// What is there and no file, such as a terminal or a pipe: written to as it is.
    Special(PathBuf, BufWriter<File>),
}

impl Sink {
    /// Opens the file at a path, or standard output.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Standard(BufWriter::new(io::stdout()))) };
        if path.is_dir() {
            return Err(Failure::new(format!("{}: is a folder; name a file in it", path.display())));
        }
        if !path.exists() || path.is_file() {
            return Ok(Self::File(path.to_owned(), AtomicFile::create(path).map_err(sptx::train::Error::from)?));
        }
        let file = File::options().write(true).open(path).map_err(|error| Failure::file(path, "write", &error))?;
        Ok(Self::Special(path.to_owned(), BufWriter::new(file)))
    }

    /// Writes something, by way of a function that takes any writer.
    pub(super) fn write(&mut self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Outcome {
        match self {
            Self::Standard(out) => Ok(content(out)?),
            Self::File(path, out) => content(out).map_err(|error| Failure::file(path, "write", &error)),
            Self::Special(path, out) => content(out).map_err(|error| Failure::file(path, "write", &error)),
        }
    }

    /// Sees the last of it written.
    pub(super) fn finish(mut self) -> Outcome {
        self.write(|out| out.flush())?;
        match self {
            Self::Standard(_) | Self::Special(..) => Ok(()),
            Self::File(_, file) => Ok(file.finish().map_err(sptx::train::Error::from)?),
        }
    }
}

/// A table with these headings. Columns from `numbers` on hold numbers and are set to the right.
pub(super) fn table(headings: &[&str], numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that does not know its width says 0.
    if table.width().is_some_and(|width| width < NARROWEST) {
        table.set_width(NARROWEST);
    }
    table.set_header(headings.iter().copied());
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Says something on standard error.
pub(super) fn note(text: &str) {
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Warns on standard error.
pub(super) fn warn(text: &str) {
    note(&format!("{} {text}", paint(YELLOW, "warning:")));
}

/// Reports an error with its lines of help.
pub(super) fn complain(message: &str, helps: &[String]) {
    note(&format!("{} {message}", paint(RED, "error:")));
    for help in helps {
        note(&format!("{} {help}", paint(CYAN, "help:")));
    }
}

/// Reports errors that are already laid out: every line that begins one is coloured.
pub(super) fn complain_rendered(text: &str) {
    for line in text.trim_end().lines() {
        match line.strip_prefix("error:") {
            Some(rest) => note(&format!("{}{rest}", paint(RED, "error:"))),
            None => note(line),
        }
    }
}

fn paint(colour: &str, text: &str) -> String {
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if coloured { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What a noun after a number ends in.
pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
