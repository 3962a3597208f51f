//! Kernels for tests: some that are right, and random ones that may be.

use std::cell::RefCell;

use super::{
    Access, Atomic, Barrier, Binary, BufferId, Builder, Builtin, Expression, Kernel, Place, Scalar, SharedId, Type,
    Unary, Value, VariableId,
};
use crate::testing::Random;

/// Four words for each thread, over a grid of any size.
pub(super) fn copy() -> Kernel {
    let mut k = Builder::new("copy", "Copies words, four at a time.", 32);
    let count = k.parameter("count", Scalar::U32, 4);
    let from = Place::Buffer(k.buffer("from", Scalar::F32, 4, Access::Read));
    let to = Place::Buffer(k.buffer("to", Scalar::F32, 4, Access::ReadWrite));
    let first = global_thread(&mut k);
    let first = k.mul_u32(first, 4);
    let workgroups = k.builtin(Builtin::Workgroups);
    let (words, four) = (k.mul_u32(workgroups, 32 * 4), k.u32(4));
    let step = k.binary(Binary::Max, words, four);
    k.repeat(first, count, step, |k, index| {
        let words = k.load(from, index, 4);
        k.store(to, index, words);
    });
    k.finish()
}

/// The number of a thread in the grid.
pub(super) fn global_thread(k: &mut Builder) -> Value {
    let (thread, workgroup) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let threads = k.kernel().workgroup;
    let first = k.mul_u32(workgroup, threads);
    let global = k.add(first, thread);
    k.name(global, "global")
}

/// The sum of each workgroup's 64 numbers, by halves in shared memory.
pub(super) fn tree() -> Kernel {
    let mut k = Builder::new("tree", "Adds up 64 numbers.", 64);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::Read));
    let sums = Place::Buffer(k.buffer("sums", Scalar::F32, 1, Access::ReadWrite));
    let partial = Place::Shared(k.shared("partial", Scalar::F32, 64));
    let (thread, workgroup) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let global = global_thread(&mut k);
    let number = k.load(numbers, global, 1);
    k.store(partial, thread, number);
    k.barrier(Barrier::Shared);
    let (zero, one, rounds, half) = (k.u32(0), k.u32(1), k.u32(6), k.u32(32));
    k.repeat(zero, rounds, one, |k, round| {
        let stride = k.binary(Binary::ShiftRight, half, round);
        let below = k.less(thread, stride);
        k.when(below, |k| {
            let other = k.add(thread, stride);
            let (mine, other) = (k.load(partial, thread, 1), k.load(partial, other, 1));
            let sum = k.add(mine, other);
            k.store(partial, thread, sum);
        });
        k.barrier(Barrier::Shared);
    });
    let first = k.binary(Binary::Equal, thread, zero);
    k.when(first, |k| {
        let sum = k.load(partial, zero, 1);
        k.store(sums, workgroup, sum);
    });
    k.finish()
}

/// The sum of each subgroup's numbers in every thread, whatever the size.
pub(super) fn butterfly() -> Kernel {
    let mut k = Builder::new("butterfly", "Adds up the numbers of each subgroup.", 32);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::U32, 1, Access::Read));
    let sums = Place::Buffer(k.buffer("sums", Scalar::U32, 1, Access::ReadWrite));
    let global = global_thread(&mut k);
    let number = k.load(numbers, global, 1);
    let sum = k.variable(number);
    let size = k.builtin(Builtin::SubgroupSize);
    for mask in [1, 2, 4, 8, 16] {
        let limit = k.u32(mask);
        let within = k.less(limit, size);
        k.when(within, |k| {
            let mine = k.get(sum);
            let other = k.exchange(mine, mask);
            let both = k.add(mine, other);
            k.set(sum, both);
        });
    }
    let sum = k.get(sum);
    k.store(sums, global, sum);
    k.finish()
}

/// A square matrix of `size` rows, transposed by tiles of 8 × 8, a workgroup for each tile.
pub(super) fn transpose() -> Kernel {
    let mut k = Builder::new("transpose", "Transposes a square matrix.", 64);
    let size = k.parameter("size", Scalar::U32, 1);
    let matrix = Place::Buffer(k.buffer("matrix", Scalar::F32, 1, Access::Read));
    let turned = Place::Buffer(k.buffer("turned", Scalar::F32, 1, Access::ReadWrite));
    let tile = Place::Shared(k.shared("tile", Scalar::F32, 8 * 9));
    let (thread, workgroup) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let eight = k.u32(8);
    let (row, column) = (k.div(thread, eight), k.rem(thread, eight));
    let up = k.add_u32(size, 7);
    let tiles = k.div(up, eight);
    let (down, across) = (k.div(workgroup, tiles), k.rem(workgroup, tiles));
    let (top, left) = (k.mul(down, eight), k.mul(across, eight));
    let within = |k: &mut Builder, a: Value, b: Value| {
        let (a, b) = (k.less(a, size), k.less(b, size));
        k.binary(Binary::And, a, b)
    };
    let (i, j) = (k.add(top, row), k.add(left, column));
    let inside = within(&mut k, i, j);
    k.when(inside, |k| {
        let first = k.mul(i, size);
        let index = k.add(first, j);
        let number = k.load(matrix, index, 1);
        let pitch = k.mul_u32(row, 9);
        let index = k.add(pitch, column);
        k.store(tile, index, number);
    });
    k.barrier(Barrier::Shared);
    let (i, j) = (k.add(left, row), k.add(top, column));
    let inside = within(&mut k, i, j);
    k.when(inside, |k| {
        let pitch = k.mul_u32(column, 9);
        let index = k.add(pitch, row);
        let number = k.load(tile, index, 1);
        let first = k.mul(i, size);
        let index = k.add(first, j);
        k.store(turned, index, number);
    });
    k.finish()
}

/// What a kernel that copies to shared memory does, and what one that is wrong leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Waits for the copies, then for the other threads.
    Both,
    /// For the copies alone.
    Copies,
    /// For the other threads alone.
    Threads,
    /// For nothing, and reads what it has begun to copy itself.
    Nothing,
}

/// Turns round the quads of eight threads, which are copied to shared memory.
pub(super) fn quads(wait: Wait) -> Kernel {
    let mut k = Builder::new("quads", "Turns quads round.", 8);
    let numbers = k.buffer("numbers", Scalar::F32, 4, Access::Read);
    let turned = Place::Buffer(k.buffer("turned", Scalar::F32, 4, Access::ReadWrite));
    let tile = k.shared("tile", Scalar::F32, 32);
    let (thread, group, last) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup), k.u32(7));
    let (first, own) = (k.mul_u32(group, 32), k.mul_u32(thread, 4));
    let from = k.add(first, own);
    k.copy(tile, own, numbers, from, 4);
    if matches!(wait, Wait::Both | Wait::Copies) {
        k.await_copies();
    }
    if matches!(wait, Wait::Both | Wait::Threads) {
        k.barrier(Barrier::Shared);
    }
    let read = if wait == Wait::Nothing { thread } else { k.sub(last, thread) };
    let read = k.mul_u32(read, 4);
    let quad = k.load(Place::Shared(tile), read, 4);
    k.store(turned, from, quad);
    k.finish()
}

/// How often each number below 8 occurs, and the greatest.
pub(super) fn histogram() -> Kernel {
    let mut k = Builder::new("histogram", "Counts numbers.", 16);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::U32, 1, Access::Read));
    let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
    let greatest = k.buffer("greatest", Scalar::U32, 1, Access::Atomic);
    let global = global_thread(&mut k);
    let number = k.load(numbers, global, 1);
    let (zero, one) = (k.u32(0), k.u32(1));
    k.atomic(Atomic::Add, counts, number, one);
    k.atomic(Atomic::Max, greatest, zero, number);
    k.finish()
}

/// Adds each number to one of the sums, and notes which sums those are by bits of one word.
pub(super) fn scatter() -> Kernel {
    let mut k = Builder::new("scatter", "Adds numbers to sums.", 16);
    let places = Place::Buffer(k.buffer("places", Scalar::U32, 1, Access::Read));
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::Read));
    let sums = k.buffer("sums", Scalar::F32, 1, Access::Atomic);
    let seen = k.buffer("seen", Scalar::U32, 1, Access::Atomic);
    let global = global_thread(&mut k);
    let (place, number) = (k.load(places, global, 1), k.load(numbers, global, 1));
    k.atomic(Atomic::Add, sums, place, number);
    let (zero, one) = (k.u32(0), k.u32(1));
    let bit = k.binary(Binary::ShiftLeft, one, place);
    k.change(seen, zero, |k, held| k.binary(Binary::Or, held, bit));
    k.finish()
}

/// A random kernel of this many threads: it may break the rules that are proved, of steps, alignment, bounds and
/// uniformity, and no others. It runs to its end, unless it breaks these. With several threads it does not write shared
/// memory once that is filled, so that it does not end with a race.
///
/// Its parameters are `a`, a multiple of 1, and `b`, of 4; its buffers `data`, of 16 words, `out`, one
/// for each thread of the grid, and `counts`, of 8.
pub(super) fn random_kernel(seed: u64, threads: u32) -> Kernel {
    let mut k = Builder::new("random", "", threads);
    let (a, b) = (k.parameter("a", Scalar::U32, 1), k.parameter("b", Scalar::U32, 4));
    let data = Place::Buffer(k.buffer("data", Scalar::U32, 1, Access::Read));
    let out = Place::Buffer(k.buffer("out", Scalar::U32, 1, Access::ReadWrite));
    let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
    let shared = k.shared("cells", Scalar::U32, CELLS);
    let (zero, one, cells) = (k.u32(0), k.u32(1), k.u32(CELLS));
    let thread = k.builtin(Builtin::Thread);
    let first = k.binary(Binary::Equal, thread, zero);
    k.when(first, |k| {
        k.repeat(zero, cells, one, |k, index| k.store(Place::Shared(shared), index, index));
    });
    k.barrier(Barrier::Shared);
    let mut draw = Draw {
        random: Random::new(seed),
        numbers: vec![a, b, thread],
        variables: vec![],
        data,
        counts,
        shared,
        alone: threads == 1,
    };
    for _ in 0..2 {
        let initial = draw.number(&mut k, 1);
        let variable = k.variable(initial);
        draw.variables.push(variable);
    }
    draw.block(&mut k, 3);
    let last = draw.number(&mut k, 2);
    let global = global_thread(&mut k);
    k.store(out, global, last);
    for variable in draw.variables {
        let held = k.get(variable);
        k.store(out, global, held);
    }
    k.finish()
}

/// Words of a random kernel's array.
const CELLS: u32 = 32;

struct Draw {
    random: Random,
    /// What can be read here.
    numbers: Vec<Value>,
    variables: Vec<VariableId>,
    data: Place,
    counts: BufferId,
    shared: SharedId,
    alone: bool,
}

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.random.below(bound as usize) as u32
    }

    fn block(&mut self, k: &mut Builder, depth: u32) {
        let outside = self.numbers.len();
        for _ in 0..1 + self.below(3) {
            self.statement(k, depth);
        }
        self.numbers.truncate(outside);
    }

    fn statement(&mut self, k: &mut Builder, depth: u32) {
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0 | 1 => {
                let number = self.number(k, 2);
                self.numbers.push(number);
            }
            2 => {
                let (variable, number) = (self.random.pick(&self.variables), self.number(k, 2));
                k.set(variable, number);
            }
            3 | 4 if self.below(8) == 0 => self.count(k),
            3 | 4 => self.access(k),
            5 if self.alone => k.barrier(Barrier::Shared),
            5 if self.below(3) == 0 => self.meet(k),
            5 => {
                let condition = self.condition(k, 0);
                k.when(condition, |k| self.meet(k));
            }
            6 | 7 => {
                let condition = self.condition(k, 1);
                let both = self.below(2) == 0;
                let this = RefCell::new(&mut *self);
                let otherwise = |k: &mut Builder| this.borrow_mut().block(k, depth - 1);
                let then = |k: &mut Builder| this.borrow_mut().block(k, depth - 1);
                k.choose(condition, then, |k| {
                    if both {
                        otherwise(k);
                    }
                });
            }
            _ => {
                let (from, step) = (self.number(k, 1), self.step(k));
                let until = self.number(k, 1);
                let most = k.u32(7);
                let until = k.binary(Binary::And, until, most);
                k.repeat(from, until, step, |k, index| {
                    self.numbers.push(index);
                    self.block(k, depth - 1);
                    self.numbers.pop();
                });
            }
        }
    }

    /// Where all threads must come.
    fn meet(&mut self, k: &mut Builder) {
        if self.below(2) == 0 {
            k.barrier(Barrier::Buffers);
        } else {
            let number = self.recent();
            let other = k.exchange(number, 1);
            // Read by something that stays, so that the exchange does; and uniform no more.
            let variable = self.random.pick(&self.variables);
            k.set(variable, other);
        }
    }

    fn recent(&mut self) -> Value {
        let last = self.numbers.len().saturating_sub(3);
        let first = if self.below(2) == 0 { last } else { 0 };
        self.random.pick(&self.numbers[first..])
    }

    fn step(&mut self, k: &mut Builder) -> Value {
        match self.below(4) {
            0 => self.number(k, 1),
            1 => {
                let (number, one) = (self.number(k, 1), k.u32(1));
                k.binary(Binary::Max, number, one)
            }
            _ => {
                let step = 1 + self.below(4);
                k.u32(step)
            }
        }
    }

    /// Reads or writes shared memory, at an index that is often within it and often a multiple.
    fn access(&mut self, k: &mut Builder) {
        let lanes = self.random.pick(&[1_u8, 2, 4]);
        let depth = self.below(3);
        let mut index = self.number(k, depth);
        for _ in 0..2 {
            let (op, bounds): (_, &[u32]) = match self.below(7) {
                0 | 1 => (Binary::And, &[3, 4, 7, 12, 28, 31]),
                2 => (Binary::Rem, &[4, 5, 8, 12, 16, 32, 33]),
                3 => (Binary::Min, &[4, 8, 28, 30, 31, 32]),
                4 => (Binary::Mul, &[2, 3, 4, 8]),
                5 => (Binary::ShiftLeft, &[1, 2, 3]),
                _ => continue,
            };
            let bound = self.random.pick(bounds);
            let bound = k.u32(bound);
            index = k.binary(op, index, bound);
        }
        let place = Place::Shared(self.shared);
        if self.alone && self.below(2) == 0 {
            let number = self.number(k, 1);
            let vector = k.splat(number, lanes);
            k.store(place, index, vector);
        } else {
            let vector = k.load(place, index, lanes);
            let lane = self.below(lanes.into()) as u8;
            let number = k.lane(vector, lane);
            self.numbers.push(number);
            // Read by something that stays, so that the load does.
            k.set(self.variables[0], number);
        }
    }

    /// Changes a word that others may change too.
    fn count(&mut self, k: &mut Builder) {
        let (number, last) = (self.number(k, 1), k.u32(7));
        let index = k.binary(Binary::And, number, last);
        let number = self.recent();
        match self.below(4) {
            0 => k.atomic(Atomic::Add, self.counts, index, number),
            1 => k.atomic(Atomic::Max, self.counts, index, number),
            _ => {
                let op = self.random.pick(&[Binary::Add, Binary::Xor, Binary::Min]);
                k.change(self.counts, index, |k, held| k.binary(op, held, number));
            }
        }
    }

    fn condition(&mut self, k: &mut Builder, depth: u32) -> Value {
        if depth > 0 && self.below(3) == 0 {
            let (a, b) = (self.condition(k, 0), self.condition(k, 0));
            return match self.below(3) {
                0 => k.unary(Unary::Not, a),
                1 => k.binary(Binary::And, a, b),
                _ => k.binary(Binary::Or, a, b),
            };
        }
        let op = self.random.pick(&[
            Binary::Less,
            Binary::Less,
            Binary::LessEqual,
            Binary::Greater,
            Binary::GreaterEqual,
            Binary::Equal,
            Binary::NotEqual,
        ]);
        let (mut a, b) = (self.number(k, 1), self.number(k, 1));
        if self.below(3) == 0 {
            let (op, divisor) = self.random.pick(&[(Binary::Rem, 4), (Binary::Rem, 10), (Binary::And, 7)]);
            let (number, divisor) = (self.recent(), k.u32(divisor));
            a = k.binary(op, number, divisor);
        }
        k.binary(op, a, b)
    }

    fn number(&mut self, k: &mut Builder, depth: u32) -> Value {
        let choice = self.below(if depth == 0 { 8 } else { 16 });
        match choice {
            0..=2 => self.recent(),
            3 => {
                let known = match self.below(8) {
                    0 => u32::MAX - self.below(8),
                    _ => self.below(40),
                };
                k.u32(known)
            }
            4 | 5 => {
                let variable = self.random.pick(&self.variables_or_none());
                match variable {
                    Some(variable) => k.get(variable),
                    None => k.u32(4),
                }
            }
            6 => {
                let builtin = self.random.pick(&[
                    Builtin::Workgroup,
                    Builtin::Workgroups,
                    Builtin::SubgroupThread,
                    Builtin::Subgroup,
                    Builtin::SubgroupSize,
                ]);
                k.builtin(builtin)
            }
            7 => {
                let (number, last) = (self.random.pick(&self.numbers), k.u32(15));
                let index = k.binary(Binary::And, number, last);
                k.load(self.data, index, 1)
            }
            8 => {
                let condition = self.condition(k, 0);
                let (yes, no) = (self.number(k, depth - 1), self.number(k, depth - 1));
                k.select(condition, yes, no)
            }
            9 => {
                let condition = self.condition(k, 0);
                k.define(Expression::Convert(Scalar::U32, condition))
            }
            10 => {
                let lanes = [self.number(k, depth - 1), self.number(k, depth - 1)];
                let vector = k.join(&lanes);
                k.lane(vector, 1)
            }
            _ => self.arithmetic(k, depth),
        }
    }

    fn variables_or_none(&self) -> Vec<Option<VariableId>> {
        if self.variables.is_empty() { vec![None] } else { self.variables.iter().copied().map(Some).collect() }
    }

    fn arithmetic(&mut self, k: &mut Builder, depth: u32) -> Value {
        let a = self.number(k, depth - 1);
        let op = self.random.pick(&[
            Binary::Add,
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Rem,
            Binary::Min,
            Binary::Max,
            Binary::And,
            Binary::Or,
            Binary::Xor,
            Binary::ShiftLeft,
            Binary::ShiftRight,
            Binary::MulHigh,
        ]);
        let b = match op {
            Binary::Div | Binary::Rem => {
                let (number, some) = (self.number(k, depth - 1), self.below(9) + 1);
                let some = k.u32(some);
                k.binary(Binary::Max, number, some)
            }
            Binary::ShiftLeft | Binary::ShiftRight => {
                let (number, most) = (self.number(k, depth - 1), self.random.pick(&[1, 2, 7, 31]));
                let most = k.u32(most);
                k.binary(Binary::And, number, most)
            }
            _ => self.number(k, depth - 1),
        };
        debug_assert_eq!(k.ty(b), Type::U32);
        k.binary(op, a, b)
    }
}
