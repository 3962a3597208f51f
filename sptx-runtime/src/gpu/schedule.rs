//! How a kernel is run, as plain data.

use serde::{Deserialize, Serialize};

/// How a kernel's work is laid out over threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// Threads of a workgroup.
    pub workgroup: u32,
    /// Threads that share a row's columns, a power of two.
    pub lanes: u32,
    /// Columns that a thread reads at once: 1, 2 or 4.
    pub vector: u8,
    /// How often the loop over columns is unrolled.
    pub unroll: u8,
    /// Whether the threads of a row join their sums by exchanges within a subgroup, not through shared memory.
    pub subgroups: bool,
    /// Queries, and candidates, of a tile that a row's threads compare: 1 to 8.
    pub tile: u32,
    /// How the gradient of a batch comes to the rows of entities.
    #[serde(default)]
    pub backward: Backward,
    /// What the forward kernel saves of each triple's columns for those of the gradient.
    #[serde(default)]
    pub saved: Saved,
    /// Words of a workgroup's memory for the rows of a relation, a multiple of 4: where its triples have one relation, and
    /// its rows fit, they are read once. 0 stages none.
    #[serde(default)]
    pub staged: u32,
    /// Whether workgroups go round over the work, as many of them as the device holds at once, instead of one for each
    /// stretch of it. Kernels that are launched for the most that there can be, of which the device has counted how many
    /// there are, then start few workgroups that have nothing to do.
    #[serde(default)]
    pub persistent: bool,
    /// Triples that a row's threads work on at once, 1, 2, 4 or 8, where a program multiplies by matrices of relations: an
    /// element of a matrix that is read serves those of them that have its relation. The lines of a matrix's gradient that
    /// a thread sums at once are as many. Other programs do not depend on it.
    #[serde(default = "one")]
    pub group: u32,
}

/// What schedules that name no group have.
fn one() -> u32 {
    1
}

/// How the gradient of a batch comes to the rows of entities. Those of relations, which many triples share, are always
/// gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backward {
    /// Each row sums what its triples add, in their order: the same bits from run to run.
    #[default]
    Gathered,
    /// Each triple adds to its rows by atomic additions, in any order: the last bits differ from run to run. It needs no
    /// sorted hits. Where [`Capabilities::float_atomics`], an addition may be one instruction; elsewhere it is a loop that
    /// compares and exchanges, slow where many triples of a batch share a row.
    Atomic,
}

/// What the forward kernel saves of each triple's columns, so that those of the gradient need not read three rows again
/// for each of them. A model may have nothing to save, or no signs: its kernels are then those of [`Saved::Nothing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// Rows are read again.
    #[default]
    Nothing,
    /// The columns as they are: 32 bits each.
    F32,
    /// The columns, rounded to the nearest with 8 significant bits: 16 bits each. Gradients are then exact to some 2^-7.
    Bf16,
    /// Of columns that are −1, 0 or 1, which: 2 bits each.
    Signs,
    /// Of columns that are −1 or 1, and seldom 0, which: 1 bit each. A triple that has a column of exactly 0 is marked, and
    /// its rows are read again: gradients are exact.
    SignBits,
}

impl Saved {
    /// Columns of which a word has all bits; none where nothing is saved.
    pub const fn columns_of_a_word(self) -> Option<u32> {
        match self {
            Self::Nothing => None,
            Self::F32 => Some(1),
            Self::Bf16 => Some(2),
            Self::Signs => Some(16),
            Self::SignBits => Some(32),
        }
    }
}

impl Default for Schedule {
    /// What is legal everywhere and good at middling sizes.
    fn default() -> Self {
        Self {
            workgroup: 64,
            lanes: 8,
            vector: 4,
            unroll: 1,
            subgroups: false,
            tile: 2,
            backward: Backward::Gathered,
            saved: Saved::Nothing,
            staged: 0,
            persistent: false,
            group: 4,
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { workgroup, lanes, vector, unroll, subgroups, tile, backward, saved, staged, persistent, group } =
            self;
        write!(f, "w{workgroup}l{lanes}v{vector}u{unroll}t{tile}{}", if *subgroups { "s" } else { "" })?;
        f.write_str(match backward {
            Backward::Gathered => "",
            Backward::Atomic => "_atomic",
        })?;
        if *staged > 0 {
            write!(f, "_staged{staged}")?;
        }
        if *group != Self::default().group {
            write!(f, "_group{group}")?;
        }
        f.write_str(match saved {
            Saved::Nothing => "",
            Saved::F32 => "_f32",
            Saved::Bf16 => "_bf16",
            Saved::Signs => "_signs",
            Saved::SignBits => "_sign_bits",
        })?;
        f.write_str(if *persistent { "_persistent" } else { "" })
    }
}

/// What a device can do, as far as schedules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Most threads of a workgroup.
    pub workgroup: u32,
    /// Most bytes of a workgroup's memory.
    pub shared_bytes: u32,
    /// Most workgroups along one axis of a grid.
    pub workgroups: u32,
    /// Most buffers that one kernel binds.
    pub buffers: u32,
    /// Most words of one buffer's binding.
    pub binding_words: u32,
    /// The smallest and the greatest size of its subgroups, where kernels may use them.
    pub subgroups: Option<(u32, u32)>,
    /// Whether numbers can be added to memory atomically.
    pub float_atomics: bool,
    /// How many processors it has, each of which runs some workgroups at a time, where it tells.
    #[serde(default)]
    pub processors: Option<u32>,
    /// About how many threads it holds at once, which is what kernels of a persistent schedule are launched for. Results do
    /// not depend on it.
    pub resident_threads: u32,
}

/// Threads that a device is taken to hold at once which does not say: those of a GPU of some 32 multiprocessors.
pub const RESIDENT_THREADS: u32 = 1 << 16;

impl Capabilities {
    /// More than any device can: where a device is to be held to less, its fields say to what.
    pub const UNBOUNDED: Self = Self {
        workgroup: u32::MAX,
        shared_bytes: u32::MAX,
        workgroups: u32::MAX,
        buffers: u32::MAX,
        binding_words: u32::MAX,
        subgroups: Some((1, u32::MAX)),
        float_atomics: true,
        processors: None,
        resident_threads: u32::MAX,
    };
}

impl Default for Capabilities {
    /// What WebGPU promises everywhere.
    fn default() -> Self {
        Self {
            workgroup: 256,
            shared_bytes: 16 << 10,
            workgroups: 65_535,
            buffers: 8,
            binding_words: 32 << 20,
            subgroups: None,
            float_atomics: false,
            processors: None,
            resident_threads: RESIDENT_THREADS,
        }
    }
}

/// Why a schedule cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Illegal {
    /// No thread.
    #[error("a workgroup has at least one thread")]
    Empty,
    /// Too many threads.
    #[error("a workgroup of {threads} threads: this device has at most {most}")]
    Workgroup {
        /// Threads asked for.
        threads: u32,
        /// Threads there may be.
        most: u32,
    },
    /// Lanes that do not divide the workgroup.
    #[error("{lanes} threads a row in a workgroup of {workgroup}: a power of two that divides it is needed")]
    Lanes {
        /// Threads of a row.
        lanes: u32,
        /// Threads of a workgroup.
        workgroup: u32,
    },
    /// Another vector width.
    #[error("{vector} columns at once: 1, 2 or 4 are possible")]
    Vector {
        /// What was asked for.
        vector: u8,
    },
    /// Unrolled never, or too often.
    #[error("unrolled {unroll} times: 1 to 8 are possible")]
    Unroll {
        /// What was asked for.
        unroll: u8,
    },
    /// Tiles of nothing, or too large.
    #[error("tiles of {tile} by {tile}: 1 to 8 are possible")]
    Tile {
        /// What was asked for.
        tile: u32,
    },
    /// Rows that begin between vectors.
    #[error("{words} words for a relation's rows: a multiple of 4 is needed")]
    Staged {
        /// What was asked for.
        words: u32,
    },
    /// Groups of another size.
    #[error("groups of {group} triples: 1, 2, 4 or 8 are possible")]
    Group {
        /// What was asked for.
        group: u32,
    },
    /// No subgroups.
    #[error("the device's kernels cannot speak of subgroups")]
    NoSubgroups,
    /// Subgroups smaller than a row's threads.
    #[error("{lanes} threads a row exchange numbers, but a subgroup may have as few as {size}")]
    SmallSubgroups {
        /// Threads of a row.
        lanes: u32,
        /// Threads of the smallest subgroup.
        size: u32,
    },
    /// Workgroups that are no whole number of subgroups.
    #[error("a workgroup of {workgroup} threads is not a whole number of subgroups of {size}")]
    PartialSubgroup {
        /// Threads of a workgroup.
        workgroup: u32,
        /// Threads of the greatest subgroup.
        size: u32,
    },
    /// Too much shared memory.
    #[error("{bytes} bytes of shared memory: this device has {most}")]
    Shared {
        /// Bytes needed.
        bytes: u32,
        /// Bytes there are.
        most: u32,
    },
}

impl Schedule {
    /// Whether a device of these capabilities runs it, and if not, why.
    ///
    /// ```
    /// use sptx_runtime::gpu::{Capabilities, Schedule};
    ///
    /// let schedule = Schedule { subgroups: true, ..Schedule::default() };
    /// let why = schedule.legal(&Capabilities::default()).unwrap_err();
    /// assert_eq!(why.to_string(), "the device's kernels cannot speak of subgroups");
    /// ```
    ///
    /// # Errors
    /// The first thing that the device lacks.
    pub fn legal(&self, device: &Capabilities) -> Result<(), Illegal> {
        // Numbers are added atomically on every device, in one way or another, what is saved is saved as u32, and any
        // number of workgroups may go round.
        let Self {
            workgroup,
            lanes,
            vector,
            unroll,
            subgroups,
            tile,
            backward: _,
            saved: _,
            staged,
            persistent: _,
            group,
        } = *self;
        if workgroup == 0 {
            return Err(Illegal::Empty);
        }
        if workgroup > device.workgroup {
            return Err(Illegal::Workgroup { threads: workgroup, most: device.workgroup });
        }
        if !lanes.is_power_of_two() || !workgroup.is_multiple_of(lanes) {
            return Err(Illegal::Lanes { lanes, workgroup });
        }
        if !matches!(vector, 1 | 2 | 4) {
            return Err(Illegal::Vector { vector });
        }
        if !(1..=8).contains(&unroll) {
            return Err(Illegal::Unroll { unroll });
        }
        if !(1..=8).contains(&tile) {
            return Err(Illegal::Tile { tile });
        }
        if !staged.is_multiple_of(4) {
            return Err(Illegal::Staged { words: staged });
        }
        if !matches!(group, 1 | 2 | 4 | 8) {
            return Err(Illegal::Group { group });
        }
        let joined = if subgroups || lanes == 1 { 0 } else { workgroup + lanes / 2 };
        let bytes = joined.saturating_add(staged).saturating_mul(4);
        if subgroups {
            let (least, most) = device.subgroups.ok_or(Illegal::NoSubgroups)?;
            if lanes > least {
                return Err(Illegal::SmallSubgroups { lanes, size: least });
            }
            if !workgroup.is_multiple_of(most) {
                return Err(Illegal::PartialSubgroup { workgroup, size: most });
            }
        }
        if bytes > device.shared_bytes {
            return Err(Illegal::Shared { bytes, most: device.shared_bytes });
        }
        Ok(())
    }
}
