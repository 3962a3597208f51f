//! A warp: which of its threads run, and where.

use std::collections::VecDeque;

use super::group::{Context, WARP};
use super::registers::{Lanes, Registers, Trouble};
use super::transfer::Pending;

use crate::error::{Fault, What};
use crate::instruction::{Guard, Instruction, Operand, Operation, Special};

/// Threads that are at one place.
#[derive(Clone, Copy, Debug)]
struct Frame {
    instruction: usize,
    mask: u32,
    /// Here they wait for those that the frame below is for.
    join: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Waiting { number: u32, instruction: usize },
    Done,
}

pub(super) struct Warp {
    number: u32,
    /// The lanes that have a thread.
    present: u32,
    /// The lanes whose thread has not ended.
    pub(super) alive: u32,
    frames: Vec<Frame>,
    state: State,
    pub(super) registers: Registers,
    /// Copies of each lane that are under way: groups, and what no group has yet.
    pub(super) copies: [(VecDeque<Vec<Pending>>, Vec<Pending>); 32],
}

impl Warp {
    pub(super) fn new(number: u32, threads: u32, registers: usize) -> Self {
        Self {
            number,
            present: u32::MAX >> (WARP - threads),
            alive: 0,
            frames: Vec::new(),
            state: State::Done,
            registers: Registers::new(registers),
            copies: Default::default(),
        }
    }

    /// Begins a workgroup.
    pub(super) fn begin(&mut self) {
        self.alive = self.present;
        self.frames = vec![Frame { instruction: 0, mask: self.present, join: usize::MAX }];
        self.state = State::Ready;
        self.registers.clear();
        self.copies = Default::default();
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Leaves the barrier that it waits at.
    pub(super) fn go_on(&mut self) {
        self.state = State::Ready;
    }

    /// Runs up to a barrier or to the end.
    pub(super) fn run(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        let code = &context.entry.code;
        while self.state == State::Ready {
            match self.frames.last() {
                None => self.state = State::Done,
                Some(frame) if frame.instruction == frame.join => {
                    self.frames.pop();
                }
                Some(&frame) => {
                    let stepped = self.step(&code[frame.instruction], frame, context);
                    stepped
                        .map_err(|(lane, what)| context.fault(frame.instruction, self.number * WARP + lane, what))?;
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, instruction: &Instruction, frame: Frame, context: &mut Context<'_>) -> Result<(), Trouble> {
        context.statistics.instructions += 1;
        if context.statistics.instructions > context.budget {
            return Err((frame.mask.trailing_zeros(), What::Endless { budget: context.budget }));
        }
        let active = self.active(instruction.guard, frame.mask, context)?;
        match &instruction.operation {
            Operation::Branch(branch) => {
                let others = frame.mask & !active;
                if others == 0 {
                    self.jump(branch.to);
                } else if active == 0 {
                    self.jump(frame.instruction + 1);
                } else if branch.uniform {
                    return Err((active.trailing_zeros(), What::NotUniform));
                } else {
                    self.part(frame, branch.join, [(frame.instruction + 1, others), (branch.to, active)]);
                }
                return Ok(());
            }
            _ if active == 0 => {}
            Operation::Barrier { number } => {
                if active != self.present {
                    return Err(((self.present & !active).trailing_zeros(), What::Absent));
                }
                self.state = State::Waiting { number: *number, instruction: frame.instruction };
            }
            Operation::Exit => {
                self.jump(frame.instruction + 1);
                self.end(active);
                return Ok(());
            }
            Operation::Trap => return Err((active.trailing_zeros(), What::Trap)),
            operation => self.execute(operation, active, context)?,
        }
        self.jump(frame.instruction + 1);
        Ok(())
    }

    /// The lanes that take part in an instruction.
    fn active(&self, guard: Option<Guard>, mask: u32, context: &Context<'_>) -> Result<u32, Trouble> {
        let Some(Guard { slot, negated }) = guard else { return Ok(mask) };
        let values = self.read(Operand::Register(slot), mask, context)?;
        let holds = (0..32).filter(|lane| (values[*lane] != 0) != negated).fold(0, |holds, lane| holds | (1 << lane));
        Ok(mask & holds)
    }

    fn jump(&mut self, to: usize) {
        if let Some(top) = self.frames.last_mut() {
            top.instruction = to;
        }
    }

    /// Both sides of a branch run, the second first, and come together at `join`.
    fn part(&mut self, frame: Frame, join: usize, sides: [(usize, u32); 2]) {
        if frame.join == join {
            self.frames.pop();
        } else {
            self.jump(join);
        }
        self.frames.extend(sides.map(|(instruction, mask)| Frame { instruction, mask, join }));
    }

    /// Ends threads.
    fn end(&mut self, ended: u32) {
        self.alive &= !ended;
        self.frames.iter_mut().for_each(|frame| frame.mask &= !ended);
        self.frames.retain(|frame| frame.mask != 0);
    }

    /// An operand's value for each lane.
    pub(super) fn read(&self, operand: Operand, active: u32, context: &Context<'_>) -> Result<Lanes, Trouble> {
        Ok(match operand {
            Operand::Register(slot) => *self.registers.get(slot, active).map_err(|lane| {
                (lane, What::Uninitialised { register: context.entry.registers[slot as usize].clone() })
            })?,
            Operand::Constant(value) => [value; 32],
            Operand::Special(special) => match special {
                Special::Thread => std::array::from_fn(|lane| u64::from(self.number * WARP) + lane as u64),
                Special::Lane => std::array::from_fn(|lane| lane as u64),
                Special::Threads => [context.launch.threads.into(); 32],
                Special::Workgroup => [context.workgroup.into(); 32],
                Special::Workgroups => [context.launch.workgroups.into(); 32],
                Special::Warp => [self.number.into(); 32],
            },
        })
    }
}
