//! The corpus, case by case, through an engine on a GPU's device.

use std::collections::BTreeMap;

use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::ir::{DimSize, Score, Side};
use sptx_runtime::gpu::{Artifact, Device, Engine, PIECE, Schedule};
use sptx_runtime::program::Model;

use crate::{Case, Disagreement, RESIDENT_THREADS, schedules};

/// Rounds of a thread's loops, those of the inner ones added up, after which Mesa's software driver ends them: a matrix
/// that few threads share takes more.
const LONGEST_LOOP: usize = 65_535;

/// How far results of kernels may be from the interpreter's, relative to what rounding the tables would do.
pub const TOLERANCE: f64 = 1e-4;

/// The same of kernels in WGSL, which leaves some things to a device: functions that are exact to some 2^-11 of 1 there, and
/// divisions to 2.5 units in the last place.
pub const TOLERANCE_OF_WGSL: f64 = 1e-3;

/// Elements of a matrix from which on cases have few triples, for the sake of [`has_rounds_for`].
const LARGE_MATRIX: usize = 4096;

/// Where the kernels of a case under a schedule differ from the interpreter.
pub type Lane = fn(&Case, Schedule) -> Vec<Disagreement>;

/// The kernels of triples and of blocks, forward and backward.
pub fn kernels(model: &Model, schedule: Schedule) -> Vec<Plan> {
    let mut plans = gpu::plan(model, &schedule);
    plans.extend(gpu::block_gradients(model, &schedule));
    plans
}

/// Kernels as WGSL.
pub fn artifacts_of(plans: &[Plan], schedule: Schedule) -> Vec<Artifact> {
    wgsl::artifacts(plans, schedule, &wgsl::Options::default())
}

/// Where scores, gradients and blocks of a case on a device differ from the interpreter's.
///
/// # Panics
/// When the device fails.
pub fn disagreements<D: Device>(case: &Case, device: D, artifacts: Vec<Artifact>, tolerance: f64) -> Vec<Disagreement> {
    let mut engine = case.gpu_engine(device, artifacts);
    let mut found = case.check_gpu(&mut engine, tolerance);
    found.extend(case.check_gpu_blocks(&mut engine, tolerance));
    found
}

/// Whether every driver gives a case's kernels as many rounds of their loops as they take under a schedule: a thread goes
/// over its share of a matrix, and in a gradient once for each hit of a piece; all of that for each of its workgroup's rounds.
pub fn has_rounds_for(case: &Case, schedule: Schedule) -> bool {
    let share = case.largest_matrix().div_ceil(schedule.lanes as usize * usize::from(schedule.vector));
    let at_once = (schedule.workgroup.max(RESIDENT_THREADS) / schedule.lanes) as usize;
    let rounds = if schedule.persistent { (2 * case.triples()).div_ceil(at_once) } else { 1 };
    rounds * share * (1 + PIECE.min(2 * case.triples())) <= LONGEST_LOOP
}

/// Says that a test could not run for want of `what`.
///
/// # Panics
/// When `SPTX_REQUIRE` lists it.
pub fn skip(what: &str, why: &str) {
    let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == what), "SPTX_REQUIRE lists `{what}`: {why}");
    println!("SKIPPED ({what}): {why}");
}

/// The bits of scores and gradients of a case, of its triples and of blocks.
///
/// # Panics
/// When the device fails.
pub fn bits<D: Device>(case: &Case, engine: &mut Engine<D>) -> Vec<u32> {
    let (scores, gradients) = case.run_gpu(engine);
    let (of_pairs, of_blocks) = case.run_gpu_blocks(engine, Side::Tail, &case.upstream_of_pairs());
    let gradients = gradients.into_iter().chain(of_blocks.unwrap_or_default()).flatten();
    scores.into_iter().chain(of_pairs).chain(gradients).map(f32::to_bits).collect()
}

/// Asserts that scores and gradients of a case, of its triples and of blocks, have the same bits in `runs` runs, the last
/// of them by a new engine.
///
/// # Panics
/// When they have not, or the device fails.
pub fn assert_repeats<D: Device>(case: &Case, device: &D, artifacts: &[Artifact], runs: usize) {
    let engine = || case.gpu_engine(device, artifacts.to_vec());
    let mut first = engine();
    let expected = bits(case, &mut first);
    for run in 2..=runs {
        let found = if run == runs { bits(case, &mut engine()) } else { bits(case, &mut first) };
        assert_eq!(found, expected, "{}: run {run} has the bits of the first", case.name);
    }
}

/// Asserts that a lane agrees with the interpreter on scores at sizes of their first dimension, each case under the
/// schedules that its number is given.
///
/// # Panics
/// When it does not, or there is no case.
pub fn check(lane: Lane, scores: &[Score], sizes: &[usize], schedules: impl Fn(usize) -> Vec<Schedule>) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 7 + size) % 23;
            let case = |triples| Case::new(score, dims(score, *size), triples, number as u64);
            let Some(mut drawn) = case(triples) else { continue };
            if drawn.largest_matrix() > LARGE_MATRIX {
                drawn = case(triples.min(3)).expect("fewer triples fit as well");
            }
            let case = drawn;
            for schedule in schedules(cases) {
                let found = lane(&case, schedule);
                wrong.extend(found.into_iter().map(|it| format!("{schedule}: {it:?}")));
            }
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds cases");
    let mut shown = wrong.clone();
    shown.dedup_by_key(|line: &mut String| line.split(" triples=").next().map(str::to_owned));
    shown.truncate(8);
    assert!(wrong.is_empty(), "{} numbers of {cases} cases differ, such as {shown:#?}", wrong.len());
}

/// Sizes of a score's dimensions, of which the first has this one and the others smaller ones.
pub fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    let size_of = |position: usize| if position == 0 { size } else { size.div_ceil(2) + 1 };
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size_of(position))).collect()
}

/// One schedule after another, so that every one meets every kind of case.
pub fn one_of(number: usize) -> Vec<Schedule> {
    let schedules = schedules();
    vec![schedules[number % schedules.len()]]
}
