//! Scores and gradients have the same bits in every run.

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::ir::Score;
use sptx_runtime::gpu::{Backward, Device, Schedule};
use sptx_tests::{
    Case, Executor, PtxMachine, adapter, artifacts_of, assert_repeats, bits, dims, has_rounds_for, kernels, one_of,
    persistent, schedules, schedules_run_on, some_random_scores, staging, strategies, zoo,
};

const RUNS: usize = 5;

/// Cases of many triples on few rows, so that a gradient has many terms.
fn cases(scores: &[Score], triples: usize) -> Vec<Case> {
    let case =
        |(number, score): (usize, &Score)| Case::new(score, dims(score, 1 + number % 12), triples, number as u64);
    let cases: Vec<Case> = scores.iter().enumerate().filter_map(case).collect();
    assert!(cases.len() > scores.len() / 2, "the corpus holds cases");
    cases
}

#[test]
fn by_definition() {
    for (number, case) in cases(&[zoo(), some_random_scores(8)].concat(), 70).iter().enumerate() {
        let schedule = one_of(number)[0];
        let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
        assert_repeats(case, &device, &artifacts, RUNS);
    }
}

#[test]
fn as_wgsl() {
    let Some(device) = adapter() else { return };
    let mut ran = 0;
    for (number, case) in cases(&[zoo(), some_random_scores(8)].concat(), 300).iter().enumerate() {
        let schedule = one_of(number)[0];
        if schedule.legal(&device.capabilities()).is_ok() && has_rounds_for(case, schedule) {
            assert_repeats(case, device, &artifacts_of(&kernels(&case.model, schedule), schedule), RUNS);
            ran += 1;
        }
    }
    assert!(ran > 0, "some schedules are legal");
}

/// Schedules whose gradients are gathered: of each kind one, for another case another; all where that is asked for.
fn gathered(number: usize) -> Vec<Schedule> {
    let runs = |schedule: &Schedule| {
        schedule.backward == Backward::Gathered && schedule.legal(&PtxMachine::default().capabilities()).is_ok()
    };
    let all = [schedules(), strategies(), staging(), persistent()]
        .map(|all| all.into_iter().filter(runs).collect::<Vec<_>>());
    if std::env::var_os("SPTX_THOROUGH").is_some() {
        return all.concat();
    }
    all.iter().map(|all| all[number % all.len()]).collect()
}

/// As PTX, whatever the order in which warps and workgroups come.
#[test]
fn as_ptx() {
    for (number, case) in cases(&[zoo(), some_random_scores(8)].concat(), 40).iter().enumerate() {
        let arch = Arch::ALL[number % Arch::ALL.len()];
        for schedule in gathered(number) {
            let artifacts = ptx::artifacts(&kernels(&case.model, schedule), schedule, arch);
            let of = |machine| bits(case, &mut case.gpu_engine(machine, artifacts.clone()));
            let expected = of(PtxMachine::default());
            for seed in 1..3 {
                let what = format!("{} {schedule} {arch}: seed {seed}", case.name);
                assert_eq!(of(PtxMachine::shuffled(seed)), expected, "{what}");
            }
        }
    }
}
