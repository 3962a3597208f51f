//! A workgroup: its warps, from barrier to barrier.

use super::memory::Memory;
use super::warp::{State, Warp};
use super::{Dice, Launch, Machine, Statistics};

use crate::error::{At, Fault, What};
use crate::module::Entry;

/// Threads of a warp.
pub(super) const WARP: u32 = 32;

/// What warps share.
pub(super) struct Context<'a> {
    pub(super) entry: &'a Entry,
    pub(super) launch: Launch<'a>,
    pub(super) parameters: Vec<u64>,
    pub(super) workgroup: u32,
    pub(super) memory: Memory<'a>,
    pub(super) statistics: Statistics,
    pub(super) budget: u64,
}

impl Context<'_> {
    /// A fault of a thread at an instruction.
    pub(super) fn fault(&self, instruction: usize, thread: u32, what: What) -> Fault {
        let line = self.entry.code[instruction].line;
        let text = self.entry.line(line).to_owned();
        let at = At { line, text, workgroup: self.workgroup, thread };
        Fault { kernel: self.entry.name.clone(), at: Some(at), what }
    }
}

/// A workgroup as it runs.
pub(super) struct Group<'a> {
    context: Context<'a>,
    warps: Vec<Warp>,
}

impl<'a> Group<'a> {
    pub(super) fn new(
        machine: Machine,
        entry: &'a Entry,
        launch: Launch<'a>,
        parameters: Vec<u64>,
        memory: Memory<'a>,
    ) -> Self {
        let (statistics, budget) = (Statistics::default(), machine.budget);
        let context = Context { entry, launch, parameters, workgroup: 0, memory, statistics, budget };
        let warps = (0..launch.threads.div_ceil(WARP)).map(|number| {
            let threads = (launch.threads - number * WARP).min(WARP);
            Warp::new(number, threads, entry.registers.len())
        });
        Self { context, warps: warps.collect() }
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.context.statistics
    }

    /// Runs a workgroup to its end.
    pub(super) fn run(&mut self, workgroup: u32, dice: &mut Dice) -> Result<(), Fault> {
        self.context.workgroup = workgroup;
        self.context.memory.begin(workgroup);
        self.warps.iter_mut().for_each(Warp::begin);
        loop {
            for number in dice.order(self.warps.len() as u32) {
                self.warps[number as usize].run(&mut self.context)?;
            }
            if self.warps.iter().all(|warp| warp.state() == State::Done) {
                return Ok(());
            }
            self.meet()?;
        }
    }

    /// All warps have come to a barrier, which must be the same.
    fn meet(&mut self) -> Result<(), Fault> {
        let mut met: Option<(u32, usize)> = None;
        for warp in &self.warps {
            if let State::Waiting { number, instruction } = warp.state() {
                let (other, _) = *met.get_or_insert((number, instruction));
                if number != other {
                    let what = What::OtherBarrier { number, other };
                    return Err(self.context.fault(instruction, warp.number() * WARP, what));
                }
            }
        }
        let absent = self.warps.iter().find(|warp| warp.state() == State::Done);
        if let (Some(absent), Some((_, instruction))) = (absent, met) {
            return Err(self.context.fault(instruction, absent.number() * WARP, What::Absent));
        }
        self.context.memory.barrier();
        self.context.statistics.barriers += 1;
        self.warps.iter_mut().for_each(Warp::go_on);
        Ok(())
    }
}
