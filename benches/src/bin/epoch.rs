//! Seconds an epoch of training in SparseTransX's regime, as a rival's script prints them: the last line is JSON.
//!
//! One Bernoulli negative a positive, margin ranking loss (0.5, summed), dense Adam (4e-4, weight decay 1e-5), squared
//! L2 for TransE. It is the trainer that is timed, sampling and loss included, from the first batch to the last; the
//! median epoch is printed.
//!
//! ```text
//! cargo run --release -p sptx-benches --bin epoch -- --data ../shared/data/fb15k-237 --dim 1024 --batch 32768
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use sptx_runtime::cpu::Interpreter;
use sptx_train::{Config, Corruption, Dataset, EpochRecord, LossName, Observer, OptimizerName, Reduction, Trainer};

/// Seconds an epoch of training in SparseTransX's regime.
#[derive(Parser)]
struct Arguments {
    /// Folder with train.txt, valid.txt, test.txt.
    #[arg(long)]
    data: PathBuf,
    /// Zoo model.
    #[arg(long, default_value = "transe")]
    model: String,
    /// Every dimension's size.
    #[arg(long, default_value_t = 1024)]
    dim: usize,
    /// Positives a batch.
    #[arg(long, default_value_t = 32768)]
    batch: usize,
    /// Threads; 0 for all.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Epochs timed, after one that is not.
    #[arg(long, default_value_t = 5)]
    epochs: u32,
    /// Use the block interpreter instead of compiled kernels.
    #[arg(long)]
    interpreted: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let dataset = Arc::new(Dataset::load(&arguments.data)?);
    let choices: &[(&str, f64)] = if arguments.model == "transe" { &[("norm", 2.0), ("power", 2.0)] } else { &[] };
    let zoo = kernels_generated::find(&arguments.model).ok_or("no such model in the zoo")?;
    let compiled = (zoo.load)(choices).ok_or("the model lacks its choices")?;
    let compiled = if arguments.interpreted { Interpreter::compile((*compiled.model).clone()) } else { compiled };
    let mut trainer = Trainer::new(compiled, Arc::clone(&dataset), regime(&arguments))?;
    let parameters = trainer.engine().tables().parameter_count() as f64 * 4.0;
    let mut times = Times::default();
    trainer.train(&mut times)?;
    println!(
        "{}",
        serde_json::json!({
            "system": if arguments.interpreted { "sptx-interpreted" } else { "sptx" },
            "model": arguments.model, "data": dataset.name(), "dim": arguments.dim, "batch": arguments.batch,
            "threads": arguments.threads, "epoch_s": times.median(), "epochs": times.0.len(),
            "peak_rss_mb": peak_rss_mb(), "parameters_and_state_mb": parameters * 3.0 / 1048576.0,
        })
    );
    Ok(())
}

fn regime(arguments: &Arguments) -> Config {
    let mut config = Config {
        dim: arguments.dim,
        batch_size: arguments.batch,
        threads: arguments.threads,
        epochs: arguments.epochs + 1,
        negatives: 1,
        ..Config::default()
    };
    config.sampler.corruption = Corruption::Bernoulli;
    config.loss.name = LossName::Margin;
    config.loss.margin = 0.5;
    config.loss.reduction = Reduction::Sum;
    config.optimizer.name = OptimizerName::Adam;
    config.optimizer.learning_rate = 4e-4;
    config.optimizer.weight_decay = 1e-5;
    config.validation.every = 0;
    config
}

/// Seconds of each epoch but the first.
#[derive(Default)]
struct Times(Vec<f64>);

impl Observer for Times {
    fn epoch_finished(&mut self, record: &EpochRecord) {
        if record.epoch > 1 {
            self.0.push(record.seconds);
        }
    }
}

impl Times {
    fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

/// The largest resident set of this process so far.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
