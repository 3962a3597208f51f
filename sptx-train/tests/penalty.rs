//! Penalties on rows, held against central differences of their formula.

mod common;

use std::collections::BTreeMap;

use common::runs::model;
use sptx_runtime::cpu::{Batch, Block, BlockLoss, Candidates, Engine, EngineOptions, Queries};
use sptx_runtime::optimizer::{Occurrences, Penalty, Rule, Step};
use sptx_runtime::program::{Owner, Side};
use sptx_train::{Dataset, InitialConfig, initialize};

const ENTITIES: usize = 7;
const RELATIONS: usize = 3;
const DIM: usize = 6;
const RATE: f64 = 0.125;

/// Triples over some entities and relations, entity 6 and relation 2 left out.
const BATCH: Batch<'static> = Batch { heads: &[0, 1, 1, 5], relations: &[0, 1, 0, 0], tails: &[1, 2, 3, 4] };

/// Rows that count: entity 1 three times, entity 0 once, the others not at all; relation 0 twice.
const OCCURRENCES: Occurrences<'static> = Occurrences { entities: &[1, 0, 1, 1], relations: &[0, 0] };

fn engine(name: &str) -> Engine {
    let names = |prefix: &str, count: usize| (0..count).map(|id| format!("{prefix}{id}")).collect::<Vec<_>>();
    let (entities, relations) = (names("e", ENTITIES), names("r", RELATIONS));
    let vocabulary = |names: &[String]| names.iter().map(String::as_str).collect();
    let dataset = Dataset::new("made up", vocabulary(&entities), vocabulary(&relations), Default::default());
    let compiled = model(name);
    let sizes: BTreeMap<String, usize> = compiled.model.symbols().map(|name| (name.to_owned(), DIM)).collect();
    let mut engine = Engine::new(compiled, &sizes, ENTITIES, RELATIONS, &EngineOptions::default()).expect("an engine");
    initialize(&mut engine, &dataset.expect("a dataset"), &InitialConfig::default(), 5);
    engine.set_optimizer(Rule::Sgd);
    engine
}

fn tables(engine: &Engine) -> Vec<Vec<f32>> {
    (0..engine.model().planes.len()).map(|plane| engine.tables().export(plane)).collect()
}

/// How often a row counts.
fn weight(penalty: Penalty<'_>, owner: Owner, row: usize) -> f64 {
    let [listed, touched] = match owner {
        Owner::Entity => [penalty.occurrences.map(|it| it.entities), Some(&[0, 1, 2, 3, 4, 5][..])],
        Owner::Relation => [penalty.occurrences.map(|it| it.relations), Some(&[0, 1][..])],
    };
    listed.or(touched).unwrap_or_default().iter().filter(|id| **id as usize == row).count() as f64
}

/// The derivative of the penalty by an element, from its formula: `parts` are those of the one number it belongs to.
fn derivative(penalty: Penalty<'_>, strength: f64, parts: &[f64], of: usize) -> f64 {
    const STEP: f64 = 1e-6;
    let value = |by: f64| {
        let part = |(index, x): (usize, &f64)| if index == of { x + by } else { *x };
        let square: f64 = parts.iter().enumerate().map(part).map(|x| x * x).sum();
        strength * square.sqrt().powf(penalty.power)
    };
    (value(STEP) - value(-STEP)) / (2.0 * STEP)
}

/// The planes that hold the parts of the numbers that a plane is part of.
fn parts(engine: &Engine, plane: usize) -> Vec<usize> {
    let model = engine.model();
    let is_complex = |plane: usize| matches!(model.planes[plane].part.as_str(), "re" | "im");
    if is_complex(plane) { model.planes_of(model.planes[plane].slot).collect() } else { vec![plane] }
}

/// Checks that a step whose loss is 0 takes every free table along the penalty's gradient. Says how many elements moved.
fn check(name: &str, penalty: Penalty<'_>, step: impl FnOnce(&mut Engine, Step<'_>)) -> usize {
    let mut engine = engine(name);
    let before = tables(&engine);
    step(&mut engine, Step { learning_rate: RATE, weight_decay: 0.0, number: 1, penalty: Some(penalty) });
    let mut moved = 0;
    for (plane, after) in tables(&engine).iter().enumerate() {
        let slot = &engine.model().slots[engine.model().planes[plane].slot];
        if !slot.constraints.is_empty() {
            continue;
        }
        let strength = match engine.model().owner(plane) {
            Owner::Entity => penalty.entity,
            Owner::Relation => penalty.relation,
        };
        let strength = if slot.phase { 0.0 } else { strength };
        let group = parts(&engine, plane);
        let len = engine.tables().planes()[plane].layout.row_len();
        for (index, after) in after.iter().enumerate() {
            let weight = weight(penalty, engine.model().owner(plane), index / len);
            let values: Vec<f64> = group.iter().map(|part| f64::from(before[*part][index])).collect();
            let of = group.iter().position(|part| *part == plane).expect("a plane is in its group");
            let expected = values[of] - RATE * derivative(penalty, strength * weight, &values, of);
            let place = format!("{name}, {}, {index}", engine.model().plane_name(plane));
            // An angle that did not move may have been brought back into its range.
            let turns = if slot.phase { ((expected - f64::from(*after)) / std::f64::consts::TAU).round() } else { 0.0 };
            let off = expected - f64::from(*after) - turns * std::f64::consts::TAU;
            assert!(off.abs() < 2e-6 * (1.0 + expected.abs()), "{place}: {after}, not {expected}");
            moved += usize::from(before[plane][index] != *after);
        }
    }
    moved
}

fn penalties() -> Vec<Penalty<'static>> {
    let mut penalties = Vec::new();
    for power in [1.0, 2.0, 2.5, 3.0] {
        for occurrences in [None, Some(OCCURRENCES)] {
            penalties.push(Penalty { power, entity: 0.2, relation: 0.05, occurrences });
        }
    }
    penalties
}

fn zero_triples(engine: &mut Engine, step: Step<'_>) {
    engine.step(BATCH, step, |_, _| Ok::<_, sptx_runtime::Error>(())).expect("a step");
}

struct NoLoss;

impl BlockLoss for NoLoss {
    fn row(&self, _: usize, _: usize, answer: &mut f32, scores: &mut [f32]) -> f64 {
        *answer = 0.0;
        scores.fill(0.0);
        0.0
    }
}

fn zero_blocks(engine: &mut Engine, step: Step<'_>) {
    let queries = |missing, entities, relations| Queries { missing, entities, relations };
    let blocks = [
        Block {
            queries: queries(Side::Tail, &[0, 1], &[0, 1]),
            candidates: Candidates::List(&[3, 4, 3]),
            answers: Some(&[1, 2]),
        },
        Block { queries: queries(Side::Head, &[5], &[0]), candidates: Candidates::Range(3..5), answers: None },
    ];
    engine.step_blocks(&blocks, step, None, &NoLoss).expect("a step");
}

#[test]
fn rows_move_along_the_gradient_of_the_penalty() {
    // Real vectors, complex ones beside phases, matrices, scalars, several parts.
    for name in ["distmult", "complex", "rotate", "rescal", "mure", "quate"] {
        for penalty in penalties() {
            assert!(check(name, penalty, zero_triples) > DIM, "{name}");
            assert!(check(name, penalty, zero_blocks) > DIM, "{name}");
        }
    }
}

#[test]
fn an_owner_without_a_penalty_stays() {
    let penalty = Penalty { power: 3.0, entity: 0.0, relation: 0.5, occurrences: None };
    assert_eq!(check("distmult", penalty, zero_triples), 2 * DIM);
}

#[test]
fn a_penalty_joins_the_gradient_of_the_loss() {
    let upstream = [1.0, -2.0, 0.0, 0.5];
    let penalty = Penalty { power: 3.0, entity: 0.2, relation: 0.0, occurrences: Some(OCCURRENCES) };
    let step = |penalty| Step { learning_rate: RATE, weight_decay: 0.0, number: 1, penalty };
    let change = |penalty, upstream: [f32; 4]| {
        let mut engine = engine("complex");
        let before = tables(&engine);
        let loss = |_: &[f32], up: &mut [f32]| {
            up.copy_from_slice(&upstream);
            Ok::<_, sptx_runtime::Error>(())
        };
        engine.step(BATCH, step(penalty), loss).expect("a step");
        let change = |(after, before): (&Vec<f32>, &Vec<f32>)| {
            after.iter().zip(before).map(|(after, before)| after - before).collect::<Vec<f32>>()
        };
        tables(&engine).iter().zip(&before).map(change).collect::<Vec<_>>()
    };
    let (both, loss, alone) =
        (change(Some(penalty), upstream), change(None, upstream), change(Some(penalty), [0.0; 4]));
    for (plane, both) in both.iter().enumerate() {
        for (index, both) in both.iter().enumerate() {
            assert!((both - loss[plane][index] - alone[plane][index]).abs() < 1e-6, "plane {plane}, {index}");
        }
    }
}
