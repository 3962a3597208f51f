//! The machine: what a launch does.

mod exchange;
mod execute;
mod group;
mod memory;
mod registers;
mod shadow;
mod transfer;
mod warp;

use self::group::Group;
use self::memory::{Memory, buffer_address};

use super::error::{Fault, What};
use super::module::Entry;

/// A machine that runs entry points.
///
/// A warp's 32 threads go through the code together. Where they go apart at a branch, one side waits for the other at the
/// branch's immediate post-dominator. Warps of a workgroup run one after another up to a barrier, and workgroups one after
/// another; an atomic operation of one that waits for a later one does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// How many instructions the warps of a launch may run before it counts as endless.
    pub budget: u64,
    /// In which order warps and workgroups run.
    pub order: Order,
}

impl Default for Machine {
    /// In ascending order, with a budget of 2²⁶ instructions.
    fn default() -> Self {
        Self { budget: 1 << 26, order: Order::Ascending }
    }
}

/// In which order warps and workgroups run. A kernel without faults gives the same in any order, up to the rounding of
/// atomic additions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first to the last.
    Ascending,
    /// In another order after each barrier.
    Shuffled {
        /// Equal seeds give equal orders.
        seed: u64,
    },
}

/// How an entry point is launched.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Number of workgroups.
    pub workgroups: u32,
    /// Threads of a workgroup.
    pub threads: u32,
    /// The bits of the parameters of one word, in order.
    pub parameters: &'a [u32],
}

/// What a launch did. An instruction of a warp counts once, however many of its threads take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Instructions, those among them that no thread took part in.
    pub instructions: u64,
    /// Loads of global memory, asynchronous copies among them.
    pub loads: u64,
    /// Stores to global memory.
    pub stores: u64,
    /// Atomic operations on global memory.
    pub atomics: u64,
    /// Loads of shared memory, stores to it and atomic operations on it.
    pub shared: u64,
    /// Stretches of 32 bytes that each access to global memory touched, added up. Of 32 threads that load 4 bytes each,
    /// side by side, it is 4; at worst it is 32.
    pub sectors: u64,
    /// How many times accesses to shared memory had to be made again because two threads asked one bank for two words.
    pub conflicts: u64,
    /// Barriers of workgroups.
    pub barriers: u64,
}

impl Machine {
    /// Runs an entry point on buffers, which it changes: one for each parameter of type `.u64`, in order.
    ///
    /// # Errors
    /// The first fault: the launch does not fit the entry point, or a thread did what it must not do. What the buffers
    /// hold then has no meaning.
    pub fn launch(&self, entry: &Entry, launch: Launch<'_>, buffers: &mut [Vec<u32>]) -> Result<Statistics, Fault> {
        let checked = check(entry, launch, buffers.len()).and_then(|()| self.affords(launch));
        checked.map_err(|what| Fault { kernel: entry.name.clone(), at: None, what })?;
        let mut shared: Vec<_> = entry.shared.iter().map(|array| vec![0; array.bytes.div_ceil(4) as usize]).collect();
        let memory = Memory::new(entry, buffers, &mut shared);
        let mut group = Group::new(*self, entry, launch, parameters(entry, launch), memory);
        let mut dice = Dice::new(self.order);
        for workgroup in dice.order(launch.workgroups) {
            group.run(workgroup, &mut dice)?;
        }
        Ok(group.statistics())
    }

    /// Each workgroup runs an instruction at least.
    fn affords(&self, launch: Launch<'_>) -> Result<(), What> {
        let budget = self.budget;
        if u64::from(launch.workgroups) > budget { Err(What::Endless { budget }) } else { Ok(()) }
    }
}

fn check(entry: &Entry, launch: Launch<'_>, buffers: usize) -> Result<(), What> {
    let (words, wanted) = (entry.words().count(), entry.buffers().count());
    let given = launch.threads;
    if let Some(wanted) = entry.required.filter(|required| *required != given) {
        return Err(What::Threads { given, wanted });
    }
    if given == 0 || given > entry.most {
        return Err(What::Threads { given, wanted: entry.most });
    }
    if launch.parameters.len() != words {
        return Err(What::Parameters { given: launch.parameters.len(), wanted: words });
    }
    if buffers != wanted {
        return Err(What::Buffers { given: buffers, wanted });
    }
    if launch.workgroups > i32::MAX as u32 { Err(What::Workgroups) } else { Ok(()) }
}

/// The value of each parameter.
fn parameters(entry: &Entry, launch: Launch<'_>) -> Vec<u64> {
    let (mut buffers, mut words) = (0, launch.parameters.iter());
    let values = entry.parameters.iter().map(|parameter| {
        if parameter.is_buffer {
            buffers += 1;
            buffer_address(buffers - 1)
        } else {
            words.next().copied().unwrap_or_default().into()
        }
    });
    values.collect()
}

/// Decides on orders.
struct Dice(Option<u64>);

impl Dice {
    fn new(order: Order) -> Self {
        match order {
            Order::Ascending => Self(None),
            Order::Shuffled { seed } => Self(Some(seed)),
        }
    }

    /// So many numbers in some order.
    fn order(&mut self, count: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count).collect();
        if let Some(state) = &mut self.0 {
            for left in (1..order.len()).rev() {
                order.swap(left, (mixed(state) % (left as u64 + 1)) as usize);
            }
        }
        order
    }
}

/// The next number of splitmix64.
fn mixed(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
