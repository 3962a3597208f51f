//! `sptx predict`.

use std::path::PathBuf;

use serde::Serialize;
use sptx::train::{Dataset, Kind, KnownTriples, Question};

use super::answers::{Answer, Oracle, Wanted, parts};
use super::failure::Failure;
use super::model::{EndedRun, Run};
use super::scoring::ScoringDevice;
use super::{Outcome, options, output, queries};

const ABOUT: &str = "\
Complete a triple: give two of its parts, and the best answers for the third are listed.

An answer that the dataset already holds is marked with the split that holds it. The entity that the question names is \
an answer like any other, as in evaluation, and marked `itself`; models of distances often rank it first, and \
`--exclude-self` leaves it out.

`--queries` answers a whole file: each line is `head TAB relation TAB tail` with `?` for one of the three. What is written \
is a line for each answer: the question's three columns, rank, answer, score, the split that holds the triple, and `itself`, \
between tabs after a line of headings; with `--json`, an object for each question, a line each.";

const EXAMPLES: &str = "\
Examples:
  sptx predict runs/countries-transe-1 --head portugal --relation neighbour
  sptx predict runs/countries-transe-1 --relation currency --tail euro --exclude-known
  sptx predict runs/countries-transe-1 --head danube --tail austria --json
  sptx predict runs/countries-transe-1 --queries questions.tsv --top 3 --out answers.tsv
  sptx predict runs/countries-transe-1 --queries questions.tsv --device wgpu";

/// Complete triples: tails, heads or relations.
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
    /// A file of questions, a line each, with `?` for what is asked; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["head", "relation", "tail"])]
    queries: Option<PathBuf>,
    /// How many answers.
    #[arg(long, value_name = "K", default_value = "10", value_parser = options::count())]
    top: usize,
    /// Leave out answers that the dataset already holds, in any split.
    #[arg(long)]
    exclude_known: bool,
    /// Leave out the entity that the question names.
    #[arg(long)]
    exclude_self: bool,
    #[command(flatten)]
    device: ScoringDevice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write the answers to `--queries` to a file, which is there once all are answered.
    #[arg(long, short, value_name = "FILE", requires = "queries")]
    out: Option<PathBuf>,
}

/// A question with its answers, as JSON.
#[derive(Serialize)]
pub(super) struct Prediction<'a> {
    pub(super) head: Option<&'a str>,
    pub(super) relation: Option<&'a str>,
    pub(super) tail: Option<&'a str>,
    pub(super) answers: &'a [Answer],
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let given = [&arguments.head, &arguments.relation, &arguments.tail];
    if arguments.queries.is_none() && given.into_iter().flatten().count() != 2 {
        return Err(needs_two());
    }
    let Run { engine, dataset } = arguments.run.open()?;
    let left_out = match arguments.exclude_known {
        true => KnownTriples::of_dataset(&dataset),
        false => KnownTriples::new([]),
    };
    let Arguments { top: count, exclude_self, .. } = *arguments;
    let wanted = Wanted { count, left_out: &left_out, exclude_self };
    let oracle = Oracle::new(arguments.device.scoring(&engine)?, &dataset);
    match &arguments.queries {
        Some(path) => queries::answer(&oracle, &dataset, wanted, path, arguments.out.as_deref(), arguments.json),
        None => {
            let question = question(arguments, &dataset)?;
            print(parts(&dataset, question), &oracle.ask(question, wanted)?, arguments.json)
        }
    }
}

fn print([head, relation, tail]: [Option<&str>; 3], answers: &[Answer], json: bool) -> Outcome {
    if json {
        return output::json(&Prediction { head, relation, tail, answers });
    }
    let [head, relation, tail] = [head, relation, tail].map(|part| part.unwrap_or("?"));
    output::line(format!("{head}  {relation}  {tail}"))?;
    let mut table = output::table(&["", "answer", "score", "known"], 2);
    for Answer { rank, name, score, known, itself } in answers {
        let known = known.map(|split| format!("in {split}"));
        let marks: Vec<String> = known.into_iter().chain(itself.then(|| "itself".to_owned())).collect();
        table.add_row([rank.to_string(), name.clone(), format!("{score:.4}"), marks.join(", ")]);
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
        help: "for example: sptx predict RUN --head portugal --relation neighbour, or a file of questions with `--queries`"
            .to_owned(),
    }
}
