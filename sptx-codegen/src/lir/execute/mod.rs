//! The executor: what a kernel does, by definition.
//!
//! A workgroup's threads go through the body together, statement by statement, those that do not take part in a branch or
//! in a round of a loop waiting for the others; workgroups run one after another. A kernel without faults gives the same
//! in any order, up to the rounding of atomic additions. A kernel with faults does not, and the first one found is
//! reported.

mod memory;
mod shadow;
mod value;

#[cfg(test)]
mod tests;

use self::memory::{Memory, Span};
use self::value::{Registers, Slot, binary_f32, binary_u32, bits, convert, float, unary};

use super::print::Headline;
use super::verify::well_formed;
use super::{Atomic, Block, BufferId, Builtin, Expression, Kernel, Place, Scalar, Statement, Value};

/// How a kernel is launched.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Number of workgroups. With their threads there are fewer than 2^32.
    pub workgroups: u32,
    /// Threads of a subgroup, a power of two up to 128. Threads fill subgroups in order.
    pub subgroup: u32,
    /// The bits of each of the kernel's parameters, in order.
    pub parameters: &'a [u32],
}

/// What a kernel did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel `{kernel}`, workgroup {workgroup}, thread {thread}, at `{statement}`: {what}")]
pub struct Fault {
    /// Its name.
    pub kernel: String,
    /// The workgroup that did it.
    pub workgroup: u32,
    /// The thread in the workgroup.
    pub thread: u32,
    /// The statement.
    pub statement: String,
    /// What.
    pub what: What,
}

/// What a thread did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum What {
    #[error("`{place}[{index}; {lanes}]`, and `{place}` has {words} words")]
    OutOfBounds { place: String, index: u32, lanes: u8, words: usize },
    #[error("`{place}[{index}; {lanes}]`, and {index} is no multiple of {lanes}")]
    Misaligned { place: String, index: u32, lanes: u8 },
    #[error("word {index} of `{place}` is read, which the workgroup has not written")]
    Undefined { place: String, index: usize },
    #[error("word {index} of `{place}` is touched, and a copy to it is under way")]
    CopyUnderWay { place: String, index: usize },
    #[error("word {index} of `{place}`: a race with {}", other_thread(*.other))]
    Race { place: String, index: usize, other: Option<u32> },
    #[error("word {index} of `{place}`: a race with {}", other_workgroup(*.other))]
    RaceOfWorkgroups { place: String, index: usize, other: Option<u32> },
    #[error("a u32 is divided by 0")]
    DivisionByZero,
    #[error("a u32 is shifted by {by} bits")]
    Shift { by: u32 },
    #[error("others came here, and this thread did not")]
    Absent,
    #[error("the subgroup has no thread that differs by {mask}")]
    NoPartner { mask: u32 },
    #[error("the loop goes on by 0")]
    StepOfNothing,
    #[error("the loop's index wraps")]
    LoopWraps,
}

fn other_thread(other: Option<u32>) -> String {
    other.map_or_else(|| "several threads".to_owned(), |thread| format!("thread {thread}"))
}

fn other_workgroup(other: Option<u32>) -> String {
    other.map_or_else(|| "several workgroups".to_owned(), |workgroup| format!("workgroup {workgroup}"))
}

/// Runs a kernel on buffers, which it changes.
///
/// A buffer reaches as far as whole accesses of its lanes do: of seven words with four lanes, four can be accessed.
///
/// # Errors
/// The first fault. What the buffers hold then has no meaning.
///
/// # Panics
/// When the kernel breaks one of the rules 1 to 6 of [`verify`](super::verify()), or the launch does not fit it: other
/// numbers of parameters or buffers, a parameter that is not the multiple it is declared to be, too many threads, no size
/// of a subgroup.
pub fn execute(kernel: &Kernel, launch: Launch<'_>, buffers: &mut [Vec<u32>]) -> Result<(), Fault> {
    if let Err(mistakes) = well_formed(kernel) {
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        panic!("only well-formed kernels are executed:\n{}", lines.join("\n"));
    }
    check_launch(kernel, launch, buffers.len());
    let mut group =
        Group { kernel, launch, workgroup: 0, registers: Registers::new(kernel), memory: Memory::new(kernel, buffers) };
    let threads: Vec<u32> = (0..kernel.workgroup).collect();
    for workgroup in 0..launch.workgroups {
        group.workgroup = workgroup;
        group.memory.begin(workgroup);
        group.block(&kernel.body, &threads)?;
    }
    Ok(())
}

fn check_launch(kernel: &Kernel, launch: Launch<'_>, buffers: usize) {
    let name = &kernel.name;
    let Launch { workgroups, subgroup, parameters } = launch;
    assert_eq!(parameters.len(), kernel.parameters.len(), "`{name}`: parameters");
    assert_eq!(buffers, kernel.buffers.len(), "`{name}`: buffers");
    assert!(subgroup.is_power_of_two() && subgroup <= 128, "`{name}`: subgroups of {subgroup}");
    assert!(workgroups.checked_mul(kernel.workgroup).is_some(), "`{name}`: {workgroups} workgroups are too many");
    for ((_, parameter), word) in kernel.parameters.iter().zip(parameters) {
        let multiple = parameter.multiple_of;
        assert!(word.is_multiple_of(multiple), "`{name}`: {} is {word}, no multiple of {multiple}", parameter.name);
    }
}

/// A workgroup as it runs.
struct Group<'a> {
    kernel: &'a Kernel,
    launch: Launch<'a>,
    workgroup: u32,
    registers: Registers,
    memory: Memory<'a>,
}

impl Group<'_> {
    /// Runs a block by the threads that come to it.
    fn block(&mut self, block: &Block, active: &[u32]) -> Result<(), Fault> {
        block.iter().try_for_each(|statement| self.statement(statement, active))
    }

    fn statement(&mut self, statement: &Statement, active: &[u32]) -> Result<(), Fault> {
        match statement {
            Statement::If { condition, then, otherwise } => {
                let condition = self.registers.value(*condition);
                let (yes, no): (Vec<u32>, Vec<u32>) =
                    active.iter().partition(|thread| self.registers.get(condition, 0, **thread) != 0);
                for (branch, threads) in [(then, yes), (otherwise, no)] {
                    if !threads.is_empty() {
                        self.block(branch, &threads)?;
                    }
                }
                Ok(())
            }
            Statement::For { index, from, until, step, body } => {
                let mut active = active.to_vec();
                let [index, from, until, step] = [index, from, until, step].map(|it| self.registers.value(*it));
                self.registers.fill(index, &active, |registers, _, thread| registers.get(from, 0, thread));
                loop {
                    let registers = &self.registers;
                    active.retain(|thread| registers.get(index, 0, *thread) < registers.get(until, 0, *thread));
                    if active.is_empty() {
                        return Ok(());
                    }
                    self.block(body, &active)?;
                    self.advance(index, step, &active).map_err(|fault| self.fault(statement, fault))?;
                }
            }
            Statement::Change { buffer, index, held, body, value } => {
                let slots = [index, held, value].map(|it| self.registers.value(*it));
                active.iter().try_for_each(|thread| self.change(statement, (*buffer, body), slots, *thread))
            }
            simple => self.simple(simple, active).map_err(|fault| self.fault(simple, fault)),
        }
    }

    /// A change by one thread, with where its index, what the word holds and what it then holds are.
    fn change(
        &mut self,
        statement: &Statement,
        (buffer, body): (BufferId, &Block),
        [index, held, value]: [Slot; 3],
        thread: u32,
    ) -> Result<(), Fault> {
        let index = self.registers.get(index, 0, thread);
        let span = Span { place: Place::Buffer(buffer), index, lanes: 1, thread };
        let word = self.memory.read(span).map(|words| words[0]);
        let word = word.map_err(|what| self.fault(statement, (thread, what)))?;
        self.registers.put(held, 0, thread, word);
        self.block(body, &[thread])?;
        let word = self.registers.get(value, 0, thread);
        let written = self.memory.write(span).map(|words| words[0] = word);
        written.map_err(|what| self.fault(statement, (thread, what)))
    }

    fn fault(&self, statement: &Statement, (thread, what): (u32, What)) -> Fault {
        let statement = Headline(self.kernel, statement).to_string();
        Fault { kernel: self.kernel.name.clone(), workgroup: self.workgroup, thread, statement, what }
    }

    fn advance(&mut self, index: Slot, step: Slot, active: &[u32]) -> Result<(), (u32, What)> {
        self.registers.binary((index, index, step), active, |index, step| match step {
            0 => Err(What::StepOfNothing),
            _ => index.checked_add(step).ok_or(What::LoopWraps),
        })
    }

    /// A statement without blocks.
    fn simple(&mut self, statement: &Statement, active: &[u32]) -> Result<(), (u32, What)> {
        match statement {
            Statement::Let(value, expression) => self.define(*value, expression, active),
            Statement::Set(variable, value) => {
                let (to, from) = (self.registers.variable(*variable), self.registers.value(*value));
                self.registers.fill(to, active, |registers, lane, thread| registers.get(from, lane, thread));
                Ok(())
            }
            Statement::Store { place, index, value } => self.store(*place, *index, *value, active),
            Statement::Copy { shared, at, buffer, from, lanes } => {
                let [at, from] = [at, from].map(|index| self.registers.value(*index));
                for &thread in active {
                    let span = |place, index| Span {
                        place,
                        index: self.registers.get(index, 0, thread),
                        lanes: *lanes,
                        thread,
                    };
                    let (to, from) = (span(Place::Shared(*shared), at), span(Place::Buffer(*buffer), from));
                    self.memory.begin_copy(*shared, to, from).map_err(|what| (thread, what))?;
                }
                Ok(())
            }
            Statement::Await => {
                let ended = |thread: &u32| self.memory.end_copies(*thread).map_err(|what| (*thread, what));
                active.iter().try_for_each(ended)
            }
            Statement::Atomic { op, buffer, index, value } => {
                let add_f32 = self.kernel.buffers[*buffer].scalar == Scalar::F32;
                let change: fn(u32, u32) -> u32 = match op {
                    Atomic::Add if add_f32 => |old, by| (float(old) + float(by)).to_bits(),
                    Atomic::Add => u32::wrapping_add,
                    Atomic::Max => u32::max,
                };
                let (index, value) = (self.registers.value(*index), self.registers.value(*value));
                for &thread in active {
                    let (index, lanes) = (self.registers.get(index, 0, thread), value.lanes as u8);
                    let span = Span { place: Place::Buffer(*buffer), index, lanes, thread };
                    let words = self.memory.write(span).map_err(|what| (thread, what))?;
                    for (lane, word) in words.iter_mut().enumerate() {
                        *word = change(*word, self.registers.get(value, lane, thread));
                    }
                }
                Ok(())
            }
            Statement::Barrier(barrier) => {
                self.all_come(active)?;
                self.memory.barrier(*barrier);
                Ok(())
            }
            Statement::If { .. } | Statement::For { .. } | Statement::Change { .. } => {
                unreachable!("`statement` runs what has blocks")
            }
        }
    }

    /// All threads of the workgroup take part.
    fn all_come(&self, active: &[u32]) -> Result<(), (u32, What)> {
        let absent = (0..self.kernel.workgroup).zip(active.iter().map(Some).chain(std::iter::repeat(None)));
        match absent.into_iter().find(|(thread, came)| *came != Some(thread)) {
            Some((thread, _)) => Err((thread, What::Absent)),
            None => Ok(()),
        }
    }

    fn define(&mut self, value: Value, expression: &Expression, active: &[u32]) -> Result<(), (u32, What)> {
        let to = self.registers.value(value);
        let at = |value: &Value| self.registers.value(*value);
        match expression {
            Expression::Constant(constant) => {
                let bits = bits(*constant);
                self.registers.fill(to, active, |_, _, _| bits);
            }
            Expression::Parameter(parameter) => {
                let word = self.launch.parameters[parameter.index()];
                self.registers.fill(to, active, |_, _, _| word);
            }
            Expression::Builtin(builtin) => {
                let of = self.builtin(*builtin);
                self.registers.fill(to, active, |_, _, thread| of(thread));
            }
            Expression::Get(variable) => {
                let from = self.registers.variable(*variable);
                self.registers.fill(to, active, |registers, lane, thread| registers.get(from, lane, thread));
            }
            Expression::Unary(op, a) => {
                let (of, a) = (unary(*op), at(a));
                self.registers.fill(to, active, |registers, lane, thread| of(registers.get(a, lane, thread)));
            }
            Expression::Binary(op, a, b) => {
                let slots = (to, at(a), at(b));
                if self.kernel.ty(*a).scalar == Scalar::F32 {
                    let of = binary_f32(*op);
                    return self.registers.binary(slots, active, |a, b| Ok(of(a, b)));
                }
                return self.registers.binary(slots, active, |a, b| binary_u32(*op, a, b));
            }
            Expression::MultiplyAdd(a, b, c) => {
                let [a, b, c] = [a, b, c].map(at);
                self.registers.fill(to, active, |registers, lane, thread| {
                    let [a, b, c] = [a, b, c].map(|slot| float(registers.get(slot, lane, thread)));
                    a.mul_add(b, c).to_bits()
                });
            }
            Expression::Select { condition, yes, no } => {
                let [condition, yes, no] = [condition, yes, no].map(at);
                self.registers.fill(to, active, |registers, lane, thread| {
                    let chosen = if registers.get(condition, lane, thread) != 0 { yes } else { no };
                    registers.get(chosen, lane, thread)
                });
            }
            Expression::Convert(scalar, a) => {
                let (of, a) = (convert(self.kernel.ty(*a).scalar, *scalar), at(a));
                self.registers.fill(to, active, |registers, lane, thread| of(registers.get(a, lane, thread)));
            }
            Expression::Bits(_, a) => {
                let a = at(a);
                self.registers.fill(to, active, |registers, lane, thread| registers.get(a, lane, thread));
            }
            Expression::Splat(a, _) => {
                let a = at(a);
                self.registers.fill(to, active, |registers, _, thread| registers.get(a, 0, thread));
            }
            Expression::Lane(a, lane) => {
                let (a, lane) = (at(a), usize::from(*lane));
                self.registers.fill(to, active, |registers, _, thread| registers.get(a, lane, thread));
            }
            Expression::Join(lanes) => {
                let lanes: Vec<Slot> = lanes.iter().map(at).collect();
                self.registers.fill(to, active, |registers, lane, thread| registers.get(lanes[lane], 0, thread));
            }
            Expression::Load { place, index, .. } => return self.load(to, *place, *index, active),
            Expression::Exchange { value, mask } => return self.exchange(to, *value, *mask, active),
        }
        Ok(())
    }

    /// What a thread knows of its place.
    fn builtin(&self, builtin: Builtin) -> impl Fn(u32) -> u32 + use<> {
        let (workgroup, Launch { workgroups, subgroup, .. }) = (self.workgroup, self.launch);
        move |thread| match builtin {
            Builtin::Thread => thread,
            Builtin::Workgroup => workgroup,
            Builtin::Workgroups => workgroups,
            Builtin::SubgroupThread => thread % subgroup,
            Builtin::Subgroup => thread / subgroup,
            Builtin::SubgroupSize => subgroup,
        }
    }

    fn load(&mut self, to: Slot, place: Place, index: Value, active: &[u32]) -> Result<(), (u32, What)> {
        let index = self.registers.value(index);
        for &thread in active {
            let span = Span { place, index: self.registers.get(index, 0, thread), lanes: to.lanes as u8, thread };
            let words = self.memory.read(span).map_err(|what| (thread, what))?;
            for (lane, word) in words.iter().enumerate() {
                self.registers.put(to, lane, thread, *word);
            }
        }
        Ok(())
    }

    fn store(&mut self, place: Place, index: Value, value: Value, active: &[u32]) -> Result<(), (u32, What)> {
        let (index, value) = (self.registers.value(index), self.registers.value(value));
        for &thread in active {
            let span = Span { place, index: self.registers.get(index, 0, thread), lanes: value.lanes as u8, thread };
            let words = self.memory.write(span).map_err(|what| (thread, what))?;
            for (lane, word) in words.iter_mut().enumerate() {
                *word = self.registers.get(value, lane, thread);
            }
        }
        Ok(())
    }

    fn exchange(&mut self, to: Slot, value: Value, mask: u32, active: &[u32]) -> Result<(), (u32, What)> {
        self.all_come(active)?;
        let (subgroup, threads) = (self.launch.subgroup, self.kernel.workgroup);
        let partner = |thread: u32| Some(thread ^ mask).filter(|other| mask < subgroup && *other < threads);
        if let Some(&alone) = active.iter().find(|thread| partner(**thread).is_none()) {
            return Err((alone, What::NoPartner { mask }));
        }
        let value = self.registers.value(value);
        self.registers.fill(to, active, |registers, lane, thread| registers.get(value, lane, thread ^ mask));
        Ok(())
    }
}
