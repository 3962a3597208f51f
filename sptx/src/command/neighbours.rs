//! `sptx neighbours`.

use serde::Serialize;
use sptx::train::{Kind, Metric, nearest};

use super::model::{EndedRun, Run};
use super::{Outcome, options, output};

const ABOUT: &str = "\
List the entities whose embeddings are nearest to that of another.

An embedding is all that the model holds for an entity, end to end: real and imaginary parts, every slot. Phases count as \
the angles that they are.";

const EXAMPLES: &str = "\
Examples:
  sptx neighbours runs/countries-transe-1 portugal
  sptx neighbours runs/countries-transe-1 danube --count 5 --metric l2 --json";

/// List the entities nearest to another.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: EndedRun,
    /// The entity's name.
    entity: String,
    /// How many neighbours.
    #[arg(long, value_name = "K", default_value = "10", value_parser = options::count())]
    count: usize,
    /// What is near: cosine or l2.
    #[arg(long, default_value = "cosine")]
    metric: Metric,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Neighbours<'a> {
    entity: &'a str,
    metric: String,
    neighbours: Vec<Neighbour<'a>>,
}

#[derive(Serialize)]
struct Neighbour<'a> {
    rank: usize,
    name: &'a str,
    value: f32,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { entity, count, metric, .. } = arguments;
    let Run { engine, dataset } = arguments.run.open()?;
    let names = dataset.entities();
    let id = names.require(entity, Kind::Entity)?;
    let found = nearest(&engine, &[id], *count, *metric)?.pop().unwrap_or_default();
    let named = |(rank, near): (usize, &sptx::train::Neighbour)| {
        let name = names.name(near.entity).unwrap_or_default();
        Neighbour { rank, name, value: near.value }
    };
    let neighbours: Vec<Neighbour<'_>> = (1..).zip(&found).map(named).collect();
    if arguments.json {
        return output::json(&Neighbours { entity, metric: metric.to_string(), neighbours });
    }
    let value = match metric {
        Metric::Cosine => "cosine",
        Metric::L2 => "distance",
    };
    let mut table = output::table(&["", "entity", value], 2);
    for Neighbour { rank, name, value } in neighbours {
        table.add_row([rank.to_string(), name.to_owned(), format!("{value:.4}")]);
    }
    output::line(format!("nearest to {entity}"))?;
    output::line(table)
}
