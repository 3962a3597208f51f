//! The kernels of GPUs agree with the f64 interpreter on the corpus, under many schedules: run by the definition of their
//! IR, which finds races and accesses out of bounds, and as WGSL by the first adapter that Vulkan, Metal or DX12 has.

use std::collections::BTreeMap;

use sptx_codegen::emit::{ptx, wgsl};
use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::ir::{DimSize, Score, Side};
use sptx_codegen::legalize::{Target as Lacks, legalize};
use sptx_runtime::gpu::{Backward, Device, Schedule};
use sptx_tests::{
    Case, Disagreement, Executor, PtxMachine, adapter, papers, schedules, schedules_run_on, some_random_scores,
    strategies, zoo,
};

const TOLERANCE: f64 = 1e-4;

/// What WGSL leaves to a device: functions that are exact to some 2^-11 of 1 there, and divisions to 2.5 units in the last
/// place.
const TOLERANCE_OF_WGSL: f64 = 1e-3;

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    let size_of = |position: usize| if position == 0 { size } else { size.div_ceil(2) + 1 };
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size_of(position))).collect()
}

/// Rounds of a thread's loops, those of the inner ones added up, after which Mesa's software driver ends them: a matrix
/// that few threads share takes more.
const LONGEST_LOOP: usize = 65_535;

/// Where the kernels of a case under a schedule differ from the interpreter.
type Target = fn(&Case, Schedule) -> Vec<Disagreement>;

fn by_definition(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
    let mut engine = case.gpu_engine(device, artifacts);
    let mut found = case.check_gpu(&mut engine, TOLERANCE);
    found.extend(case.check_gpu_blocks(&mut engine, TOLERANCE));
    found
}

/// The gradients alone, by the kernels of a strategy.
fn by_strategy(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
    case.check_gpu(&mut case.gpu_engine(device, artifacts), TOLERANCE)
}

/// As PTX, by a machine that runs it.
fn as_ptx(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let device = PtxMachine::default();
    if schedule.legal(&device.capabilities()).is_err() {
        return Vec::new();
    }
    let mut plans = gpu::plan(&case.model, &schedule);
    plans.extend(gpu::block_gradients(&case.model, &schedule));
    let mut engine = case.gpu_engine(device, ptx::artifacts(&plans, schedule));
    let mut found = case.check_gpu(&mut engine, TOLERANCE);
    found.extend(case.check_gpu_blocks(&mut engine, TOLERANCE));
    found
}

fn as_wgsl(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let Some(device) = adapter() else { return Vec::new() };
    if schedule.legal(&device.capabilities()).is_err() || case.largest_matrix() > LONGEST_LOOP * schedule.lanes as usize
    {
        return Vec::new();
    }
    let mut artifacts = wgsl::artifacts(&case.model, &schedule);
    let learned = gpu::block_gradients(&case.model, &schedule).into_iter();
    artifacts.extend(learned.map(|plan| wgsl::artifact(plan.role, schedule, &plan.kernel, plan.rows)));
    let mut engine = case.gpu_engine(device, artifacts);
    let mut found = case.check_gpu(&mut engine, TOLERANCE_OF_WGSL);
    found.extend(case.check_gpu_blocks(&mut engine, TOLERANCE_OF_WGSL));
    let [first, second] = [0, 1].map(|_| case.run_gpu(&mut engine));
    let bits = |(scores, gradients): (Vec<f32>, Vec<Vec<f32>>)| {
        scores.into_iter().chain(gradients.into_iter().flatten()).map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(first), bits(second), "{}: the same bits from run to run", case.name);
    let [first, second] = [0, 1].map(|_| case.run_gpu_blocks(&mut engine, Side::Tail, &case.upstream_of_pairs()));
    let bits = |(scores, gradients): (Vec<f32>, Option<Vec<Vec<f32>>>)| bits((scores, gradients.unwrap_or_default()));
    assert_eq!(bits(first), bits(second), "{}: the same bits of blocks from run to run", case.name);
    found
}

/// The same as WGSL: with numbers added by the adapter's own instruction, where it has one, and without.
fn by_strategy_as_wgsl(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let Some(device) = adapter() else { return Vec::new() };
    let capabilities = device.capabilities();
    if schedule.legal(&capabilities).is_err() || case.largest_matrix() > LONGEST_LOOP * schedule.lanes as usize {
        return Vec::new();
    }
    let check = |float_atomics| {
        let options = wgsl::Options { float_atomics, ..wgsl::Options::default() };
        let artifacts = wgsl::artifacts_for(&case.model, &schedule, &options);
        case.check_gpu(&mut case.gpu_engine(device, artifacts), TOLERANCE_OF_WGSL)
    };
    let native = capabilities.float_atomics && schedule.backward == Backward::Atomic;
    [false, true].into_iter().take(1 + usize::from(native)).flat_map(check).collect()
}

fn check(target: Target, scores: &[Score], sizes: &[usize], schedules: impl Fn(usize) -> Vec<Schedule>) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 7 + size) % 23;
            let Some(case) = Case::new(score, dims(score, *size), triples, number as u64) else { continue };
            for schedule in schedules(cases) {
                let found = target(&case, schedule);
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

/// One schedule after another, so that every one meets every kind of case.
fn one_of(number: usize) -> Vec<Schedule> {
    let schedules = schedules();
    vec![schedules[number % schedules.len()]]
}

#[test]
fn the_zoo_under_every_schedule() {
    check(by_definition, &zoo(), &[1, 2, 7], |_| schedules());
}

/// One strategy after another.
fn one_strategy(number: usize) -> Vec<Schedule> {
    let strategies = strategies();
    vec![strategies[number % strategies.len()]]
}

#[test]
fn the_zoo_by_every_strategy() {
    check(by_strategy, &zoo(), &[1, 7], |_| strategies());
}

#[test]
fn papers_models_by_strategies() {
    check(by_strategy, &papers(), &[2, 4, 66], one_strategy);
}

#[test]
fn random_scores_by_strategies() {
    check(by_strategy, &some_random_scores(300), &[1, 3, 18], one_strategy);
}

#[test]
fn the_zoo_by_every_strategy_as_wgsl() {
    check(by_strategy_as_wgsl, &zoo(), &[6], |_| strategies());
    check(by_strategy_as_wgsl, &zoo(), &[1, 64, 257], one_strategy);
}

#[test]
fn random_scores_by_strategies_as_wgsl() {
    check(by_strategy_as_wgsl, &some_random_scores(100), &[3], one_strategy);
}

#[test]
fn the_zoo_at_larger_sizes() {
    check(by_definition, &zoo(), &[64, 100, 257], one_of);
}

#[test]
fn papers_models() {
    check(by_definition, &papers(), &[2, 4, 66], one_of);
}

#[test]
fn random_scores() {
    check(by_definition, &some_random_scores(300), &[1, 3, 18], one_of);
}

#[test]
fn the_zoo_as_wgsl() {
    check(as_wgsl, &zoo(), &[1, 3, 64, 100, 128, 257], one_of);
}

#[test]
fn the_zoo_as_wgsl_under_every_schedule() {
    check(as_wgsl, &zoo(), &[6], |_| schedules());
}

#[test]
fn papers_models_as_wgsl() {
    check(as_wgsl, &papers(), &[6], one_of);
}

#[test]
fn random_scores_as_wgsl() {
    check(as_wgsl, &some_random_scores(100), &[3], one_of);
}

#[test]
fn the_zoo_as_ptx_under_every_schedule() {
    check(as_ptx, &zoo(), &[1, 2, 7], |_| schedules());
}

/// With additions of numbers, and with loops that compare and exchange in their place.
fn by_strategy_as_ptx(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let plans = gpu::plan(&case.model, &schedule);
    let target = Lacks { float_atomics: false, ..wgsl::TARGET };
    let legal = plans.iter().map(|plan| Plan { kernel: legalize(&plan.kernel, &target), ..plan.clone() }).collect();
    let check = |plans: Vec<Plan>| {
        case.check_gpu(&mut case.gpu_engine(PtxMachine::default(), ptx::artifacts(&plans, schedule)), TOLERANCE)
    };
    [plans, legal].into_iter().flat_map(check).collect()
}

#[test]
fn the_zoo_as_ptx_under_every_strategy() {
    check(by_strategy_as_ptx, &zoo(), &[3, 6], |_| strategies());
}

#[test]
fn the_zoo_as_ptx_at_larger_sizes() {
    check(as_ptx, &zoo(), &[64, 100, 257], one_of);
}

#[test]
fn papers_models_as_ptx() {
    check(as_ptx, &papers(), &[2, 4, 66], one_of);
}

#[test]
fn random_scores_as_ptx() {
    check(as_ptx, &some_random_scores(300), &[1, 3, 18], one_of);
}
