//! The kernels of GPUs agree with the f64 interpreter on the corpus, under many schedules, and have neither races nor
//! accesses out of bounds: run by the definition of their IR.

use std::collections::BTreeMap;

use sptx_codegen::ir::{DimSize, Score};
use sptx_runtime::gpu::{Capabilities, Schedule};
use sptx_tests::{Case, Executor, papers, some_random_scores, zoo};

const TOLERANCE: f64 = 1e-4;

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    let size_of = |position: usize| if position == 0 { size } else { size.div_ceil(2) + 1 };
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size_of(position))).collect()
}

/// Capabilities with subgroups of one size.
fn capabilities() -> Capabilities {
    Capabilities { subgroups: Some((8, 8)), ..Capabilities::default() }
}

fn schedules() -> Vec<Schedule> {
    let schedule = |workgroup, lanes, vector, unroll, tile, subgroups| {
        let schedule = Schedule { workgroup, lanes, vector, unroll, subgroups, tile };
        schedule.legal(&capabilities()).unwrap_or_else(|why| panic!("{schedule}: {why}"));
        schedule
    };
    vec![
        schedule(64, 8, 4, 1, 2, false),
        schedule(64, 8, 4, 1, 1, true),
        schedule(32, 1, 4, 1, 4, false),
        schedule(32, 32, 1, 1, 1, false),
        schedule(64, 16, 2, 2, 3, false),
        schedule(96, 4, 4, 3, 2, false),
        schedule(8, 2, 1, 4, 1, true),
        schedule(128, 64, 4, 2, 2, false),
        schedule(1, 1, 1, 1, 5, false),
    ]
}

fn check(scores: &[Score], sizes: &[usize], schedules: impl Fn(usize) -> Vec<Schedule>) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 7 + size) % 23;
            let Some(case) = Case::new(score, dims(score, *size), triples, number as u64) else { continue };
            for schedule in schedules(cases) {
                let (device, artifacts) = Executor::new(&case.model, schedule, capabilities());
                let mut engine = case.gpu_engine(device, artifacts);
                let mut found = case.check_gpu(&mut engine, TOLERANCE);
                found.extend(case.check_gpu_blocks(&mut engine, TOLERANCE));
                wrong.extend(found.into_iter().map(|it| format!("{schedule}: {it:?}")));
            }
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds cases");
    let shown = &wrong[..wrong.len().min(8)];
    assert!(wrong.is_empty(), "{} numbers of {cases} cases differ, first {shown:#?}", wrong.len());
}

/// One schedule after another, so that every one meets every kind of case.
fn one_of(number: usize) -> Vec<Schedule> {
    let schedules = schedules();
    vec![schedules[number % schedules.len()]]
}

#[test]
fn the_zoo_under_every_schedule() {
    check(&zoo(), &[1, 2, 7], |_| schedules());
}

#[test]
fn the_zoo_at_larger_sizes() {
    check(&zoo(), &[64, 100, 257], one_of);
}

#[test]
fn papers_models() {
    check(&papers(), &[2, 4, 66], one_of);
}

#[test]
fn random_scores() {
    check(&some_random_scores(300), &[1, 3, 18], one_of);
}
