//! Pairs a second of block kernels: scoring queries against candidates, and a training step on them.
//!
//! Prints, for each model and missing end, billions of pairs a second, and of columns of pairs: a column of a pair is one
//! element of the dimension compared. One line of JSON a measurement.
//!
//! ```text
//! cargo run --release -p sptx-benches --bin block -- --model transe,complex --dim 128 --queries 512 --candidates 8192
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use clap::Parser;
use sptx_runtime::cpu::{Block, BlockLoss, Candidates, Engine, EngineOptions, Interpreter, Queries};
use sptx_runtime::optimizer::{Rule, Step};
use sptx_runtime::program::Side;

/// Pairs a second of block kernels.
#[derive(Parser)]
struct Arguments {
    /// Zoo models.
    #[arg(long, value_delimiter = ',', default_value = "transe,complex,rotate,toruse,transh")]
    model: Vec<String>,
    /// Every dimension's size.
    #[arg(long, default_value_t = 128)]
    dim: usize,
    /// Queries of a block.
    #[arg(long, default_value_t = 512)]
    queries: usize,
    /// Candidates of a block.
    #[arg(long, default_value_t = 8192)]
    candidates: usize,
    /// Relations of the queries.
    #[arg(long, default_value_t = 4)]
    relations: usize,
    /// Threads; 0 for all.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Blocks measured; the fastest counts.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Use the interpreter instead of compiled kernels.
    #[arg(long)]
    interpreted: bool,
}

/// A loss that costs next to nothing.
struct Half;

impl BlockLoss for Half {
    fn row(&self, _: usize, _: usize, answer: &mut f32, scores: &mut [f32]) -> f64 {
        *answer = 0.5;
        scores.fill(0.5);
        0.0
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    for model in &arguments.model {
        let zoo = kernels_generated::find(model).ok_or("no such model in the zoo")?;
        let compiled = (zoo.load)(&[]).ok_or("the model lacks its choices")?;
        let compiled = if arguments.interpreted { Interpreter::compile((*compiled.model).clone()) } else { compiled };
        let dims: BTreeMap<String, usize> =
            compiled.model.symbols().map(|name| (name.to_owned(), arguments.dim)).collect();
        let options = EngineOptions { threads: arguments.threads, ..EngineOptions::default() };
        let mut engine = Engine::new(compiled, &dims, arguments.candidates, arguments.relations, &options)?;
        fill(&mut engine);
        engine.set_optimizer(Rule::Adagrad { epsilon: 1e-8 });
        for missing in [Side::Head, Side::Tail] {
            measure(&mut engine, &arguments, model, missing)?;
        }
    }
    Ok(())
}

fn fill(engine: &mut Engine) {
    for plane in 0..engine.model().planes.len() {
        let table = &mut engine.tables_mut().planes_mut()[plane];
        let values = (0..table.layout.rows() * table.layout.row_len()).map(|i| ((i * 37 % 101) as f32 - 50.0) / 60.0);
        let values: Vec<f32> = values.collect();
        table.layout.import(&values, table.buffer.lines_mut());
    }
}

fn measure(engine: &mut Engine, arguments: &Arguments, model: &str, missing: Side) -> Result<(), Box<dyn Error>> {
    let ids = |count: usize| (0..arguments.queries).map(|i| (i * 31 % count) as u32).collect::<Vec<_>>();
    let (entities, mut relations) = (ids(arguments.candidates), ids(arguments.relations));
    relations.sort_unstable();
    let queries = Queries { missing, entities: &entities, relations: &relations };
    let candidates = || Candidates::Range(0..arguments.candidates as u32);
    let mut scores = vec![0.0; arguments.queries * arguments.candidates];
    let (mut score, mut step) = (f64::INFINITY, f64::INFINITY);
    for number in 1..=arguments.rounds as u64 {
        let began = Instant::now();
        engine.score_block(queries, candidates(), &mut scores)?;
        score = score.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let block = Block { queries, candidates: candidates(), answers: None };
        engine.step_blocks(
            &[block],
            Step { learning_rate: 1e-6, weight_decay: 0.0, number, penalty: None },
            None,
            &Half,
        )?;
        step = step.min(began.elapsed().as_secs_f64());
    }
    let pairs = scores.len() as f64 / 1e9;
    println!(
        "{}",
        serde_json::json!({
            "model": model, "missing": format!("{missing:?}"), "dim": arguments.dim, "queries": arguments.queries,
            "candidates": arguments.candidates, "threads": arguments.threads, "kernels": engine.kernel_kind(),
            "score_pairs_per_ns": round(pairs / score), "score_columns_per_ns": round(pairs * arguments.dim as f64 / score),
            "step_pairs_per_ns": round(pairs / step), "step_columns_per_ns": round(pairs * arguments.dim as f64 / step),
        })
    );
    Ok(())
}

fn round(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}
