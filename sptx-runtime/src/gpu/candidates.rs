//! The schedules that are worth a try on a device.

use super::{Backward, Capabilities, Saved, Schedule};

/// Columns that a row's threads read at once, where a subgroup has so many: as many bytes as one instruction moves for each.
const VECTOR: u8 = 4;

/// Words for the rows of a relation: vectors of 1024 columns, or three of 256 and more.
const STAGED: u32 = 1024;

impl Schedule {
    /// The schedules that a device's kernels are chosen from: each is [legal](Schedule::legal) there, the
    /// [default](Schedule::default) is the first, and there are eight at least.
    ///
    /// ```
    /// use sptx_runtime::gpu::{Capabilities, Schedule};
    ///
    /// let everywhere = Schedule::candidates(&Capabilities::default());
    /// assert!(everywhere.len() >= 8 && everywhere[0] == Schedule::default());
    /// let warps = Capabilities { subgroups: Some((32, 32)), ..Capabilities::default() };
    /// assert!(Schedule::candidates(&warps).len() > everywhere.len());
    /// ```
    pub fn candidates(device: &Capabilities) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for schedule in layouts(device).into_iter().chain(strategies(device)) {
            if schedule.legal(device).is_ok() && !found.contains(&schedule) {
                found.push(schedule);
            }
        }
        found
    }

    /// A layout that suits rows of so many columns on a device whose subgroups have one size: a row's threads are one
    /// subgroup, or the part of it that the columns keep busy. Elsewhere it is the [default](Schedule::default).
    ///
    /// ```
    /// use sptx_runtime::gpu::{Capabilities, Schedule};
    ///
    /// let warps = Capabilities { subgroups: Some((32, 32)), ..Capabilities::default() };
    /// let lanes = [3, 64, 128, 1024].map(|columns| Schedule::suited(&warps, columns).lanes);
    /// assert_eq!(lanes, [1, 16, 32, 32]);
    /// assert_eq!(Schedule::suited(&Capabilities::default(), 1024), Schedule::default());
    /// ```
    pub fn suited(device: &Capabilities, columns: usize) -> Self {
        let Some((size, most)) = device.subgroups else { return Self::default() };
        let busy = columns.div_ceil(usize::from(VECTOR)).next_power_of_two();
        // A subgroup has at most 128 threads, on any device.
        let lanes = busy.min(size as usize) as u32;
        let schedule =
            Self { workgroup: most.saturating_mul(4), lanes, vector: VECTOR, subgroups: true, ..Self::default() };
        if size == most && schedule.legal(device).is_ok() { schedule } else { Self::default() }
    }
}

/// Layouts over threads: joined through shared memory, and within a subgroup where there are any.
fn layouts(device: &Capabilities) -> Vec<Schedule> {
    let layout = |(workgroup, lanes, unroll, tile)| Schedule {
        workgroup,
        lanes,
        unroll,
        tile,
        vector: VECTOR,
        ..Schedule::default()
    };
    let shared = [
        (64, 8, 1, 2),
        (128, 8, 1, 4),
        (32, 4, 2, 2),
        (128, 16, 1, 2),
        (128, 32, 1, 2),
        (256, 32, 2, 2),
        (64, 64, 1, 1),
    ];
    let mut layouts: Vec<Schedule> = shared.map(layout).to_vec();
    if let Some((size, most)) = device.subgroups {
        let half = (size / 2).max(1);
        let [of_two, of_four, of_eight] = [2, 4, 8].map(|count| most.saturating_mul(count));
        let within = [
            (of_four, half, 1, 2),
            (of_two, size, 1, 2),
            (of_four, size, 1, 2),
            (of_four, size, 2, 2),
            (of_eight, size, 1, 4),
            (of_eight, size, 2, 2),
        ];
        layouts.extend(within.map(|it| Schedule { subgroups: true, ..layout(it) }));
    }
    layouts
}

/// Ways to gradients and through the work, under the layout that suits long rows.
fn strategies(device: &Capabilities) -> Vec<Schedule> {
    let layout = Schedule::suited(device, 1024);
    vec![
        Schedule { saved: Saved::F32, ..layout },
        Schedule { saved: Saved::Bf16, ..layout },
        Schedule { saved: Saved::Signs, ..layout },
        Schedule { saved: Saved::SignBits, ..layout },
        Schedule { backward: Backward::Atomic, ..layout },
        Schedule { backward: Backward::Atomic, saved: Saved::Signs, ..layout },
        Schedule { staged: STAGED, ..layout },
        Schedule { group: 1, ..layout },
        Schedule { group: 8, ..layout },
        Schedule { persistent: true, ..layout },
        Schedule { persistent: true, saved: Saved::Signs, ..layout },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Capabilities, Schedule};

    /// Subgroups of no, one, and several sizes.
    const SUBGROUPS: [Option<(u32, u32)>; 6] =
        [None, Some((1, 1)), Some((4, 4)), Some((8, 8)), Some((32, 32)), Some((8, 32))];

    #[test]
    fn candidates_are_legal_and_go_by_different_names() {
        for subgroups in SUBGROUPS {
            let device = Capabilities { subgroups, ..Capabilities::default() };
            let candidates = Schedule::candidates(&device);
            assert!(candidates.len() >= 8, "{subgroups:?}: {}", candidates.len());
            candidates.iter().for_each(|schedule| schedule.legal(&device).expect("a candidate is legal"));
            let names: BTreeSet<String> = candidates.iter().map(ToString::to_string).collect();
            assert_eq!(names.len(), candidates.len(), "{names:?}");
            let within = candidates.iter().filter(|schedule| schedule.subgroups).count();
            assert_eq!(within > 0, subgroups.is_some(), "{subgroups:?}");
        }
        let unbounded = Schedule::candidates(&Capabilities::UNBOUNDED);
        unbounded.iter().for_each(|schedule| schedule.legal(&Capabilities::UNBOUNDED).expect("a candidate is legal"));
    }

    #[test]
    fn what_suits_a_device_is_legal_there() {
        for subgroups in SUBGROUPS {
            let device = Capabilities { subgroups, ..Capabilities::default() };
            for columns in [1, 5, 64, 257, 4096] {
                Schedule::suited(&device, columns).legal(&device).expect("what suits is legal");
            }
        }
    }
}
