//! Rows of few hits, of many and of very many, none at all, one relation and one entity: gradients against the f64
//! interpreter, steps by every rule against the CPU's, and the same bits in every run.

use std::collections::BTreeMap;

use sptx_codegen::emit::ptx;
use sptx_codegen::gpu::{saves, training};
use sptx_codegen::ir::Score;
use sptx_runtime::cpu::{Batch, Engine, Interpreter};
use sptx_runtime::gpu::{
    Artifact, BatchPlace, Device, Learner, LearnerSetup, LossKind, NegativesSetup, Role, RuleKind, Saved, Schedule,
    Training,
};
use sptx_runtime::optimizer::{Rule, Step};
use sptx_runtime::program::Model;
use sptx_tests::{
    Case, Executor, PtxMachine, TOLERANCE, TOLERANCE_OF_WGSL, adapter, artifacts_of, dims, kernels, schedules,
    schedules_run_on, zoo,
};

/// Heads, relations and tails, and how many rows tables have.
struct Hits {
    columns: [Vec<u32>; 3],
    rows: [usize; 2],
}

/// As many times each number as a list says.
fn runs(lengths: &[usize]) -> Vec<u32> {
    lengths.iter().zip(0..).flat_map(|(length, row)| vec![row; *length]).collect()
}

/// Rows of 1, 31, 32, 33 and 64 hits, rows of one piece and of a few, and rows without a hit.
fn of_every_length() -> Hits {
    let heads = runs(&[1, 31, 32, 33, 64]);
    let count = heads.len() as u32;
    let columns = [heads, runs(&[33, 1, 64, 31, 32]), (0..count).map(|tail| 9 + tail).collect()];
    Hits { columns, rows: [9 + count as usize + 4, 7] }
}

/// So many triples of one relation, among some entities of which the first are heads more often.
fn of_one_relation(triples: usize, entities: u32) -> Hits {
    let numbers = 0..triples as u32;
    let head = |number: u32| (number * number + number / 7) % entities % (1 + number % 11);
    let columns = [numbers.clone().map(head).collect(), vec![0; triples], numbers.map(|it| it % entities).collect()];
    Hits { columns, rows: [entities as usize, 1] }
}

/// One entity that is every head and every tail.
fn of_one_entity(triples: usize) -> Hits {
    let relations = (0..triples as u32).map(|number| number % 40).collect();
    Hits { columns: [vec![0; triples], relations, vec![0; triples]], rows: [1, 40] }
}

/// A case of a model of the zoo on these hits.
fn case(score: &Score, size: usize, hits: &Hits) -> Case {
    let columns = hits.columns.each_ref().map(Vec::as_slice);
    Case::with_batch(score, dims(score, size), hits.rows, columns, 5).expect("sizes that fit every model of the zoo")
}

/// The models of these names, with every choice.
fn models(names: &[&str]) -> Vec<Score> {
    let scores: Vec<Score> = zoo().into_iter().filter(|score| names.contains(&score.name.as_str())).collect();
    assert!(scores.len() >= names.len(), "the zoo has each of {names:?}");
    scores
}

/// Holds the gradients of cases, under one schedule after another, against the interpreter, and runs against one another.
fn check_gradients<D: Device>(
    cases: &[Case],
    tolerance: f64,
    device: impl Fn(&Case, Schedule) -> Option<(D, Vec<Artifact>)>,
) {
    let mut ran = 0;
    for (number, case) in cases.iter().enumerate() {
        let schedule = schedules()[number % schedules().len()];
        let Some((device, artifacts)) = device(case, schedule) else { continue };
        let mut engine = case.gpu_engine(device, artifacts);
        let found = case.check_gpu(&mut engine, tolerance);
        assert!(found.is_empty(), "{schedule}: {:?}", found.first());
        let mut bits = || case.run_gpu(&mut engine).1.concat().into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert!(bits() == bits(), "{} {schedule}: other bits in another run", case.name);
        ran += 1;
    }
    assert!(ran > 0, "some schedules are legal");
}

fn gradient_cases() -> Vec<Case> {
    let of_each_kind = models(&["TransE", "DistMult", "TransR", "MuRE", "TransH"]);
    let of_one = models(&["TransE", "DistMult", "RESCAL"]);
    let mut cases: Vec<Case> = of_each_kind.iter().map(|score| case(score, 5, &of_every_length())).collect();
    cases.extend(of_one.iter().map(|score| case(score, 3, &of_one_relation(1000, 40))));
    cases.extend(of_one.iter().map(|score| case(score, 3, &of_one_entity(700))));
    cases.push(case(&of_one[0], 2, &of_one_relation(5000, 40)));
    cases
}

#[test]
fn gradients_by_definition() {
    check_gradients(&gradient_cases(), TOLERANCE, |case, schedule| {
        Some(Executor::new(&case.model, schedule, schedules_run_on()))
    });
}

#[test]
fn gradients_as_ptx() {
    check_gradients(&gradient_cases(), TOLERANCE, |case, schedule| {
        let device = PtxMachine::default();
        let legal = schedule.legal(&device.capabilities()).is_ok();
        legal.then(|| (device, ptx::artifacts(&kernels(&case.model, schedule), schedule, ptx::Arch::Sm75)))
    });
}

#[test]
fn gradients_on_an_adapter() {
    let Some(device) = adapter() else { return };
    check_gradients(&gradient_cases(), TOLERANCE_OF_WGSL, |case, schedule| {
        let legal = schedule.legal(&device.capabilities()).is_ok();
        legal.then(|| (device, artifacts_of(&kernels(&case.model, schedule), schedule)))
    });
}

/// A large ε, so that what is 0 but for rounding stays small.
fn rule(kind: RuleKind) -> Rule {
    let epsilon = 0.05;
    match kind {
        RuleKind::Sgd => Rule::Sgd,
        RuleKind::Adagrad => Rule::Adagrad { epsilon },
        RuleKind::RowAdagrad => Rule::RowAdagrad { epsilon },
        RuleKind::Adam => Rule::Adam { beta1: 0.8, beta2: 0.9, epsilon },
        RuleKind::LazyAdam => Rule::LazyAdam { beta1: 0.8, beta2: 0.9, epsilon },
    }
}

const STEPS: u64 = 3;
const MARGIN: f32 = 0.5;

fn step(number: u64) -> Step<'static> {
    Step { learning_rate: 0.05, weight_decay: 0.02, number, penalty: None }
}

/// Steps on the triples of a case, all of them positives of one batch without negatives.
struct Steps<'a> {
    case: &'a Case,
    columns: &'a [Vec<u32>; 3],
    rule: Rule,
}

impl Steps<'_> {
    fn new_host(&self) -> Engine {
        let mut host = self.case.engine(Interpreter::compile(self.case.model.clone()), 1);
        host.set_optimizer(self.rule);
        host.constrain_all();
        host
    }

    fn scale(&self) -> f32 {
        1.0 / self.columns[0].len() as f32
    }

    fn columns(&self) -> [&[u32]; 3] {
        self.columns.each_ref().map(Vec::as_slice)
    }

    /// By the CPU.
    fn on_host(&self) -> BTreeMap<String, Vec<f32>> {
        let mut host = self.new_host();
        let [heads, relations, tails] = self.columns();
        for number in 1..=STEPS {
            let logistic = |scores: &[f32], upstream: &mut [f32]| {
                let slopes = scores.iter().map(|score| -self.scale() / (1.0 + (MARGIN + score).exp()));
                upstream.iter_mut().zip(slopes).for_each(|(upstream, slope)| *upstream = slope);
                Ok::<_, sptx_runtime::Error>(())
            };
            host.step(Batch { heads, relations, tails }, step(number), logistic).expect("the batch is in range");
        }
        numbers(&host)
    }

    /// By a device.
    fn on_device<D: Device>(&self, device: D, artifacts: Vec<Artifact>) -> BTreeMap<String, Vec<f32>> {
        let mut host = self.new_host();
        let [relations, count] = [self.case.counts()[1], self.columns[0].len()];
        let setup = LearnerSetup {
            artifacts,
            facts: self.columns(),
            negatives: NegativesSetup { seed: 1, each: 0, thresholds: &vec![1 << 31; relations], filter: None },
            sharing: None,
            loss: &[("margin", MARGIN)],
            rule: self.rule,
            batch: count,
        };
        let mut learner = Learner::like(&host, device, setup).unwrap_or_else(|error| panic!("{error}"));
        learner.begin_epoch(&(0..count as u32).collect::<Vec<_>>()).expect("an epoch");
        for number in 1..=STEPS {
            let place = BatchPlace { epoch: 1, number: 0, first: 0, positives: count, scale: self.scale() };
            learner.step(place, step(number)).unwrap_or_else(|error| panic!("{error}"));
        }
        learner.download(&mut host).expect("tables and state");
        numbers(&host)
    }
}

/// The tables and what the optimizer keeps, by name.
fn numbers(host: &Engine) -> BTreeMap<String, Vec<f32>> {
    let model = host.model();
    let planes = (0..model.planes.len()).map(|plane| (model.plane_name(plane), host.tables().export(plane)));
    let state = host.optimizer_state().into_iter().map(|column| (column.name.clone(), column.values().into_owned()));
    planes.chain(state).collect()
}

/// The kernels of a step save what they can: signs where the gradient is made of them.
fn saving(model: &Model, schedule: Schedule, number: usize) -> Schedule {
    let saved = [Saved::Signs, Saved::F32, Saved::Nothing, Saved::SignBits][number % 4];
    let schedule = Schedule { saved, ..schedule };
    if saves(model, &schedule).is_ok() { schedule } else { Schedule { saved: Saved::F32, ..schedule } }
}

/// Holds steps by every rule, under one schedule after another, against the CPU's, and two runs against one another.
fn check_steps<D: Device>(
    names: &[&str],
    hits: &Hits,
    device: impl Fn(&Model, Schedule, Training) -> Option<(D, Vec<Artifact>)>,
) {
    let (mut ran, mut fused) = (0, 0);
    for (number, score) in models(names).iter().enumerate() {
        let case = case(score, 5 + 4 * (number % 2), hits);
        for (turn, kind) in RuleKind::ALL.into_iter().enumerate() {
            let steps = Steps { case: &case, columns: &hits.columns, rule: rule(kind) };
            let schedule = schedules()[(number + 2 * turn) % schedules().len()];
            let schedule = saving(&case.model, schedule, number + turn);
            let training = Training { filtered: false, loss: LossKind::Logistic, rule: kind };
            let mut run = || {
                let (device, artifacts) = device(&case.model, schedule, training)?;
                let mut updates = artifacts.iter().filter(|artifact| matches!(artifact.role, Role::Update(..)));
                fused += usize::from(updates.any(|update| update.buffers.iter().any(|it| it.name == "hits")));
                Some(steps.on_device(device, artifacts))
            };
            let (Some(found), Some(again)) = (run(), run()) else { continue };
            let what = format!("{} {kind:?} {schedule}", case.name);
            let bits = |numbers: &BTreeMap<String, Vec<f32>>| -> Vec<u32> {
                numbers.values().flatten().map(|it| it.to_bits()).collect()
            };
            assert!(bits(&found) == bits(&again), "{what}: other bits in another run");
            let expected = steps.on_host();
            assert!(expected.keys().eq(found.keys()), "{what}");
            for ((name, expected), found) in expected.iter().zip(found.values()) {
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    let near = (expected - found).abs() <= 2e-4 * (1.0 + expected.abs());
                    assert!(near, "{what} {name}[{index}]: {found}, not {expected}");
                }
            }
            ran += 1;
        }
    }
    assert!(ran > 0, "some schedules are legal");
    assert!(fused > 0, "some updates of {names:?} add up hits themselves");
}

fn executor(model: &Model, schedule: Schedule, kinds: Training) -> Option<(Executor, Vec<Artifact>)> {
    Some(Executor::of(training(model, &schedule, kinds), schedule, schedules_run_on()))
}

#[test]
fn steps_by_definition() {
    check_steps(&["TransE", "DistMult", "TransR", "MuRE", "TransH", "TorusE"], &of_every_length(), executor);
    check_steps(&["TransE", "RESCAL"], &of_one_relation(1000, 40), executor);
    check_steps(&["TransE", "DistMult"], &of_one_entity(700), executor);
}

#[test]
fn steps_on_a_row_of_five_thousand_hits() {
    check_steps(&["TransM"], &of_one_relation(5000, 40), executor);
}

#[test]
fn steps_as_ptx() {
    let machine = |model: &Model, schedule: Schedule, kinds| {
        let device = PtxMachine::default();
        let legal = schedule.legal(&device.capabilities()).is_ok();
        legal.then(|| (device, ptx::artifacts(&training(model, &schedule, kinds), schedule, ptx::Arch::Sm90)))
    };
    check_steps(&["TransE", "MuRE"], &of_every_length(), machine);
    check_steps(&["TransM"], &of_one_relation(1200, 40), machine);
}

#[test]
fn steps_on_an_adapter() {
    let Some(device) = adapter() else { return };
    let adapter = |model: &Model, schedule: Schedule, kinds| {
        let legal = schedule.legal(&device.capabilities()).is_ok();
        legal.then(|| (device, artifacts_of(&training(model, &schedule, kinds), schedule)))
    };
    check_steps(&["TransE"], &of_every_length(), adapter);
    check_steps(&["TransM"], &of_one_relation(1200, 40), adapter);
}
