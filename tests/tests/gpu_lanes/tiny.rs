//! Devices that can hardly do what a case asks of them: grids folded to two axes, tables in two bindings, arrays in
//! stretches, eight buffers a kernel.

use sptx_codegen::gpu::{Plan, shard_tables};
use sptx_runtime::gpu::{Capabilities, Device, Schedule, padded, plane_words, table_words};
use sptx_runtime::program::Part;
use sptx_runtime::wgpu::WgpuDevice;
use sptx_tests::{
    Case, Disagreement, Executor, TOLERANCE, TOLERANCE_OF_WGSL, adapter, artifacts_of, check, disagreements,
    has_rounds_for, kernels, one_of, papers, schedules, some_random_scores, zoo,
};

/// Bindings that the tables lie in.
const SHARDS: u32 = 2;

/// As little as the case under the schedule can do with.
fn least(case: &Case, schedule: Schedule) -> Capabilities {
    let (sizes, [entities, relations]) = (case.sizes(), case.counts());
    let model = &case.model;
    let words = |vectors: &[usize]| vectors.iter().map(|dim| padded(sizes[*dim])).sum::<usize>();
    let parts = model.splits.iter().flat_map(|split| [&split.query, &split.candidate]);
    let of_triples = words(&model.forward.vectors).max(words(&model.backward.vectors));
    // A part has the derivatives by its outputs beside its vectors.
    let of_part = |part: &Part| {
        let outputs = part.outputs.iter().map(|output| plane_words(output.shape, &sizes, 1)).sum::<usize>();
        words(&part.forward.vectors).max(words(&part.backward.vectors)) + outputs
    };
    let vectors = parts.clone().map(of_part).chain([of_triples]);
    let scalars = parts.map(|part| part.scalars).chain([model.scalars]);
    let pairs = model.splits.iter().map(|split| split.comparison.pair_numbers().len());
    let binding =
        [table_words(model, &sizes, entities, relations).div_ceil(SHARDS as usize), table_words(model, &sizes, 2, 1)]
            .into_iter()
            .chain(vectors)
            .chain(pairs)
            .chain(scalars)
            .max();
    // The longest launch is for every pair of a query and a candidate.
    let longest = case.triples() * entities.max(2);
    let rows = schedule.workgroup / schedule.lanes;
    Capabilities {
        workgroup: schedule.workgroup,
        shared_bytes: 4 * (schedule.workgroup + schedule.lanes),
        workgroups: (f64::from((longest as u32).div_ceil(rows))).sqrt().ceil() as u32,
        buffers: 8,
        binding_words: binding.unwrap_or(0).next_multiple_of(4) as u32,
        subgroups: schedule.subgroups.then_some((8, 8)),
        float_atomics: false,
        processors: None,
        resident_threads: 0,
    }
}

fn plans(case: &Case, schedule: Schedule) -> Vec<Plan> {
    kernels(&case.model, schedule).into_iter().map(|plan| shard_tables(plan, SHARDS)).collect()
}

fn by_definition(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let (device, artifacts) = Executor::of(plans(case, schedule), schedule, least(case, schedule));
    disagreements(case, device, artifacts, TOLERANCE)
}

fn on_the_adapter(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    let least = least(case, schedule);
    // Says where there is none.
    let Some(adapter) = adapter() else { return Vec::new() };
    if schedule.legal(&adapter.capabilities()).is_err() || !has_rounds_for(case, schedule) {
        return Vec::new();
    }
    let device = WgpuDevice::open_within("", &least).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    assert_eq!(device.capabilities().binding_words, least.binding_words, "no more than was asked for");
    let artifacts = artifacts_of(&plans(case, schedule), schedule);
    disagreements(case, device, artifacts, TOLERANCE_OF_WGSL)
}

#[test]
fn the_zoo_by_definition() {
    check(by_definition, &zoo(), &[1, 7], |_| schedules());
}

#[test]
fn papers_models_by_definition() {
    check(by_definition, &papers(), &[5], one_of);
}

#[test]
fn random_scores_by_definition() {
    check(by_definition, &some_random_scores(100), &[1, 6], one_of);
}

#[test]
fn the_zoo_on_the_adapter() {
    check(on_the_adapter, &zoo(), &[1, 7, 33], one_of);
}

#[test]
fn random_scores_on_the_adapter() {
    check(on_the_adapter, &some_random_scores(30), &[6], one_of);
}
