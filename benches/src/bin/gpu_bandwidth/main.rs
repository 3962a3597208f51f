//! How near GPU kernels come to a device's memory: bytes a second of forward, backward and block kernels, beside those of a
//! copy measured in the same run.
//!
//! Times are the device's own, the best of several rounds. Bytes are counted from the shapes, as if nothing stayed in a
//! cache: tables that fit one can show more than the copy has.
//!
//! ```text
//! cargo run --release -p sptx-benches --bin gpu_bandwidth -- --model transe,complex --dim 128 --entities 1000000
//! ```

mod floor;

use std::collections::BTreeMap;
use std::error::Error;

use clap::Parser;
use floor::Work;
use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::{self, Plan, shard_tables};
use sptx_codegen::lir::{Access, Builder, Builtin, Place, Scalar};
use sptx_runtime::cpu::{Batch, Candidates, Queries};
use sptx_runtime::gpu::{Device, Engine, Role, Schedule, Setup, table_shards, table_words};
use sptx_runtime::program::{Model, Side};
use sptx_runtime::wgpu::WgpuDevice;
use sptx_train::{Purpose, Stream, bounded};

/// Bytes a second of GPU kernels.
#[derive(Parser)]
struct Arguments {
    /// Zoo models.
    #[arg(long, value_delimiter = ',', default_value = "transe,distmult,complex,rotate,transr")]
    model: Vec<String>,
    /// The adapter: its number, or a part of its name; the first when left out.
    #[arg(long, default_value = "")]
    device: String,
    /// Every dimension's size.
    #[arg(long, default_value_t = 128)]
    dim: usize,
    /// Rows of the tables of entities.
    #[arg(long, default_value_t = 100_000)]
    entities: usize,
    /// Rows of the tables of relations.
    #[arg(long, default_value_t = 200)]
    relations: usize,
    /// Triples of a batch, at most 65 536.
    #[arg(long, default_value_t = 16_384)]
    triples: usize,
    /// Queries of a block.
    #[arg(long, default_value_t = 256)]
    queries: usize,
    /// Candidates of a block.
    #[arg(long, default_value_t = 4096)]
    candidates: usize,
    /// Words that are copied.
    #[arg(long, default_value_t = 1 << 24)]
    copied: u32,
    /// Rounds; the fastest counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Print one line of JSON a kernel.
    #[arg(long)]
    json: bool,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let device = WgpuDevice::open(&arguments.device)?;
    if !device.info().timestamps {
        return Err(format!("{} does not tell how long launches take", device.info().name).into());
    }
    let copy = copy(&device, &arguments)?;
    let line = Line { arguments: &arguments, device: &device.info().name, copy };
    line.print("", "copy", copy, 8 * arguments.copied as usize);
    for model in &arguments.model {
        let zoo = kernels_generated::find(model).ok_or("no such model in the zoo")?;
        let compiled = (zoo.load)(&[]).ok_or("the model lacks its choices")?;
        for (role, seconds, bytes) in measure(&device, &arguments, &compiled.model)? {
            line.print(model, &name(role), bytes as f64 / seconds, bytes);
        }
    }
    Ok(())
}

/// Bytes that a copy reads and writes in a second.
fn copy(device: &WgpuDevice, arguments: &Arguments) -> Outcome<f64> {
    const WORKGROUP: u32 = 64;
    let most = device.capabilities().binding_words;
    if arguments.copied > most || !arguments.copied.is_multiple_of(4 * WORKGROUP) {
        return Err(format!("--copied: a multiple of {} up to {most} is needed", 4 * WORKGROUP).into());
    }
    let mut k = Builder::new("copy_words", "Copies.", WORKGROUP);
    let [from, to] = [("source", Access::Read), ("copied", Access::ReadWrite)]
        .map(|(name, access)| Place::Buffer(k.buffer(name, Scalar::F32, 4, access)));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let before = k.mul_u32(group, WORKGROUP);
    let quad = k.add(before, thread);
    let at = k.mul_u32(quad, 4);
    let words = k.load(from, at, 4);
    k.store(to, at, words);
    // It is nobody's kernel; a role has no part in how it is launched.
    let copy = Plan { role: Role::Forward, rows: WORKGROUP, kernel: k.finish() };
    let artifacts = wgsl::artifacts(&[copy], Schedule::default(), &wgsl::Options::default());
    let kernel = device.load(&artifacts[0])?;
    let [source, copied] = [device.allocate(arguments.copied as usize)?, device.allocate(arguments.copied as usize)?];
    let workgroups = arguments.copied / 4 / WORKGROUP;
    let mut best = f64::INFINITY;
    for _ in 0..arguments.rounds {
        let ((), times) = device.timed(|| device.launch(&kernel, workgroups, &[], &[&source, &copied]))?;
        best = times.into_iter().flatten().fold(best, f64::min);
    }
    Ok(8.0 * f64::from(arguments.copied) / best)
}

/// The seconds and the bytes of each of a model's kernels.
fn measure(device: &WgpuDevice, arguments: &Arguments, model: &Model) -> Outcome<Vec<(Role, f64, usize)>> {
    let dims: BTreeMap<String, usize> = model.symbols().map(|name| (name.to_owned(), arguments.dim)).collect();
    let sizes = model.bind(&dims)?;
    let Arguments { entities, relations, triples, queries, candidates, .. } = *arguments;
    let shards = table_shards(table_words(model, &sizes, entities, relations), &device.capabilities());
    let plans = gpu::plan(model, &Schedule::default()).into_iter().map(|plan| shard_tables(plan, shards));
    let plans: Vec<Plan> = plans.collect();
    let artifacts = wgsl::artifacts(&plans, Schedule::default(), &wgsl::Options::default());
    let roles: Vec<Role> = artifacts.iter().map(|artifact| artifact.role).collect();
    let setup = Setup {
        model: model.clone(),
        sizes: sizes.clone(),
        entities,
        relations,
        parameters: BTreeMap::new(),
        artifacts,
    };
    let mut engine = Engine::new(device, setup)?;
    let ids = |purpose, count| ids(purpose, triples.max(queries), count);
    let [heads, relation_ids, tails] = [ids(0, entities), ids(1, relations), ids(2, entities)];
    let columns = [&heads[..triples], &relation_ids[..triples], &tails[..triples]];
    let batch = Batch { heads: columns[0], relations: columns[1], tails: columns[2] };
    let upstream = vec![1.0; triples];
    // One relation, so that a block is one comparison for all models.
    let same = vec![0; queries];
    let ends = Queries { missing: Side::Tail, entities: &heads[..queries], relations: &same };
    let mut scores = vec![0.0; queries * candidates];
    let is_of_triples = |role: &Role| !matches!(role, Role::Part(..) | Role::Compare(_));
    let of_tails = [
        Role::Part(Side::Tail, sptx_runtime::gpu::End::Candidate),
        Role::Part(Side::Tail, sptx_runtime::gpu::End::Query),
        Role::Compare(Side::Tail),
    ];
    let mut best: BTreeMap<usize, f64> = BTreeMap::new();
    let of_triples: Vec<usize> = (0..roles.len()).filter(|place| is_of_triples(&roles[*place])).collect();
    let of_block: Vec<usize> =
        of_tails.iter().filter_map(|role| roles.iter().position(|other| other == role)).collect();
    for _ in 0..arguments.rounds {
        let (gradients, times) = device.timed(|| Ok(engine.gradients(batch, &upstream)))?;
        gradients?;
        keep(&mut best, &of_triples, times)?;
        if of_block.len() == of_tails.len() {
            let block =
                device.timed(|| Ok(engine.score_block(ends, Candidates::Range(0..candidates as u32), &mut scores)))?;
            block.0?;
            keep(&mut best, &of_block, block.1)?;
        }
    }
    let work = Work { model, sizes: &sizes, columns, block: [queries, candidates] };
    Ok(best.into_iter().filter_map(|(place, time)| Some((roles[place], time, work.bytes(roles[place])?))).collect())
}

/// Keeps the best times of kernels that were launched in this order.
fn keep(best: &mut BTreeMap<usize, f64>, kernels: &[usize], times: Option<Vec<f64>>) -> Outcome<()> {
    let times = times.unwrap_or_default();
    if times.len() != kernels.len() {
        let why = "a batch or a block is worked on in parts; make it smaller";
        return Err(format!("{} launches of {} kernels: {why}", times.len(), kernels.len()).into());
    }
    for (kernel, time) in kernels.iter().zip(times) {
        let best = best.entry(*kernel).or_insert(f64::INFINITY);
        *best = best.min(time);
    }
    Ok(())
}

/// Random row numbers.
fn ids(purpose: u32, len: usize, count: usize) -> Vec<u32> {
    let stream = Stream::new(1, Purpose::Negatives);
    let draw = |place: usize| {
        let [high, low, ..] = stream.block([purpose, place as u32, 0], 0);
        bounded([high, low], count as u32)
    };
    (0..len).map(draw).collect()
}

/// What a kernel is called in the table.
fn name(role: Role) -> String {
    match role {
        Role::Partial(owner) => format!("partial {owner:?}").to_lowercase(),
        Role::Gather(owner) => format!("gather {owner:?}").to_lowercase(),
        Role::Part(_, end) => format!("part {end:?}").to_lowercase(),
        Role::Compare(_) => "compare".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Prints measurements.
struct Line<'a> {
    arguments: &'a Arguments,
    device: &'a str,
    /// Bytes that a copy moves in a second.
    copy: f64,
}

impl Line<'_> {
    fn print(&self, model: &str, kernel: &str, speed: f64, bytes: usize) {
        let (gigabytes, share) = (speed / 1e9, speed / self.copy);
        if !self.arguments.json {
            let megabytes = bytes as f64 / 1e6;
            println!("{model:<10} {kernel:<18} {megabytes:>9.1} MB {gigabytes:>9.2} GB/s {:>6.0} %", 100.0 * share);
            return;
        }
        let Arguments { dim, entities, relations, triples, queries, candidates, .. } = self.arguments;
        println!(
            "{}",
            serde_json::json!({
                "device": self.device, "model": model, "kernel": kernel, "bytes": bytes, "gb_per_s": gigabytes,
                "of_copy": share, "dim": dim, "entities": entities, "relations": relations, "triples": triples,
                "queries": queries, "candidates": candidates,
            })
        );
    }
}
