//! `sptx search`.

mod show;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sptx::models::Source;
use sptx::train::search::{Leaderboard, LoadedModel, Point, Search, SearchEnding, Space};
use sptx::train::{Error, ModelReference, RunFolder};

use show::Show;

use super::failure::Failure;
use super::{Outcome, data, interrupt, model, output, settings};

const ABOUT: &str = "\
Search for settings by validation.

SPACE.toml holds settings as `sptx train --config` takes them, a section `[search]` (metric, trials, seed, strategy, \
budgets) and `[search.space]`: settings with a list of values or a range each. Every trial is a run in a folder of its \
own. Ctrl-C saves a checkpoint and ends with exit code 130; the same command goes on from there. The best settings are \
written to `best.toml`. The test split is never looked at.";

const EXAMPLES: &str = "\
Examples:
  sptx search recipes/search/example.toml --dry-run
  sptx search recipes/search/example.toml
  sptx train --config searches/example/best.toml

A space:
  data = \"my_graph\"
  model.name = \"transe\"
  [search]
  strategy = \"successive-halving\"     # or \"random\"
  trials = 27
  [search.space]
  \"optimizer.learning_rate\" = { low = 1e-3, high = 1.0, scale = \"log\" }
  \"loss.name\" = [\"margin\", \"logistic\"]
  dim = { low = 32, high = 256, step = 32 }";

/// Search for settings by validation.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The space: settings, and what to try.
    #[arg(value_name = "SPACE.toml")]
    space: PathBuf,
    /// Where the search is kept; `searches/SPACE` when left out. A search that is there goes on.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// List the trials, and train none.
    #[arg(long)]
    dry_run: bool,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What a search found, for a machine.
#[derive(Serialize)]
struct Summary<'a> {
    search: &'a Path,
    /// `finished`, or `out of time` where the seconds of the search were spent.
    ended: &'static str,
    best: Option<PathBuf>,
    #[serde(flatten)]
    leaderboard: &'a Leaderboard,
}

/// A trial that would be made, for a machine.
#[derive(Serialize)]
struct Planned<'a> {
    trial: usize,
    settings: &'a Point,
    /// Why it would fail before its first step.
    mistake: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut space = Space::load(&arguments.space)?;
    let base = space.base()?;
    settings::check_threads(&base)?;
    space.set_data(settings::data_of_file(&arguments.space, &base.data));
    if arguments.dry_run {
        return list(arguments, &space);
    }
    interrupt::listen()?;
    let base = space.base()?;
    if space.settings().all(|key| key != "model.name") {
        // A model that there is not would fail in every trial.
        load(&base.model, None)?;
    }
    let dataset = Arc::new(data::load(&base.data)?);
    let folder = arguments.out.clone().unwrap_or_else(|| usual_folder(&arguments.space));
    let mut search = Search::open(space, dataset, &folder)?;
    describe(&search);
    let mut show = Show::new(arguments.quiet, base.validation.metric);
    let load = |reference: &ModelReference, run: Option<&RunFolder>| {
        load(reference, run).map_err(|failure| Error::Model(failure.into_message().into()))
    };
    let ending = search.run(&load, &mut show);
    show.watch.finish();
    match ending? {
        SearchEnding::Interrupted => {
            let line = "interrupted; everything is saved: go on with the same command";
            Err(Failure::Interrupted(line.to_owned()))
        }
        SearchEnding::OutOfTime => {
            output::note(
                "the seconds of the search were spent; with a higher `search.seconds` the same command goes on",
            );
            report(arguments, &search, "out of time")
        }
        SearchEnding::Finished => report(arguments, &search, "finished"),
    }
}

/// The model of a trial.
fn load(reference: &ModelReference, run: Option<&RunFolder>) -> Result<LoadedModel, Failure> {
    let source = match run {
        Some(folder) => model::of_run(folder, reference)?,
        None => Source::find(&reference.name)?,
    };
    let compiled = model::compile(&source, reference)?;
    Ok(LoadedModel { compiled, source: (!source.is_zoo()).then(|| source.text().to_owned()) })
}

/// `searches/SPACE`, so that the same command finds the search again.
fn usual_folder(space: &Path) -> PathBuf {
    Path::new("searches").join(space.file_stem().unwrap_or("space".as_ref()))
}

/// Says on standard error what is searched.
fn describe(search: &Search) {
    data::describe(search.dataset());
    let (space, trials) = (search.space(), search.points().len());
    let rungs: Vec<String> = search.rungs().iter().flatten().map(u32::to_string).collect();
    let rungs = if rungs.is_empty() { String::new() } else { format!(", after {} epochs", rungs.join(", ")) };
    let strategy = space.strategy();
    output::note(&format!(
        "search  {}: {strategy}, {trials} trial{}, chosen by {}{rungs}",
        search.path().display(),
        output::plural(trials),
        space.metric().key()
    ));
    if search.stints_done() > 0 {
        output::note(&format!("resumed after {} of {} stints", search.stints_done(), search.stints()));
    }
}

/// Lists the trials that a search would make.
fn list(arguments: &Arguments, space: &Space) -> Outcome {
    let points = space.points();
    let mistake = |point: &Point| space.config(point).err().map(|error| error.to_string());
    let planned = |(trial, settings)| Planned { trial, settings, mistake: mistake(settings) };
    let planned: Vec<Planned<'_>> = points.iter().enumerate().map(planned).collect();
    if arguments.json { output::json(&planned) } else { output::line(tables::planned(space, &planned)) }
}

fn report(arguments: &Arguments, search: &Search, ended: &'static str) -> Outcome {
    let leaderboard = search.leaderboard();
    let best = leaderboard.best().map(|_| search.best_path());
    if arguments.json {
        let summary = Summary { search: search.path(), ended, best: best.clone(), leaderboard: &leaderboard };
        output::json(&summary)?;
    } else {
        output::line(tables::leaderboard(search, &leaderboard))?;
    }
    let Some(best) = best else {
        let help = "widen or mend the space; the reasons are in `leaderboard.json`";
        return Err(Failure::new(format!("{}: no trial has a value", search.path().display())).help(help));
    };
    if arguments.json {
        return Ok(());
    }
    output::line(format!("\nThe trials are kept in {}. Next:", search.path().display()))?;
    output::line(format!("  sptx train --config {}", best.display()))
}
