//! The configuration of a run, from a file, the command line's options and its overrides, in this order.

use std::path::{Path, PathBuf};

use sptx::train::Config;

use super::data;
use super::devices;
use super::failure::Failure;
use super::options;

/// Options that set a key of the configuration each.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// A folder with train.txt, valid.txt and test.txt; the bundled graph of countries when left out.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The size of every dimension (`--set dims.k=32` sets one).
    #[arg(long, value_name = "D")]
    dim: Option<String>,
    /// How often every training triple is seen.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// Positives of a batch.
    #[arg(long, value_name = "B")]
    batch_size: Option<String>,
    /// Negatives of each positive, or those that positives share (`--set regime.name=shared`).
    #[arg(long, value_name = "K")]
    negatives: Option<String>,
    /// What is minimised: `logistic`, `margin`, `bce` or `softmax`.
    #[arg(long, value_name = "L")]
    loss: Option<String>,
    /// How it is minimised: `sgd`, `adagrad`, `row-adagrad`, `adam` or `lazy-adam`.
    #[arg(long, value_name = "O")]
    optimizer: Option<String>,
    /// The step size of the optimizer.
    #[arg(long, value_name = "X")]
    learning_rate: Option<String>,
    /// Where all random numbers come from.
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// What makes the steps, as `sptx devices` lists it: `cpu`, a GPU as `wgpu`, `wgpu:1`, or `wgpu:` and a part of its
    /// name; or `auto`, which takes a discrete GPU that can do it, and else the CPU.
    #[arg(long, value_name = "D")]
    device: Option<String>,
    /// Threads; 0 for as many as there are cores. The result does not depend on it.
    #[arg(long, value_name = "T")]
    threads: Option<String>,
    /// Also write the epochs for TensorBoard, under `tensorboard` in the run's folder.
    #[arg(long)]
    tensorboard: bool,
    /// A TOML file of settings; what it leaves out keeps the defaults of the model.
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Any setting by its dotted key, such as `optimizer.weight_decay=1e-5`; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// The model trained where none is named.
const DEFAULT_MODEL: &str = "transe";

/// Settings for the bundled graph, found by validation: a few seconds on two cores.
const FOR_BUNDLED: [&str; 4] = ["dim=64", "epochs=60", "batch_size=256", "negatives=32"];

/// The same for TransE on it.
const FOR_BUNDLED_TRANSE: [&str; 2] = ["model.choices.norm=2", "loss.margin=3"];

impl Settings {
    /// The configuration of a new run.
    pub(super) fn config(&self, model: Option<&str>) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => from_file(path, model)?,
            None => Config::defaults_for(model.unwrap_or(DEFAULT_MODEL)),
        };
        if config.model.name.is_empty() {
            config.model.name = DEFAULT_MODEL.to_owned();
        }
        if self.data.is_none() && config.data.as_os_str().is_empty() {
            config.data = data::BUNDLED.into();
            if self.config.is_none() {
                let transe = config.model.name.eq_ignore_ascii_case(DEFAULT_MODEL);
                let own = FOR_BUNDLED_TRANSE.into_iter().filter(|_| transe);
                FOR_BUNDLED.into_iter().chain(own).try_for_each(|assignment| config.set(assignment))?;
            }
        }
        self.apply(&mut config)?;
        Ok(config)
    }

    /// Whether the loss is the user's choice: a file of settings, or an option about it.
    pub(super) fn chooses_loss(&self) -> bool {
        self.config.is_some()
            || self.loss.is_some()
            || self.set.iter().any(|assignment| assignment.starts_with("loss."))
    }

    /// Changes a configuration as the command line says.
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), Failure> {
        if let Some(folder) = &self.data {
            config.data = absolute(folder);
        }
        let keys = [
            ("dim", &self.dim),
            ("epochs", &self.epochs),
            ("batch_size", &self.batch_size),
            ("negatives", &self.negatives),
            ("loss.name", &self.loss),
            ("optimizer.name", &self.optimizer),
            ("optimizer.learning_rate", &self.learning_rate),
            ("seed", &self.seed),
            ("threads", &self.threads),
        ];
        for (key, value) in keys {
            if let Some(value) = value {
                config.set(&format!("{key}={value}"))?;
            }
        }
        config.outputs.tensorboard |= self.tensorboard;
        if let Some(device) = &self.device {
            devices::check(device, "models train on")?;
            config.device.clone_from(device);
        }
        self.set.iter().try_for_each(|assignment| config.set(assignment))?;
        check_threads(config)?;
        Ok(config.check()?)
    }
}

/// Reads a file of settings. A model named beside it takes the place of the file's, with its own defaults.
fn from_file(path: &Path, model: Option<&str>) -> Result<Config, Failure> {
    let config = Config::load(path)?;
    let config = match model.filter(|model| *model != config.model.name) {
        None => config,
        Some(model) => {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", &error))?;
            let mut table: toml::Table =
                toml::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            let section = table.entry("model").or_insert_with(|| toml::Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert("name".to_owned(), model.into());
            }
            Config::from_toml(path, &table.to_string())?
        }
    };
    if config.data.as_os_str().is_empty() {
        return Ok(config);
    }
    Ok(Config { data: data_of_file(path, &config.data), ..config })
}

/// Refuses more threads than are started.
pub(super) fn check_threads(config: &Config) -> Result<(), Failure> {
    let (most, asked) = (options::MOST_THREADS, config.threads);
    if asked > most as usize {
        return Err(Failure::new(format!("`threads` must be at most {most}; it is {asked}")));
    }
    Ok(())
}

/// The data that a file of settings means: a path in a file is relative to the file, and none is the bundled graph.
pub(super) fn data_of_file(file: &Path, data: &Path) -> PathBuf {
    if data.as_os_str().is_empty() || data == Path::new(data::BUNDLED) {
        return data::BUNDLED.into();
    }
    absolute(&file.parent().unwrap_or(Path::new("")).join(data))
}

/// The path from the root, so that a run finds its data from any folder.
fn absolute(path: &Path) -> PathBuf {
    if path == Path::new(data::BUNDLED) {
        return path.to_owned();
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
