//! Scores and training steps of some zoo models, compiled and interpreted, on a table of fb15k-237's size.
//!
//! `cargo bench -p sptx-benches -- transe` runs one model's. Throughput is in triples.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use sptx_runtime::cpu::{Batch, Engine, EngineOptions, Interpreter};
use sptx_runtime::kernel::CompiledModel;
use sptx_runtime::optimizer::{Rule, Step};
use sptx_train::{Purpose, Stream, bounded, uniform_f32};

const ENTITIES: usize = 14_541;
const RELATIONS: usize = 237;
const TRIPLES: usize = 4096;
const DIM: usize = 128;

const MODELS: [(&str, &[(&str, f64)]); 6] = [
    ("transe", &[("norm", 2.0), ("power", 2.0)]),
    ("distmult", &[]),
    ("complex", &[]),
    ("rotate", &[]),
    ("transh", &[]),
    ("transr", &[]),
];

fn ids(purpose: u32, count: usize) -> Vec<u32> {
    let stream = Stream::new(1, Purpose::Negatives);
    let draw = |i: usize| {
        let [a, b, ..] = stream.block([purpose, i as u32, 0], 0);
        bounded([a, b], count as u32)
    };
    (0..TRIPLES).map(draw).collect()
}

fn engine(compiled: CompiledModel) -> Engine {
    let dims: BTreeMap<String, usize> = compiled.model.symbols().map(|name| (name.to_owned(), DIM)).collect();
    let mut engine = Engine::new(compiled, &dims, ENTITIES, RELATIONS, &EngineOptions::default()).expect("it fits");
    let stream = Stream::new(2, Purpose::Initial);
    for plane in 0..engine.model().planes.len() {
        let layout = &engine.tables().planes()[plane].layout;
        let count = layout.rows() * layout.row_len();
        let draw = |i: usize| uniform_f32(stream.block([plane as u32, i as u32, 0], 0)[0]) - 0.5;
        let values: Vec<f32> = (0..count).map(draw).collect();
        engine.tables_mut().import(plane, &values);
    }
    engine.set_optimizer(Rule::Adagrad { epsilon: 1e-10 });
    engine
}

fn each(
    criterion: &mut Criterion,
    what: &str,
    mut bench: impl FnMut(&mut BenchmarkGroup<'_, WallTime>, BenchmarkId, Engine),
) {
    let mut group = criterion.benchmark_group(what);
    group.throughput(Throughput::Elements(TRIPLES as u64)).sample_size(20);
    for (name, choices) in MODELS {
        let zoo = kernels_generated::find(name).expect("it is in the zoo");
        let compiled = (zoo.load)(choices).expect("the choices are listed");
        let interpreted = Interpreter::compile((*compiled.model).clone());
        for compiled in [compiled, interpreted] {
            bench(&mut group, BenchmarkId::new(name, compiled.kernels.kind()), engine(compiled));
        }
    }
    group.finish();
}

fn scores(criterion: &mut Criterion) {
    let (heads, mut relations, tails) = (ids(0, ENTITIES), ids(1, RELATIONS), ids(2, ENTITIES));
    relations.sort_unstable();
    let batch = Batch { heads: &heads, relations: &relations, tails: &tails };
    each(criterion, "scores", |group, id, engine| {
        let mut out = vec![0.0; TRIPLES];
        group.bench_function(id, |bencher| bencher.iter(|| engine.score(black_box(batch), &mut out)));
    });
}

fn steps(criterion: &mut Criterion) {
    let (heads, mut relations, tails) = (ids(0, ENTITIES), ids(1, RELATIONS), ids(2, ENTITIES));
    relations.sort_unstable();
    let batch = Batch { heads: &heads, relations: &relations, tails: &tails };
    let step = Step { learning_rate: 1e-3, weight_decay: 0.0, number: 1, penalty: None };
    each(criterion, "steps", |group, id, mut engine| {
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                engine.step::<(), sptx_runtime::Error>(black_box(batch), step, |_, upstream| {
                    upstream.fill(1e-3);
                    Ok(())
                })
            });
        });
    });
}

criterion_group!(kernels, scores, steps);
criterion_main!(kernels);
