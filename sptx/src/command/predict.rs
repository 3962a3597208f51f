//! `sptx predict`.

use serde::Serialize;
use sptx::train::{Dataset, Kind, KnownTriples, Question};

use super::answers::{Answer, ask};
use super::failure::Failure;
use super::model::{EndedRun, Run};
use super::{Outcome, options, output};

const ABOUT: &str = "\
Complete a triple: give two of its parts, and the best answers for the third are listed.

An answer that the dataset already holds is marked with the split that holds it.";

const EXAMPLES: &str = "\
Examples:
  sptx predict runs/countries-transe-1 --head portugal --relation neighbour
  sptx predict runs/countries-transe-1 --relation currency --tail euro --exclude-known
  sptx predict runs/countries-transe-1 --head danube --tail austria --json";

/// Complete a triple: tails, heads or relations.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: EndedRun,
    /// The head's name.
    #[arg(long)]
    head: Option<String>,
    /// The relation's name.
    #[arg(long)]
    relation: Option<String>,
    /// The tail's name.
    #[arg(long)]
    tail: Option<String>,
    /// How many answers.
    #[arg(long, value_name = "K", default_value = "10", value_parser = options::count())]
    top: usize,
    /// Leave out answers that the dataset already holds, in any split.
    #[arg(long)]
    exclude_known: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Prediction<'a> {
    head: Option<&'a str>,
    relation: Option<&'a str>,
    tail: Option<&'a str>,
    answers: &'a [Answer],
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let parts = [&arguments.head, &arguments.relation, &arguments.tail];
    if parts.into_iter().flatten().count() != 2 {
        return Err(needs_two());
    }
    let Run { engine, dataset } = arguments.run.open()?;
    let question = question(arguments, &dataset)?;
    let known = arguments.exclude_known.then(|| KnownTriples::of_dataset(&dataset));
    let answers = ask(&engine, &dataset, question, arguments.top, known.as_ref())?;
    if arguments.json {
        let [head, relation, tail] = parts.map(Option::as_deref);
        return output::json(&Prediction { head, relation, tail, answers: &answers });
    }
    let [head, relation, tail] = parts.map(|part| part.as_deref().unwrap_or("?"));
    output::line(format!("{head}  {relation}  {tail}"))?;
    let mut table = output::table(&["", "answer", "score", "known"], 2);
    for (position, Answer { name, score, known }) in answers.iter().enumerate() {
        let known = known.map_or(String::new(), |split| format!("in {split}"));
        table.add_row([(position + 1).to_string(), name.clone(), format!("{score:.4}"), known]);
    }
    output::line(table)
}

fn question(arguments: &Arguments, dataset: &Dataset) -> Result<Question, Failure> {
    let entity = |name: &String| dataset.entities().require(name, Kind::Entity);
    let relation = |name: &String| dataset.relations().require(name, Kind::Relation);
    Ok(match (&arguments.head, &arguments.relation, &arguments.tail) {
        (Some(head), Some(name), _) => Question::Tail { head: entity(head)?, relation: relation(name)? },
        (None, Some(name), Some(tail)) => Question::Head { relation: relation(name)?, tail: entity(tail)? },
        (Some(head), None, Some(tail)) => Question::Relation { head: entity(head)?, tail: entity(tail)? },
        (None, _, None) | (None, None, _) | (_, None, None) => return Err(needs_two()),
    })
}

fn needs_two() -> Failure {
    Failure::Usage {
        message: "two of `--head`, `--relation` and `--tail` are needed; the third is what is predicted".to_owned(),
        help: "for example: sptx predict RUN --head portugal --relation neighbour".to_owned(),
    }
}
