//! Answers to a whole file of questions: read, answered and written in batches, so that the file may be of any length.

use std::io::{self, BufReader, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use sptx::train::{Dataset, Error, Question, Questions};

use super::Outcome;
use super::answers::{Answer, Oracle, Wanted, parts};
use super::output::Sink;
use super::predict::Prediction;

/// What stands for standard input where a file is expected.
const STANDARD_INPUT: &str = "-";

/// The most questions answered together.
const QUESTIONS: usize = 4096;

/// The most answers to the questions of a batch, where a question has more than a few.
const ANSWERS: usize = 1 << 20;

/// Answers the questions in the file at `path`, and writes what is found to `out`, or to standard output.
pub(super) fn answer(
    oracle: &Oracle<'_>,
    dataset: &Dataset,
    wanted: Wanted<'_>,
    path: &Path,
    out: Option<&Path>,
    json: bool,
) -> Outcome {
    let mut questions = open(path, dataset)?;
    let mut sink = Sink::open(out)?;
    if !json {
        sink.write(|out| writeln!(out, "head\trelation\ttail\trank\tanswer\tscore\tknown\titself"))?;
    }
    let bar = bar(path);
    let size = (ANSWERS / wanted.count).clamp(1, QUESTIONS);
    loop {
        let batch: Vec<Question> = questions.by_ref().take(size).collect::<Result<_, Error>>()?;
        if batch.is_empty() {
            break;
        }
        let answers = oracle.ask_many(&batch, wanted)?;
        for (question, answers) in batch.iter().zip(&answers) {
            sink.write(|out| write(out, parts(dataset, *question), answers, json))?;
        }
        bar.set_position(questions.bytes_read());
    }
    bar.finish_and_clear();
    sink.finish()
}

fn open<'a>(path: &Path, dataset: &'a Dataset) -> Result<Questions<'a>, Error> {
    match path.to_str() == Some(STANDARD_INPUT) {
        true => Ok(Questions::new("standard input", BufReader::new(io::stdin()), dataset)),
        false => Questions::open(path, dataset),
    }
}

/// A bar over the bytes of a file, or a count of them where their number is not known.
fn bar(path: &Path) -> ProgressBar {
    let compressed = path.extension().is_some_and(|extension| extension == "gz");
    let file = path.metadata().ok().filter(|file| file.is_file() && !compressed);
    let Some(file) = file else { return ProgressBar::new_spinner() };
    let bar = ProgressBar::new(file.len());
    // The template is fixed; were it wrong, the default one shows.
    match ProgressStyle::with_template("{bar:32.cyan/blue} {percent}%  [{elapsed}<{eta}]") {
        Ok(style) => bar.with_style(style.progress_chars("━╸─")),
        Err(_) => bar,
    }
}

fn write(out: &mut dyn Write, parts: [Option<&str>; 3], answers: &[Answer], json: bool) -> io::Result<()> {
    let [head, relation, tail] = parts;
    if json {
        serde_json::to_writer(&mut *out, &Prediction { head, relation, tail, answers })?;
        return writeln!(out);
    }
    let [head, relation, tail] = parts.map(|part| part.unwrap_or("?"));
    for Answer { rank, name, score, known, itself } in answers {
        let known = known.map_or(String::new(), |split| split.to_string());
        let itself = if *itself { "itself" } else { "" };
        writeln!(out, "{head}\t{relation}\t{tail}\t{rank}\t{name}\t{score}\t{known}\t{itself}")?;
    }
    Ok(())
}
