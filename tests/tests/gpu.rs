//! The kernels of GPUs agree with the f64 interpreter on the corpus, under many schedules: run by the definition of their
//! IR, which finds races and accesses out of bounds, and as WGSL by the first adapter that Vulkan, Metal or DX12 has.

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::ir::Score;
use sptx_codegen::legalize::{Target as Lacks, legalize};
use sptx_runtime::gpu::{Backward, Device, Saved, Schedule};
use sptx_runtime::program::{Model, Plane, Shape};
use sptx_tests::{
    Case, Disagreement, Executor, Lane, PtxMachine, STRATEGY_LAYOUTS, TOLERANCE, TOLERANCE_OF_WGSL, adapter,
    artifacts_of, check, dims, disagreements, grouping, has_rounds_for, kernels, lowered, one_of, papers, persistent,
    schedules, schedules_run_on, some_random_scores, staging, strategies, zoo,
};

fn by_definition(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
    disagreements(case, device, artifacts, TOLERANCE)
}

/// What saving columns in 16 bits, 8 of them significant, adds: half a unit in the last place of each term, of which
/// there may be several that partly cancel.
const TOLERANCE_OF_BF16: f64 = 1.0 / 128.0;

fn tolerance(schedule: Schedule, otherwise: f64) -> f64 {
    if schedule.saved == Saved::Bf16 { otherwise + TOLERANCE_OF_BF16 } else { otherwise }
}

/// The gradients alone, by the kernels of a strategy.
fn by_strategy(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
    case.check_gpu(&mut case.gpu_engine(device, artifacts), tolerance(schedule, TOLERANCE))
}

/// Another generation for the next case.
fn arch_of(case: &Case) -> Arch {
    Arch::ALL[case.triples() % Arch::ALL.len()]
}

/// As PTX, by a machine that runs it.
fn as_ptx(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let device = PtxMachine::default();
    if schedule.legal(&device.capabilities()).is_err() {
        return Vec::new();
    }
    disagreements(case, device, ptx::artifacts(&kernels(&case.model, schedule), schedule, arch_of(case)), TOLERANCE)
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
        let artifacts = wgsl::artifacts(&gpu::plan(&case.model, &schedule), schedule, &options);
        case.check_gpu(&mut case.gpu_engine(device, artifacts), tolerance(schedule, TOLERANCE_OF_WGSL))
    };
    let native = capabilities.float_atomics && schedule.backward == Backward::Atomic;
    [false, true].into_iter().take(1 + usize::from(native)).flat_map(check).collect()
}

#[test]
fn the_zoo_under_every_schedule() {
    check(by_definition, &zoo(), &[1, 2, 7], |_| schedules());
}

/// Every strategy, one layout each: another for the next case.
fn each_strategy(number: usize) -> Vec<Schedule> {
    let all = strategies();
    let of_layout = all.len() / STRATEGY_LAYOUTS;
    (0..of_layout).map(|strategy| all[(number + strategy) % STRATEGY_LAYOUTS * of_layout + strategy]).collect()
}

/// One strategy after another.
fn one_strategy(number: usize) -> Vec<Schedule> {
    let strategies = strategies();
    vec![strategies[number % strategies.len()]]
}

#[test]
fn the_zoo_by_every_strategy() {
    check(by_strategy, &zoo(), &[1, 2, 7, 100], each_strategy);
}

/// In rows of d columns: three read forward and three for each of three parts, or what was saved instead.
#[test]
fn what_is_saved_is_not_read_again() {
    let models: Vec<Model> = zoo().iter().map(|score| lowered(score).1).collect();
    let of = |model: &Model, saved| {
        let schedule = Schedule { saved, ..Schedule::default() };
        let bytes = gpu::traffic(model, &schedule, &vec![1024; model.dims.len()]);
        (gpu::saves(model, &schedule).is_ok(), bytes as f64 / 4096.0)
    };
    let every = [Saved::Nothing, Saved::F32, Saved::Bf16, Saved::Signs, Saved::SignBits];
    // A bit a column, and four words of which one holds the mark.
    let bits = 3.0 + 4.0 * (32.0 + 4.0) / 1024.0;
    for (name, choices, [as_f32, as_signs], rows) in [
        ("TransE", &[1.0, 1.0][..], [true, true], [12.0, 7.0, 5.0, 3.25, bits]),
        ("TransE", &[2.0, 1.0], [true, false], [12.0, 7.0, 5.0, 12.0, 12.0]),
        ("TorusE", &[1.0], [true, true], [12.0, 7.0, 5.0, 3.25, bits]),
        ("DistMult", &[], [false, false], [9.0, 9.0, 6.0, 9.0, 9.0]),
        ("TransH", &[], [true, false], [23.0, 19.0, 16.0, 23.0, 23.0]),
    ] {
        let chosen = |model: &&Model| model.choices.iter().map(|choice| choice.chosen).eq(choices.iter().copied());
        let model = models.iter().filter(|model| model.name == name).find(chosen).expect("it is in the zoo");
        assert_eq!(every.map(|saved| of(model, saved).1), rows, "{name} {choices:?}");
        assert_eq!(
            every.map(|saved| of(model, saved).0),
            [true, as_f32, true, as_signs, as_signs],
            "{name} {choices:?}"
        );
    }
    for (model, saved) in models.iter().flat_map(|model| every.map(|saved| (model, saved))) {
        let (saves, bytes) = of(model, saved);
        let (_, nothing) = of(model, Saved::Nothing);
        let spares = saves && saved != Saved::Nothing;
        assert!(if spares { bytes < nothing } else { bytes == nothing }, "{}: {bytes} of {nothing}", model.name);
    }
    let rescal = models.iter().find(|model| model.name == "RESCAL").expect("it is in the zoo");
    let why = [Saved::F32, Saved::SignBits].map(|saved| gpu::saves(rescal, &Schedule { saved, ..Schedule::default() }));
    let why = why.map(|why| why.expect_err("its gradient is made of matrices' products").to_string());
    assert_eq!(why, ["saving columns in this form spares its gradient nothing", "its gradient is made of no signs"]);
}

/// Holds a lane to columns of exactly 0, by signs of one bit, under two strategies a case.
fn check_zeros(lane: Lane, sizes: &[usize]) {
    let bits = Schedule { saved: Saved::SignBits, ..Schedule::default() };
    let by_bits = |schedule: &Schedule| schedule.saved == Saved::SignBits;
    let strategies: Vec<Schedule> = strategies().into_iter().filter(by_bits).collect();
    let scores: Vec<_> = zoo().into_iter().chain(papers()).collect();
    let signed = scores.iter().filter(|score| gpu::saves(&lowered(score).1, &bits).is_ok());
    let mut cases = 0;
    for (score, size) in signed.flat_map(|score| sizes.iter().map(move |size| (score, *size))) {
        let case = Case::new(score, dims(score, size), 23, size as u64).expect("sizes that fit").with_zeros();
        let some = strategies.iter().skip(cases % STRATEGY_LAYOUTS).step_by(STRATEGY_LAYOUTS);
        let wrong: Vec<_> = some.flat_map(|schedule| lane(&case, *schedule)).collect();
        assert!(wrong.is_empty(), "{} such as {:?}", wrong.len(), &wrong[..wrong.len().min(4)]);
        cases += 1;
    }
    assert!(cases > sizes.len(), "{cases} cases");
}

/// Columns of exactly 0 have no sign: triples that have some are marked, and others beside them are not.
#[test]
fn columns_of_zero_have_no_sign_bit() {
    check_zeros(by_strategy, &[1, 2, 7, 100]);
    check_zeros(by_strategy_as_ptx, &[2, 66]);
}

#[test]
fn columns_of_zero_have_no_sign_bit_as_wgsl() {
    check_zeros(by_strategy_as_wgsl, &[3]);
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
    check(by_strategy_as_wgsl, &zoo(), &[6], each_strategy);
    check(by_strategy_as_wgsl, &zoo(), &[1, 64, 257], one_strategy);
}

#[test]
fn random_scores_by_strategies_as_wgsl() {
    check(by_strategy_as_wgsl, &some_random_scores(50), &[3], one_strategy);
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
    // Every schedule at every size takes minutes: where it is asked for.
    let thorough = std::env::var_os("SPTX_THOROUGH").is_some();
    let schedules = |number| if thorough { schedules() } else { one_of(number) };
    check(as_wgsl, &zoo(), &[1, 3, 64, 100, 128, 257], schedules);
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
    check(as_wgsl, &some_random_scores(50), &[3], one_of);
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
        let mut engine = case.gpu_engine(PtxMachine::default(), ptx::artifacts(&plans, schedule, arch_of(case)));
        case.check_gpu(&mut engine, tolerance(schedule, TOLERANCE))
    };
    [plans, legal].into_iter().flat_map(check).collect()
}

#[test]
fn the_zoo_as_ptx_under_every_strategy() {
    check(by_strategy_as_ptx, &zoo(), &[3, 6], each_strategy);
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

/// One staging after another.
fn one_staging(number: usize) -> Vec<Schedule> {
    let staging = staging();
    vec![staging[number % staging.len()]]
}

#[test]
fn staged_rows_are_those_of_the_tables() {
    check(by_definition, &zoo(), &[1, 2, 7, 64], one_staging);
    check(by_definition, &papers(), &[4, 66], one_staging);
    check(by_definition, &some_random_scores(100), &[3, 18], one_staging);
    check(as_ptx, &zoo(), &[7, 100], one_staging);
}

#[test]
fn staged_rows_as_wgsl() {
    check(as_wgsl, &zoo(), &[6, 100], one_staging);
}

/// One after another of the schedules whose workgroups stay.
fn one_that_stays(number: usize) -> Vec<Schedule> {
    let schedules = persistent();
    vec![schedules[number % schedules.len()]]
}

#[test]
fn workgroups_that_stay_do_what_others_do() {
    check(by_definition, &zoo(), &[7], |_| persistent());
    check(by_definition, &zoo(), &[1, 2], one_that_stays);
    check(by_definition, &papers(), &[4, 66], one_that_stays);
    check(by_definition, &some_random_scores(100), &[3, 18], one_that_stays);
    check(as_ptx, &zoo(), &[7, 100], one_that_stays);
    check(as_ptx, &some_random_scores(100), &[3, 18], one_that_stays);
}

#[test]
fn workgroups_that_stay_as_wgsl() {
    check(as_wgsl, &zoo(), &[6, 100], one_that_stays);
}

/// The scores that multiply by matrices of relations.
fn with_matrices(scores: Vec<Score>) -> Vec<Score> {
    let of_relations = |plane: &Plane| matches!(plane.shape, Shape::Matrix(..));
    let has = |score: &Score| lowered(score).1.planes.iter().any(of_relations);
    let scores: Vec<_> = scores.into_iter().filter(has).collect();
    assert!(!scores.is_empty(), "some have matrices");
    scores
}

/// One grouping after another.
fn one_grouping(number: usize) -> Vec<Schedule> {
    let grouping = grouping();
    vec![grouping[number % grouping.len()]]
}

/// Groups of triples, with rows of their relation staged or columns saved, each strategy of gradients, and workgroups that
/// stay.
fn grouped_otherwise(number: usize) -> Vec<Schedule> {
    let others: Vec<_> = staging().into_iter().chain(strategies()).chain(persistent()).collect();
    vec![Schedule { group: [2, 4, 8][number % 3], ..others[number * 5 % others.len()] }]
}

/// Scores and gradients have the same bits in any group.
#[test]
fn groups_change_no_bit() {
    for score in with_matrices(zoo()) {
        let case = Case::new(&score, dims(&score, 7), 21, 3).expect("sizes that fit");
        let bits = |schedule: Schedule| {
            let (device, artifacts) = Executor::new(&case.model, schedule, schedules_run_on());
            let (scores, gradients) = case.run_gpu(&mut case.gpu_engine(device, artifacts));
            scores.into_iter().chain(gradients.into_iter().flatten()).map(f32::to_bits).collect::<Vec<_>>()
        };
        for schedule in grouping() {
            let alone = bits(Schedule { group: 1, ..schedule });
            assert!(bits(schedule) == alone, "{} {schedule}", score.name);
        }
    }
}

#[test]
fn groups_of_triples_otherwise() {
    check(by_strategy, &with_matrices(zoo()), &[1, 2, 6, 7], grouped_otherwise);
    check(by_strategy, &with_matrices(some_random_scores(300)), &[2, 7], grouped_otherwise);
}

#[test]
fn groups_of_triples_as_ptx() {
    check(as_ptx, &with_matrices(zoo()), &[1, 7, 33], one_grouping);
    check(as_ptx, &with_matrices(papers()), &[5], one_grouping);
    check(as_ptx, &with_matrices(some_random_scores(200)), &[3], one_grouping);
}

#[test]
fn groups_of_triples_as_wgsl() {
    check(as_wgsl, &with_matrices(zoo()), &[7, 33], one_grouping);
    check(as_wgsl, &with_matrices(some_random_scores(30)), &[3], one_grouping);
}

/// Of TransR with d = k = 256: a matrix in the forward kernel, two in the adjoint, which finds the products anew.
#[test]
fn a_group_shares_what_it_reads_of_matrices() {
    let model = lowered(zoo().iter().find(|score| score.name == "TransR").expect("it is in the zoo")).1;
    let bytes = |group| gpu::traffic(&model, &Schedule { group, ..Schedule::default() }, &[256, 256]);
    let matrix = 4 * 256 * 256;
    let vectors = bytes(1) - 3 * matrix;
    assert!(vectors < matrix / 8, "{vectors}");
    assert_eq!([2, 4, 8].map(bytes), [2, 4, 8].map(|group| vectors + 3 * matrix / group as usize));
}

#[test]
fn groups_of_triples() {
    check(by_definition, &with_matrices(zoo()), &[1, 2, 7], |_| grouping());
    check(by_definition, &with_matrices(papers()), &[1, 5, 18], one_grouping);
    check(by_definition, &with_matrices(some_random_scores(300)), &[1, 3, 18], one_grouping);
}

/// Matrices so large that Mesa's driver has too few rounds for some layouts run under eight schedules all the same.
#[test]
fn large_matrices_as_wgsl() {
    let Some(device) = adapter() else { return };
    let zoo: Vec<_> =
        zoo().into_iter().filter(|score| ["RESCAL", "TransA", "TransR"].contains(&score.name.as_str())).collect();
    assert!(zoo.len() >= 3, "they are in the zoo");
    for score in &zoo {
        let case = Case::new(score, dims(score, 257), 3, 5).expect("sizes that fit");
        let fits =
            |schedule: &Schedule| schedule.legal(&device.capabilities()).is_ok() && has_rounds_for(&case, *schedule);
        let schedules: Vec<Schedule> = schedules().into_iter().chain(staging()).filter(fits).collect();
        assert!(schedules.len() >= 8, "{}: {} schedules", score.name, schedules.len());
        let wrong: Vec<_> = schedules.iter().flat_map(|schedule| as_wgsl(&case, *schedule)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
