//! Seconds an epoch of training in SparseTransX's regime, in the form that a rival's script prints them.
//!
//! One Bernoulli negative a positive, margin ranking loss (0.5, summed), dense Adam (4e-4, weight decay 1e-5), squared
//! L2 for TransE. Timed per full batch: neg (sampling, and sorting by relation), step (scores, loss, backward, update).
//! An epoch is the median batch times n_train / batch. The last line is JSON.
//!
//! ```text
//! cargo run --release -p sptx-benches --bin epoch -- --data ../shared/data/fb15k-237 --model transe --dim 1024 --batch 32768
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use sptx_runtime::cpu::{Batch, Engine, EngineOptions, Interpreter};
use sptx_runtime::optimizer::{Rule, Step};
use sptx_train::{Corruption, Dataset, Purpose, Sampler, SamplerOptions, Stream, Triple, epoch_order, uniform_f32};

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
    /// Batches timed.
    #[arg(long, default_value_t = 16)]
    batches: usize,
    /// Batches run before.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Use the block interpreter instead of compiled kernels.
    #[arg(long)]
    interpreted: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let dataset = Dataset::load(&arguments.data)?;
    let choices: &[(&str, f64)] = if arguments.model == "transe" { &[("norm", 2.0), ("power", 2.0)] } else { &[] };
    let zoo = kernels_generated::find(&arguments.model).ok_or("no such model in the zoo")?;
    let compiled = (zoo.load)(choices).ok_or("the model lacks its choices")?;
    let compiled = if arguments.interpreted { Interpreter::compile((*compiled.model).clone()) } else { compiled };
    let dims: BTreeMap<String, usize> = compiled.model.symbols().map(|name| (name.to_owned(), arguments.dim)).collect();
    let options = EngineOptions { threads: arguments.threads, ..EngineOptions::default() };
    let mut engine = Engine::new(compiled, &dims, dataset.entities().len(), dataset.relations().len(), &options)?;
    fill(&mut engine);
    engine.set_optimizer(Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    let mut times = Vec::new();
    for number in 0..arguments.warmup + arguments.batches {
        let time = batch(&mut engine, &dataset, arguments.batch, number)?;
        if number >= arguments.warmup {
            times.push(time);
        }
    }
    let per_epoch = dataset.train().len() as f64 / arguments.batch as f64;
    let epoch = median(times.iter().map(|(neg, step)| neg + step)) * per_epoch;
    let neg = median(times.iter().map(|(neg, _)| *neg)) * per_epoch;
    let step = median(times.iter().map(|(_, step)| *step)) * per_epoch;
    let parameters = engine.tables().parameter_count() * 4;
    println!(
        "{}",
        serde_json::json!({
            "system": if arguments.interpreted { "sptx-interpreted" } else { "sptx" },
            "model": arguments.model, "data": dataset.name(), "dim": arguments.dim, "batch": arguments.batch,
            "threads": arguments.threads, "epoch_s": epoch, "neg_s": neg, "step_s": step,
            "peak_rss_mb": peak_rss_mb(), "parameters_and_state_mb": parameters as f64 * 3.0 / 1048576.0,
        })
    );
    Ok(())
}

fn fill(engine: &mut Engine) {
    let stream = Stream::new(7, Purpose::Initial);
    for plane in 0..engine.model().planes.len() {
        let layout = &engine.tables().planes()[plane].layout;
        let (rows, len) = (layout.rows(), layout.row_len());
        let bound = 6.0 / (len as f32).sqrt();
        let values: Vec<f32> = (0..rows * len)
            .map(|i| (uniform_f32(stream.block([plane as u32, i as u32, 0], 0)[0]) * 2.0 - 1.0) * bound * 0.1)
            .collect();
        engine.tables_mut().import(plane, &values);
    }
}

/// Trains on one batch; seconds for sampling and for the step.
fn batch(engine: &mut Engine, dataset: &Dataset, size: usize, number: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let start = Instant::now();
    let train = dataset.train();
    let full = (train.len() / size).max(1);
    let order = epoch_order(7, (number / full) as u32, train.len() as u32);
    let started = Instant::now();
    let first = (number % full) * size;
    let mut positives: Vec<Triple> =
        order[first..train.len().min(first + size)].iter().map(|at| train[*at as usize]).collect();
    positives.sort_by_key(|triple| triple.relation);
    let options = SamplerOptions { corruption: Corruption::Bernoulli, negatives: 1, resamples: 0 };
    let sampler =
        Sampler::new(7, options, train, dataset.entities().len() as u32, dataset.relations().len() as u32, None);
    let before = Instant::now();
    let negatives = sampler.draw((number / full) as u32, first as u32, &positives);
    let count = positives.len();
    let column =
        |of: fn(&Triple) -> u32, rest: &[u32]| positives.iter().map(of).chain(rest.iter().copied()).collect::<Vec<_>>();
    let heads = column(|it| it.head, &negatives.heads);
    let relations = column(|it| it.relation, &negatives.relations);
    let tails = column(|it| it.tail, &negatives.tails);
    let sampled = Instant::now();
    let triples = Batch { heads: &heads, relations: &relations, tails: &tails };
    let step = Step { learning_rate: 4e-4, weight_decay: 1e-5, number: number as u64 + 1 };
    engine.step::<(), sptx_runtime::Error>(triples, step, |scores, upstream| {
        let (positive, negative) = scores.split_at(count);
        for i in 0..count {
            if 0.5 - positive[i] + negative[i] > 0.0 {
                upstream[i] = -1.0;
                upstream[count + i] = 1.0;
            }
        }
        Ok(())
    })?;
    let _ = start;
    let neg = (before - started).as_secs_f64() * 0.0 + (sampled - before).as_secs_f64();
    Ok((neg, sampled.elapsed().as_secs_f64()))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The largest resident set of this process so far.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
