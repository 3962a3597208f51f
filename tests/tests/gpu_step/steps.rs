//! Whole steps, of every model under every rule, against the CPU's.

use std::collections::BTreeMap;

use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::{Plan, training};
use sptx_codegen::ir::Score;
use sptx_codegen::lir::verify;
use sptx_codegen::testing::Random;
use sptx_runtime::cpu::{Batch, Engine, EngineOptions, Interpreter};
use sptx_runtime::gpu::{GROUP, LossKind, Role, RuleKind, Schedule, Training, most_pieces, row_words};
use sptx_runtime::optimizer::{Rule, Step};
use sptx_runtime::program::{Model, Owner, Shape};
use sptx_tests::{lowered, zoo};
use sptx_train::Loss;

use super::hits::{allocate, hits_of, of_owner, sort_and_cut};
use super::losses::{losses, set};
use super::memory::{GARBAGE, Memory, bits, of_role};
use super::schedules;

const OWNERS: [Owner; 2] = [Owner::Entity, Owner::Relation];
const ROWS: [usize; 2] = [9, 3];
const POSITIVES: usize = 9;
const NEGATIVES: usize = 3;
const TRIPLES: usize = POSITIVES * (1 + NEGATIVES);

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

/// A model on the CPU and on the executor.
struct Pair {
    name: String,
    model: Model,
    sizes: Vec<usize>,
    rule: Rule,
    loss: Loss,
    cpu: Engine,
    memory: Memory,
    plans: Vec<Plan>,
}

fn rows(model: &Model, plane: usize) -> usize {
    ROWS[model.owner(plane) as usize]
}

/// How a row lies in words: lines of numbers, each padded.
fn lines(shape: Shape, sizes: &[usize]) -> (usize, usize) {
    match shape {
        Shape::Scalar => (1, 1),
        Shape::Vector(dim) => (sizes[dim], sizes[dim].next_multiple_of(4)),
        Shape::Matrix(_, across) => (sizes[across], sizes[across].next_multiple_of(4)),
    }
}

impl Pair {
    fn new(score: &Score, size: usize, schedule: Schedule, kind: RuleKind, loss: Loss) -> Self {
        let (_, model) = lowered(score);
        let symbols = model.symbols().enumerate();
        let dims: BTreeMap<String, usize> =
            symbols.map(|(i, name)| (name.to_owned(), if i == 0 { size } else { size / 2 + 1 })).collect();
        let sizes = model.bind(&dims).expect("sizes that fit every model of the zoo");
        let rule = rule(kind);
        let [entities, relations] = ROWS;
        let options = EngineOptions { threads: 1, ..EngineOptions::default() };
        let mut cpu = Engine::new(Interpreter::compile(model.clone()), &dims, entities, relations, &options)
            .expect("the sizes fit");
        let mut random = Random::new(size as u64);
        for plane in 0..model.planes.len() {
            let numbers = cpu.tables().export(plane).len();
            let numbers: Vec<f32> = (0..numbers).map(|_| random.uniform(-0.8, 0.8) as f32).collect();
            cpu.tables_mut().import(plane, &numbers);
        }
        cpu.set_optimizer(rule);
        let plans = training(&model, &schedule, Training { filtered: false, loss: loss.kind(), rule: kind });
        let name = format!("{} {kind:?} {:?} {schedule} d={sizes:?}", model.name, loss.kind());
        Self { name, model, sizes, rule, loss, cpu, memory: Memory::default(), plans }
    }

    /// Allocates planes one after another, in so many arrays, of words that hold `word`.
    /// Those of which `rows` says nothing are left out.
    fn place(&mut self, arrays: &[String], offset: &str, word: u32, rows: impl Fn(&Model, usize) -> Option<usize>) {
        let mut words = 0;
        for (plane, it) in self.model.planes.iter().enumerate() {
            let Some(rows) = rows(&self.model, plane) else { continue };
            self.memory.set_one(format!("{offset}{plane}"), words as u32);
            words += (rows * row_words(it.shape, &self.sizes)).next_multiple_of(4);
        }
        arrays.iter().for_each(|array| self.memory.put(array, vec![word; words]));
    }

    /// Puts the CPU's tables and a first state into memory.
    fn upload(&mut self) {
        self.place(&["tables".to_owned()], "plane", GARBAGE, |model, plane| Some(rows(model, plane)));
        self.place(&["state0".to_owned(), "state1".to_owned()], "plane", 0, |model, plane| Some(rows(model, plane)));
        for owner in OWNERS {
            let pieces = most_pieces(hits_of(owner, TRIPLES), ROWS[owner as usize]);
            let name = of_owner("partial", owner);
            self.place(&[name], "partial", GARBAGE, |model, plane| (model.owner(plane) == owner).then_some(pieces));
            allocate(&mut self.memory, owner, TRIPLES, ROWS[owner as usize]);
        }
        for plane in 0..self.model.planes.len() {
            let numbers = self.cpu.tables().export(plane);
            let (columns, stride) = lines(self.model.planes[plane].shape, &self.sizes);
            let offset = self.memory.words[&format!("plane{plane}")] as usize;
            let tables = self.memory.buffers.get_mut("tables").expect("tables");
            for (line, numbers) in numbers.chunks(columns).enumerate() {
                tables[offset + line * stride..][..columns].copy_from_slice(&bits(numbers));
            }
        }
        let mut sums = 0;
        for (slot, it) in self.model.slots.iter().enumerate() {
            self.memory.set_one(format!("sums{slot}"), sums as u32);
            sums += ROWS[it.owner as usize];
        }
        self.memory.put("sums", vec![0; sums]);
        for (dim, size) in self.sizes.iter().enumerate() {
            self.memory.set_one(format!("dim{dim}"), *size as u32);
        }
        for (number, parameter) in self.model.parameters.iter().enumerate() {
            self.memory.set_one(format!("parameter{number}"), (parameter.default as f32).to_bits());
        }
        let vectors = |of: &[usize]| of.iter().map(|dim| self.sizes[*dim].next_multiple_of(4)).sum::<usize>();
        let vectors = vectors(&self.model.forward.vectors).max(vectors(&self.model.backward.vectors));
        self.memory.allocate("vectors", TRIPLES * vectors);
        self.memory.allocate("scalars", TRIPLES * self.model.scalars);
        self.memory.allocate("losses", 2 * POSITIVES);
    }

    /// A plane of the device, without padding.
    fn plane(&self, plane: usize) -> Vec<f32> {
        let shape = self.model.planes[plane].shape;
        let (columns, stride) = lines(shape, &self.sizes);
        let offset = self.memory.words[&format!("plane{plane}")] as usize;
        let words = rows(&self.model, plane) * row_words(shape, &self.sizes);
        let tables = self.memory.numbers("tables");
        tables[offset..offset + words].chunks(stride).flat_map(|line| line[..columns].to_vec()).collect()
    }

    /// The same step on both.
    fn step(&mut self, number: u64, random: &mut Random) {
        let mut column = |rows| (0..TRIPLES).map(|_| random.below(rows) as u32).collect::<Vec<_>>();
        let columns = [column(ROWS[0]), column(ROWS[1]), column(ROWS[0])];
        let step = Step { learning_rate: 0.05, weight_decay: 0.02, number, penalty: None };
        let batch = Batch { heads: &columns[0], relations: &columns[1], tails: &columns[2] };
        let loss = self.loss;
        let evaluate = |scores: &[f32], upstream: &mut [f32]| {
            Ok::<_, sptx_runtime::Error>(loss.evaluate(scores, POSITIVES, upstream))
        };
        let value = self.cpu.step(batch, step, evaluate).expect("the batch is in range");

        let mut grouped: Vec<u32> = (0..TRIPLES as u32).collect();
        grouped.sort_by_key(|triple| columns[1][*triple as usize]);
        self.memory.put("grouped", grouped);
        self.memory.put("triples", columns.concat());
        for (name, number) in self.rule.coefficients(step).named() {
            self.memory.set_one(name, number.to_bits());
        }
        self.memory.set(&[("batch", TRIPLES as u32), ("first", 0), ("all", 0)]);
        set(&mut self.memory, &loss, POSITIVES, NEGATIVES);
        self.launch(Role::Forward, TRIPLES, Owner::Entity);
        self.launch(Role::Loss(loss.kind()), POSITIVES, Owner::Entity);
        let losses = self.memory.numbers("losses");
        let sum: f64 = losses.iter().step_by(2).map(|it| f64::from(*it)).sum();
        assert!((sum - value.sum).abs() <= 1e-3 * (1.0 + value.sum.abs()), "{}: {sum}, not {value:?}", self.name);
        self.launch(Role::Adjoint, TRIPLES, Owner::Entity);
        for owner in OWNERS {
            let rows = ROWS[owner as usize];
            sort_and_cut(&mut self.memory, &self.plans, owner, TRIPLES, rows);
            let hits = hits_of(owner, TRIPLES);
            let pieces = most_pieces(hits, rows);
            self.launch(Role::CountedPartial(owner), pieces, owner);
            self.launch(Role::Join(owner), pieces / GROUP, owner);
        }
        for owner in OWNERS {
            self.launch(Role::Update(owner, self.rule.kind()), ROWS[owner as usize], owner);
        }
        for slot in 0..self.model.slots.len() {
            let owner = self.model.slots[slot].owner;
            let role = Role::Constrain { slot, all: self.rule.is_dense() };
            self.launch(role, ROWS[owner as usize], owner);
        }
    }

    /// Launches a kernel, if the model has it.
    fn launch(&mut self, role: Role, count: usize, owner: Owner) {
        if let Some(plan) = self.plans.iter().find(|plan| plan.role == role) {
            assert_eq!(of_role(&self.plans, role), plan, "one kernel of each role");
            self.memory.launch(plan, count, |name| of_owner(name, owner));
        }
    }

    /// Compares the tables.
    fn compare(&self, what: &str) {
        for plane in 0..self.model.planes.len() {
            let (expected, found) = (self.cpu.tables().export(plane), self.plane(plane));
            for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
                let name = self.model.plane_name(plane);
                let near = (expected - found).abs() <= 2e-4 * (1.0 + expected.abs());
                assert!(near, "{} {what} {name}[{index}]: {found}, not {expected}", self.name);
            }
        }
    }
}

/// Steps of every model of the zoo, with every choice; schedules, rules and losses in turn, shifted by `turn`.
fn check_zoo(kind: RuleKind, turn: usize) {
    let (schedules, losses) = (schedules(), losses());
    let mut moved = 0;
    for (number, score) in zoo().iter().enumerate() {
        let schedule = schedules[(number + turn) % schedules.len()];
        let size = if number % 2 == 0 { 6 } else { 22 };
        let mut pair = Pair::new(score, size, schedule, kind, losses[(number / 2 + turn) % losses.len()]);
        pair.memory.legal = (number / 3 + turn).is_multiple_of(2);
        pair.cpu.constrain_all();
        pair.upload();
        let before = pair.plane(0);
        let mut random = Random::new(number as u64);
        for step in 1..=3 {
            pair.step(step, &mut random);
            pair.compare(&format!("step {step}"));
        }
        moved += usize::from(before != pair.plane(0));
    }
    assert!(moved > zoo().len() / 2, "steps of {moved} models did something");
}

#[test]
fn sgd() {
    check_zoo(RuleKind::Sgd, 0);
}

#[test]
fn adagrad() {
    check_zoo(RuleKind::Adagrad, 1);
}

#[test]
fn row_adagrad() {
    check_zoo(RuleKind::RowAdagrad, 2);
}

#[test]
fn adam() {
    check_zoo(RuleKind::Adam, 3);
}

#[test]
fn lazy_adam() {
    check_zoo(RuleKind::LazyAdam, 4);
}

/// Constraints, on rows that break them.
#[test]
fn constraints() {
    let mut constrained = 0;
    for (number, score) in zoo().iter().enumerate() {
        for schedule in schedules() {
            let loss = losses()[0];
            let mut pair = Pair::new(score, 6 + 4 * (number % 3), schedule, RuleKind::Adam, loss);
            pair.upload();
            pair.cpu.constrain_all();
            for slot in 0..pair.model.slots.len() {
                let owner = pair.model.slots[slot].owner;
                pair.launch(Role::Constrain { slot, all: true }, ROWS[owner as usize], owner);
            }
            constrained += pair.plans.iter().filter(|it| matches!(it.role, Role::Constrain { .. })).count();
            pair.compare("constrained");
        }
    }
    assert!(constrained > 0, "some slots are constrained");
}

/// The verifier takes every kernel of every model, and naga its text.
#[test]
fn kernels_are_valid() {
    for (number, score) in zoo().iter().enumerate() {
        let (_, model) = lowered(score);
        for (turn, schedule) in schedules().iter().enumerate() {
            for (rule, loss) in RuleKind::ALL.into_iter().zip(LossKind::ALL.into_iter().cycle()) {
                for plan in training(&model, schedule, Training { filtered: turn % 2 == 0, loss, rule }) {
                    let verified = verify(&plan.kernel);
                    assert!(verified.is_ok(), "{}: {:?}", plan.kernel.name, verified.err());
                    if number % schedules().len() == turn {
                        // Panics where naga refuses it.
                        assert!(wgsl::module(&plan.kernel, &wgsl::Options::default()).contains("@compute"));
                    }
                }
            }
        }
    }
}
