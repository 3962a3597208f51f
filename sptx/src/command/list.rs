//! `sptx models`.

use serde::Serialize;
use sptx::models::{Source, zoo};

use super::{Outcome, output};

/// List the models of the zoo with their papers and choices.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    title: &'static str,
    paper: String,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    options: Vec<f64>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let entries = zoo().map(entry).collect::<Result<Vec<_>, _>>()?;
    if arguments.json {
        return output::json(&entries);
    }
    let mut table = output::table(&["model", "title", "paper", "choices"], 4);
    for Entry { name, title, paper, choices } in &entries {
        let choices: Vec<String> = choices.iter().map(Choice::spelled).collect();
        table.add_row([*name, *title, paper, &choices.join(", ")]);
    }
    output::line(table)?;
    output::line("The first option of a choice is its default. Next: `sptx explain MODEL`, `sptx train MODEL`.")
}

fn entry((name, title): (&'static str, &'static str)) -> Result<Entry, sptx::models::ModelError> {
    let score = Source::find(name)?.analyze(&[])?;
    let paper = score.doc.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let paper = paper.strip_prefix(title).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&paper).to_owned();
    let choices =
        score.choices.iter().map(|choice| Choice { name: choice.name.clone(), options: choice.options.clone() });
    Ok(Entry { name, title, paper, choices: choices.collect() })
}

impl Choice {
    fn spelled(&self) -> String {
        let options: Vec<String> = self.options.iter().map(f64::to_string).collect();
        format!("{}={}", self.name, options.join("|"))
    }
}
