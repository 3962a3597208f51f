//! Scores and gradients have the same bits in every run.

use sptx_codegen::ir::Score;
use sptx_runtime::gpu::Device;
use sptx_tests::{
    Case, Executor, adapter, artifacts_of, assert_repeats, dims, has_rounds_for, kernels, one_of, schedules_run_on,
    some_random_scores, zoo,
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
