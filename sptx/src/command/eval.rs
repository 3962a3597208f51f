//! `sptx eval`.

use indicatif::ProgressBar;
use sptx::train::{EvaluateOptions, Evaluator, Metrics, Split};

use super::failure::Failure;
use super::model::{EndedRun, Run};
use super::scoring::ScoringDevice;
use super::{Outcome, metrics as metrics_table, output};

const ABOUT: &str = "\
Rank the triples of a split.

Every entity is a candidate for the head and for the tail of every triple; other known answers are left out (filtered), \
unless `--raw` is given. A tie is worth half a rank; `--json` also has the ranks by which ties are won and lost.";

const EXAMPLES: &str = "\
Examples:
  sptx eval runs/countries-transe-1
  sptx eval runs/countries-transe-1 --split valid --by-relation
  sptx eval runs/countries-transe-1 --raw --json
  sptx eval runs/countries-transe-1 --device wgpu";

/// Rank the triples of a split.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: EndedRun,
    /// The split: train, valid or test.
    #[arg(long, default_value = "test")]
    split: Split,
    /// Rank among all candidates, known answers included.
    #[arg(long)]
    raw: bool,
    /// Also show each category of relations and each relation.
    #[arg(long)]
    by_relation: bool,
    #[command(flatten)]
    device: ScoringDevice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let split = arguments.split;
    let run = arguments.run.open()?;
    let metrics = evaluate(&run, split, !arguments.raw, &arguments.device)?;
    if arguments.json {
        return output::json(&metrics);
    }
    let name = format!("{split}, {}", if arguments.raw { "raw" } else { "filtered" });
    let mut table = metrics_table::table("split", "ranks of");
    metrics_table::add(&mut table, &name, &metrics);
    output::line(table)?;
    if arguments.by_relation { by_relation(&metrics) } else { Ok(()) }
}

fn evaluate(run: &Run, split: Split, filtered: bool, device: &ScoringDevice) -> Result<Metrics, Failure> {
    let scoring = device.scoring(&run.engine)?;
    let bar = ProgressBar::new(0);
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let options = EvaluateOptions { filtered, progress: Some(&progress), ..EvaluateOptions::default() };
    let evaluator = Evaluator::new(&run.dataset);
    let metrics = scoring.ask(|scorer| evaluator.evaluate(scorer, split, &options));
    bar.finish_and_clear();
    metrics
}

fn by_relation(metrics: &Metrics) -> Outcome {
    let mut table = metrics_table::table("category", "ranks of");
    for (category, group) in &metrics.by_category {
        let name = category.to_string();
        metrics_table::add_row(&mut table, &name, "heads", group.count, &group.head.realistic);
        metrics_table::add_row(&mut table, "", "tails", group.count, &group.tail.realistic);
    }
    output::line(format!("\n{table}"))?;
    let mut table = metrics_table::table("relation", "ranks of");
    for (name, group) in &metrics.by_relation {
        metrics_table::add_row(&mut table, name, "heads", group.count, &group.head.realistic);
        metrics_table::add_row(&mut table, "", "tails", group.count, &group.tail.realistic);
    }
    output::line(format!("\n{table}"))
}
