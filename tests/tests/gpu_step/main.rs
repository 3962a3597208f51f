//! Training steps and ranks by the kernels of GPUs, run by the executor, against the CPU's.

mod hits;
mod losses;
mod memory;
mod ranks;
mod sampling;
mod shared;
mod steps;

use sptx_runtime::gpu::{Capabilities, Schedule};

/// Schedules that differ in all that a schedule has.
fn schedules() -> Vec<Schedule> {
    let schedule = |workgroup, lanes, vector, unroll, subgroups, persistent| {
        let schedule = Schedule { workgroup, lanes, vector, unroll, subgroups, persistent, ..Schedule::default() };
        let device = Capabilities { subgroups: Some((memory::SUBGROUP, memory::SUBGROUP)), ..Capabilities::default() };
        schedule.legal(&device).expect("a legal schedule");
        schedule
    };
    vec![
        schedule(32, 1, 1, 1, false, false),
        schedule(64, 8, 4, 1, false, true),
        schedule(32, 2, 2, 2, false, true),
        schedule(64, 32, 1, 2, true, true),
        schedule(32, 32, 4, 1, false, false),
        schedule(32, 4, 4, 2, true, false),
        schedule(64, 16, 2, 1, false, false),
        schedule(32, 1, 4, 2, true, true),
    ]
}
