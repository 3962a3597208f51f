//! Engines on a device that rank by themselves, against the host ranking by the scores of the same engine: to the bit.

use std::collections::BTreeMap;

use sptx_codegen::gpu::{Plan, ranking};
use sptx_codegen::ir::{DimSize, Score};
use sptx_codegen::legalize::shard;
use sptx_codegen::testing::Random;
use sptx_runtime::cpu::{Engine, Interpreter};
use sptx_runtime::gpu::{Artifact, Capabilities, Device, Role, Schedule};
use sptx_runtime::program::Owner;
use sptx_tests::{Case, Executor, adapter, artifacts_of, schedules, schedules_run_on, some_random_scores, zoo};
use sptx_train::{
    Asked, CandidateScorer, DeviceScorer, EngineScorer, EvaluateOptions, KnownTriples, PredictOptions, Prediction,
    Query, Question, Ranks, RelationScorer, Side, Triple, predict_with, rank, top_k_many,
};

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    symbols.map(|(_, dim)| (dim.name.clone(), size)).collect()
}

/// An engine some of whose entities are equal, and one of which is no number.
fn host(score: &Score, size: usize, [entities, relations]: [usize; 2], seed: u64) -> Option<Engine> {
    let case = Case::with_rows(score, dims(score, size), [entities, relations], seed)?;
    let model = Interpreter::compile(case.model.clone());
    let mut engine = case.engine(model, 1);
    for plane in 0..engine.model().planes.len() {
        let mut rows = engine.tables().export(plane);
        if engine.model().owner(plane) == Owner::Relation {
            continue;
        }
        let len = rows.len() / entities;
        for entity in (0..entities).filter(|entity| entity % 3 == 1) {
            rows.copy_within(..len, entity * len);
        }
        if entities > 7 {
            rows[7 * len..8 * len].fill(f32::NAN);
        }
        engine.tables_mut().import(plane, &rows);
    }
    Some(engine)
}

fn some_triples(count: usize, [entities, relations]: [usize; 2], random: &mut Random) -> Vec<Triple> {
    let mut below = |count: usize| random.below(count) as u32;
    (0..count).map(|_| Triple::new(below(entities), below(relations), below(entities.min(9)))).collect()
}

/// What is asked of a scorer.
struct Exam {
    asked: Vec<Triple>,
    known: KnownTriples,
}

#[derive(Debug, PartialEq)]
struct Found {
    ranks: [Ranks; 2],
    best: Vec<Vec<Prediction>>,
}

impl Exam {
    fn new(rows: [usize; 2], random: &mut Random) -> Self {
        let asked = some_triples(12, rows, random);
        let more = some_triples(30, rows, random);
        Self { known: KnownTriples::new(asked.iter().chain(&more).copied()), asked }
    }

    fn take(&self, scorer: &dyn CandidateScorer) -> Found {
        let options = EvaluateOptions { query_tile: 7, ..EvaluateOptions::default() };
        let ranks =
            [None, Some(&self.known)].map(|known| rank(scorer, &self.asked, known, &options).expect("ids in range"));
        let queries: Vec<Query> =
            self.asked.iter().map(|triple| Query { entity: triple.head, relation: triple.relation }).collect();
        let exclude: Vec<&[u32]> = queries.iter().map(|query| self.known.answers(Side::Tail, *query)).collect();
        let best = [0, 1, 2].into_iter().flat_map(|count| top_k_many(scorer, Side::Tail, &queries, count, &exclude));
        Found { ranks, best: best.collect() }
    }
}

/// The kernels that leave all of the ranking to the host.
fn scoring_alone(artifacts: &[Artifact]) -> Vec<Artifact> {
    let ranks = |role| matches!(role, Role::Pick | Role::Rank | Role::Exclude | Role::Best);
    artifacts.iter().filter(|artifact| !ranks(artifact.role)).cloned().collect()
}

/// Holds a device's ranks against those of its scores.
fn check<D>(host: &Engine, exam: &Exam, made: impl Fn() -> (D, Vec<Artifact>))
where
    D: Device + Send,
    D::Buffer: Send,
    D::Kernel: Send,
{
    let scorer = |alone: bool| {
        let (device, artifacts) = made();
        let artifacts = if alone { scoring_alone(&artifacts) } else { artifacts };
        DeviceScorer::new(host, device, artifacts).unwrap_or_else(|error| panic!("{}: {error}", host.model().name))
    };
    let found = [true, false].map(|alone| {
        let scorer = scorer(alone);
        let asked = Asked { side: Side::Tail, queries: &[], rows: &[], answers: &[], filtered: &[] };
        assert_eq!(scorer.ranks(&asked).is_some(), !alone);
        let found = exam.take(&scorer);
        assert!(scorer.failure().is_none(), "{}: {:?}", host.model().name, scorer.failure());
        found
    });
    assert_eq!(found[0], found[1], "{}", host.model().name);
}

/// Plans whose tables lie in so many buffers.
fn sharded(plans: Vec<Plan>, shards: u32) -> Vec<Plan> {
    let has_tables = |plan: &Plan| plan.kernel.buffers.iter().any(|(_, buffer)| buffer.name == "tables");
    let cut = |plan: Plan| match shards > 1 && has_tables(&plan) {
        true => Plan { kernel: shard(&plan.kernel, "tables", shards), ..plan },
        false => plan,
    };
    plans.into_iter().map(cut).collect()
}

fn check_all(scores: &[Score]) {
    let mut random = Random::new(11);
    let schedules = schedules();
    let mut cases = 0;
    for (number, score) in scores.iter().enumerate() {
        let rows = [[1, 1], [2, 3], [31, 1], [40, 3]][number % 4];
        let Some(host) = host(score, [1, 3, 6][number % 3], rows, number as u64) else { continue };
        let schedule = schedules[number % schedules.len()];
        let (model, schedule) = (host.model(), Schedule { persistent: number % 2 == 1, ..schedule });
        let exam = Exam::new(rows, &mut random);
        // Few words, so that candidates are met a few at a time.
        for (shards, binding_words) in [(1, Capabilities::default().binding_words), (16, table_words(&host) / 16 + 100)]
        {
            let capabilities = Capabilities { binding_words, ..schedules_run_on() };
            check(&host, &exam, || Executor::of(sharded(ranking(model, &schedule), shards), schedule, capabilities));
        }
        cases += 1;
    }
    assert!(cases > 0, "the corpus holds cases");
}

fn table_words(host: &Engine) -> u32 {
    let planes = 0..host.model().planes.len();
    4 * planes.map(|plane| host.tables().export(plane).len() as u32).sum::<u32>()
}

#[test]
fn the_zoo() {
    check_all(&zoo());
}

#[test]
fn random_scores() {
    check_all(&some_random_scores(60));
}

#[test]
fn the_zoo_as_wgsl() {
    let Some(device) = adapter() else { return };
    let mut random = Random::new(12);
    let schedule = Schedule::default();
    for (number, score) in zoo().iter().enumerate() {
        let rows = [[31, 1], [40, 3]][number % 2];
        let Some(host) = host(score, [1, 6][number % 2], rows, number as u64) else { continue };
        let artifacts = artifacts_of(&ranking(host.model(), &schedule), schedule);
        check(&host, &Exam::new(rows, &mut random), || (device, artifacts.clone()));
    }
}

/// The same questions are answered alike by the CPU and by a device, relations among them.
#[test]
fn predictions() {
    for score in [&zoo()[0], &zoo()[9]] {
        let host = host(score, 6, [40, 3], 3).expect("it fits");
        let schedule = Schedule::default();
        let (device, artifacts) = Executor::of(ranking(host.model(), &schedule), schedule, schedules_run_on());
        let scorer = DeviceScorer::new(&host, device, artifacts).expect("it fits");
        let known = KnownTriples::new(some_triples(40, [40, 3], &mut Random::new(4)));
        let options = PredictOptions { count: 2, known: &known, new_only: true, exclude_self: true };
        let questions = [
            Question::Head { relation: 1, tail: 3 },
            Question::Tail { head: 2, relation: 2 },
            Question::Relation { head: 5, tail: 6 },
            Question::Tail { head: 9, relation: 0 },
        ];
        let scorers: [&dyn RelationScorer; 2] = [&EngineScorer::new(&host), &scorer];
        let [cpu, gpu] = scorers.map(|scorer| predict_with(scorer, &questions, &options).expect("ids in range"));
        for (cpu, gpu) in cpu.iter().flatten().zip(gpu.iter().flatten()) {
            assert_eq!((cpu.id, cpu.known, cpu.itself), (gpu.id, gpu.known, gpu.itself));
            assert!((cpu.score - gpu.score).abs() <= 1e-4 * (1.0 + cpu.score.abs()), "{cpu:?} {gpu:?}");
        }
        assert_eq!(cpu.iter().map(Vec::len).collect::<Vec<_>>(), gpu.iter().map(Vec::len).collect::<Vec<_>>());
        let outside = predict_with(&scorer, &[Question::Relation { head: 5, tail: 40 }], &options);
        assert!(outside.is_err(), "there are 40 entities");
        assert!(scorer.failure().is_none(), "{:?}", scorer.failure());
    }
}
