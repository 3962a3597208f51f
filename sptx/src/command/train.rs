//! `sptx train`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use sptx::models::Source;
use sptx::runtime::simd::InstructionSet;
use sptx::train::{Metrics, Outcome as Ending, RunFolder, Split, Trainer};

use super::failure::Failure;
use super::progress::Watch;
use super::settings::Settings;
use super::{Outcome, data, interrupt, metrics as metrics_table, model, output, showcase, training};

const ABOUT: &str = "\
Train a model on a graph.

Without MODEL and --data, TransE learns the bundled graph of countries. The run is kept in a folder: settings, \
checkpoints, a trace of the epochs, embeddings, metrics. Ctrl-C saves a checkpoint and ends with exit code 130; \
`--resume DIR` goes on from there, to the same bits as if nothing had happened.";

const EXAMPLES: &str = "\
Examples:
  sptx train
  sptx train rotate --data wn18rr --dim 200 --negatives 64 --set loss.margin=6
  sptx train complex --data wn18rr --loss softmax --set regime.name=one-vs-all --set reciprocal=true
  sptx train my_model.sptx --data fb15k-237 --config settings.toml --out runs/mine
  sptx train --resume runs/countries-transe-1";

/// Train a model on a graph.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A model of the zoo, or a `.sptx` file (`file.sptx#Score` where it declares several).
    model: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Where the run is kept; a fresh folder under `runs` when left out.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder. Options given beside it change its settings, where they may change.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    resume: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What a finished run is, for a machine.
#[derive(Serialize)]
struct Summary<'a> {
    run: &'a Path,
    model: &'a str,
    dataset: &'a str,
    epochs: u32,
    best_epoch: Option<u32>,
    seconds: f64,
    metrics: &'a BTreeMap<Split, Metrics>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    interrupt::listen()?;
    let began = Instant::now();
    let mut trainer = match &arguments.resume {
        Some(folder) => resume(arguments, folder)?,
        None => begin(arguments)?,
    };
    let folder = trainer.folder().map(|folder| folder.path().to_owned()).unwrap_or_default();
    output::note(&format!("run     {}", folder.display()));
    let mut watch = Watch::new(arguments.quiet);
    let ending = trainer.train(&mut watch);
    watch.finish();
    match ending? {
        Ending::Interrupted { epoch } => {
            let line = format!(
                "interrupted in epoch {epoch}; everything is saved: go on with `sptx train --resume {}`",
                folder.display()
            );
            return Err(Failure::Interrupted(line));
        }
        Ending::StoppedEarly { epoch } => {
            output::note(&format!("stopped after epoch {epoch}: validation has not improved for a while"));
        }
        Ending::Finished => {}
    }
    let metrics = trainer.finish(None)?;
    report(arguments, &trainer, &folder, &metrics, began.elapsed().as_secs_f64())
}

/// A new run. Everything that can be wrong with it is found before its folder is made.
fn begin(arguments: &Arguments) -> Result<Trainer, Failure> {
    let mut config = arguments.settings.config(arguments.model.as_deref())?;
    let source = Source::find(&config.model.name)?;
    let compiled = model::compile(&source, &config.model)?;
    if !source.is_zoo() && compiled.model.never_positive && !arguments.settings.chooses_loss() {
        config.offset_distances();
        let margin = config.loss.margin;
        output::note(&format!(
            "loss    logistic with loss.margin = {margin}, for the model's scores are never positive"
        ));
    }
    let dataset = Arc::new(data::load(&config.data)?);
    let mut trainer = Trainer::new(compiled, Arc::clone(&dataset), config)?;
    let device = training::begin(&mut trainer)?;
    let folder = match &arguments.out {
        Some(path) => RunFolder::create(path)?,
        None => fresh_folder(dataset.name(), source.title())?,
    };
    describe(&trainer, &device);
    trainer.keep_in(folder, (!source.is_zoo()).then(|| source.text()))?;
    Ok(trainer)
}

/// A run that goes on.
fn resume(arguments: &Arguments, path: &Path) -> Result<Trainer, Failure> {
    let folder = RunFolder::open(path)?;
    let mut config = folder.config()?;
    if let Some(name) = &arguments.model {
        config.model.name.clone_from(name);
    }
    arguments.settings.apply(&mut config)?;
    let source = model::of_run(&folder, &config.model)?;
    let compiled = model::compile(&source, &config.model)?;
    let dataset = Arc::new(data::load(&config.data)?);
    let mut trainer = Trainer::resume(compiled, dataset, config, folder)?;
    let device = training::begin(&mut trainer)?;
    describe(&trainer, &device);
    output::note(&format!("resumed after {} of {} epochs", trainer.epochs_done(), trainer.config().epochs));
    Ok(trainer)
}

/// `runs/DATASET-MODEL-N`, N being the first number that is free.
fn fresh_folder(dataset: &str, model: &str) -> Result<RunFolder, Failure> {
    let name = |number: u32| Path::new("runs").join(format!("{dataset}-{}-{number}", model.to_lowercase()));
    let free = (1..).map(name).find(|path| !path.exists());
    Ok(RunFolder::create(free.unwrap_or_else(|| name(0)))?)
}

/// Says on standard error what is trained, and on what.
fn describe(trainer: &Trainer, device: &str) {
    data::describe(trainer.dataset());
    let (engine, config) = (trainer.engine(), trainer.config());
    let sizes = config.sizes(engine.model());
    let sizes: Vec<String> = sizes.iter().map(|(name, size)| format!("{name} = {size}")).collect();
    let parameters = engine.tables().parameter_count();
    output::note(&format!("model   {}, {}: {parameters} parameters", engine.model().name, sizes.join(", ")));
    output::note(&format!(
        "device  {device}: {}, {} thread{}, {} kernels",
        InstructionSet::widest(),
        engine.threads(),
        output::plural(engine.threads()),
        engine.kernel_kind()
    ));
}

fn report(
    arguments: &Arguments,
    trainer: &Trainer,
    folder: &Path,
    metrics: &BTreeMap<Split, Metrics>,
    seconds: f64,
) -> Outcome {
    let (engine, dataset) = (trainer.engine(), trainer.dataset());
    if arguments.json {
        return output::json(&Summary {
            run: folder,
            model: &engine.model().name,
            dataset: dataset.name(),
            epochs: trainer.epochs_done(),
            best_epoch: trainer.best().map(|(epoch, _)| epoch),
            seconds,
            metrics,
        });
    }
    let best = trainer.best().map_or(String::new(), |(epoch, _)| format!(", the best by validation being {epoch}"));
    output::line(format!("{} epochs in {seconds:.1} s{best}\n", trainer.epochs_done()))?;
    let mut table = metrics_table::table("split", "ranks of");
    for (split, metrics) in metrics {
        metrics_table::add(&mut table, split.name(), metrics);
    }
    output::line(format!("{table}\n"))?;
    showcase::print(engine, dataset)?;
    let folder = folder.display();
    let shown = if trainer.config().outputs.report { "; its report.html shows it in a browser" } else { "" };
    output::line(format!("\nThe run is kept in {folder}{shown}. Next:"))?;
    output::line(format!("  sptx eval {folder} --by-relation"))?;
    match showcase::questions(dataset).first() {
        Some((head, relation)) => {
            let names = [dataset.entities().name(*head), dataset.relations().name(*relation)];
            let [head, relation] = names.map(|name| output::quoted(name.unwrap_or_default()));
            output::line(format!("  sptx predict {folder} --head {head} --relation {relation}"))
        }
        None => Ok(()),
    }
}
