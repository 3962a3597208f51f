//! The kernels of GPUs agree with the f64 interpreter on the corpus, under many schedules: run by the definition of their
//! IR, which finds races and accesses out of bounds, and as WGSL by the first adapter that Vulkan, Metal or DX12 has.

use sptx_codegen::emit::{ptx, wgsl};
use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::legalize::{Target as Lacks, legalize};
use sptx_runtime::gpu::{Backward, Device, Schedule};
use sptx_tests::{
    Case, Disagreement, Executor, PtxMachine, TOLERANCE, TOLERANCE_OF_WGSL, adapter, artifacts_of, check,
    disagreements, has_rounds_for, kernels, one_of, papers, schedules, schedules_run_on, some_random_scores,
    strategies, zoo,
};

fn by_definition(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
    disagreements(case, device, artifacts, TOLERANCE)
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
    disagreements(case, device, ptx::artifacts(&kernels(&case.model, schedule), schedule), TOLERANCE)
}

fn as_wgsl(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let Some(device) = adapter() else { return Vec::new() };
    if schedule.legal(&device.capabilities()).is_err() || !has_rounds_for(case, schedule) {
        return Vec::new();
    }
    disagreements(case, device, artifacts_of(&kernels(&case.model, schedule), schedule), TOLERANCE_OF_WGSL)
}

/// The same as WGSL: with numbers added by the adapter's own instruction, where it has one, and without.
fn by_strategy_as_wgsl(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let Some(device) = adapter() else { return Vec::new() };
    let capabilities = device.capabilities();
    if schedule.legal(&capabilities).is_err() || !has_rounds_for(case, schedule) {
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
