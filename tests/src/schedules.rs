//! The schedules that kernels of GPUs are tried under.

use sptx_runtime::gpu::{Backward, Capabilities, Saved, Schedule};

/// What the [`schedules`] need of a device: one that holds few workgroups at once.
pub fn schedules_run_on() -> Capabilities {
    Capabilities { subgroups: Some((8, 8)), resident_threads: RESIDENT_THREADS, ..Capabilities::default() }
}

/// Threads that a device of the tests holds at once: so few that workgroups which stay have several rounds to go.
pub const RESIDENT_THREADS: u32 = 64;

/// Schedules that between them take every path.
///
/// # Panics
/// When one of them is not legal, which would be a mistake here.
pub fn schedules() -> Vec<Schedule> {
    let schedule = |workgroup, lanes, vector, unroll, tile, subgroups| {
        let schedule = Schedule { workgroup, lanes, vector, unroll, subgroups, tile, group: 1, ..Schedule::default() };
        schedule.legal(&schedules_run_on()).unwrap_or_else(|why| panic!("{schedule}: {why}"));
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

/// Schedules that stage the rows of relations: with room for short ones, and for those of most sizes.
pub fn staging() -> Vec<Schedule> {
    let layouts = [0, 1, 2, 4, 7].map(|number| schedules()[number]);
    let staged = |layout| [8, 1024].map(|staged| Schedule { staged, ..layout });
    layouts.into_iter().flat_map(staged).collect()
}

/// Schedules that work on groups of triples: of each size, over layouts that between them take every path of it.
pub fn grouping() -> Vec<Schedule> {
    let layouts = [0, 1, 2, 4, 5, 6, 8].map(|number| schedules()[number]);
    let grouped = |layout: Schedule| [2, 4, 8].map(|group| Schedule { group, ..layout });
    layouts.into_iter().flat_map(grouped).collect()
}

/// Schedules whose workgroups stay, over every layout, some of which stage rows or come to gradients in another way.
pub fn persistent() -> Vec<Schedule> {
    let stays = |(number, layout): (usize, Schedule)| {
        let backward = [Backward::Gathered, Backward::Atomic][number % 2];
        let saved = [Saved::Nothing, Saved::F32, Saved::Signs][number % 3];
        Schedule { persistent: true, backward, saved, staged: 128 * (number as u32 % 2), ..layout }
    };
    schedules().into_iter().enumerate().map(stays).collect()
}

/// Layouts that every strategy is tried over.
pub const STRATEGY_LAYOUTS: usize = 6;

/// Schedules that differ in how gradients come about, all of one layout before those of the next, over layouts that between them take every path of it.
pub fn strategies() -> Vec<Schedule> {
    let [atomic, gathered] = [Backward::Atomic, Backward::Gathered];
    let strategies = [
        (atomic, Saved::Nothing),
        (gathered, Saved::F32),
        (gathered, Saved::Bf16),
        (gathered, Saved::Signs),
        (gathered, Saved::SignBits),
        (atomic, Saved::F32),
        (atomic, Saved::Bf16),
        (atomic, Saved::Signs),
        (atomic, Saved::SignBits),
    ];
    let layouts: [Schedule; STRATEGY_LAYOUTS] = [0, 1, 3, 4, 5, 8].map(|number| schedules()[number]);
    let of_layout = |layout: Schedule| strategies.map(|(backward, saved)| Schedule { backward, saved, ..layout });
    layouts.into_iter().flat_map(of_layout).collect()
}
