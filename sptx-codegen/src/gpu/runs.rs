//! The rows that are hit, as kernels find them in `runs`, and the sums of their pieces.
//!
//! A run of many hits has many pieces, whose sums one row of threads could add up only one after another, each waiting for
//! the one before. So the pieces of a group that is of one row are joined ahead ([`join`]), and what joins a row's pieces
//! takes the groups among them as one each, and reads several numbers at once before it adds them in their order. A row of
//! 30 000 hits has about a thousand pieces: without groups 1000 reads in turn, with them 32 in turn by each of 31 rows of
//! threads, then 31 and those before and behind them, four at a time.

use sptx_runtime::gpu::{GROUP, RUN_WORDS, RUNS_HEAD, Role, Schedule};
use sptx_runtime::program::{Model, Owner};

use super::rows::{Element, Rows, place};
use super::{Plan, kernel_name, owner_name, trained_planes};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value, VariableId};

/// Numbers that are read at once, to be added one after another.
const AHEAD: u32 = 4;

/// What `runs` says of a row.
#[derive(Clone, Copy)]
pub(super) enum Word {
    /// Its number.
    Number,
    /// Its first piece.
    Piece,
    /// Its first hit.
    Hit,
}

/// The array `runs`.
#[derive(Clone, Copy)]
pub(super) struct Runs(Place);

impl Runs {
    /// Adds the buffer.
    pub(super) fn new(k: &mut Builder, access: Access) -> Self {
        Self(Place::Buffer(k.buffer("runs", Scalar::U32, 1, access)))
    }

    pub(super) fn place(self) -> Place {
        self.0
    }

    /// How many rows are touched.
    pub(super) fn rows(self, k: &mut Builder) -> Value {
        let at = k.u32(0);
        k.load(self.0, at, 1)
    }

    /// How many pieces there are.
    pub(super) fn pieces(self, k: &mut Builder) -> Value {
        let at = k.u32(1);
        k.load(self.0, at, 1)
    }

    /// Where something of a touched row is.
    pub(super) fn at(k: &mut Builder, row: Value, what: Word) -> Value {
        let from = k.mul_u32(row, RUN_WORDS as u32);
        k.add_u32(from, RUNS_HEAD as u32 + what as u32)
    }

    /// Something of a touched row.
    pub(super) fn get(self, k: &mut Builder, row: Value, what: Word) -> Value {
        let at = Self::at(k, row, what);
        k.load(self.0, at, 1)
    }

    /// From where to where a touched row has its pieces, or its hits.
    pub(super) fn range(self, k: &mut Builder, row: Value, what: Word) -> [Value; 2] {
        let next = k.add_u32(row, 1);
        let range = [self.get(k, row, what), self.get(k, next, what)];
        k.name(range[0], "begin");
        k.name(range[1], "end");
        range
    }
}

/// The sums that a row's gradient is made of: of its pieces, or where these are joined in groups, of the groups.
pub(super) struct Parts {
    partial: Place,
    /// The first piece.
    first: Value,
    /// How many pieces stand before the first group, and how many groups there are.
    before: Value,
    groups: Value,
    /// How many sums there are.
    count: Value,
}

impl Parts {
    /// Those of the pieces in a range.
    pub(super) fn new(k: &mut Builder, partial: Place, [from, until]: [Value; 2]) -> Self {
        let group = k.u32(GROUP as u32);
        let above = k.add_u32(from, GROUP as u32 - 1);
        let number = k.div(above, group);
        let first_group = k.mul(number, group);
        // The pieces of a group that is not whole are no group.
        let behind = k.add(first_group, group);
        let has_groups = k.binary(Binary::LessEqual, behind, until);
        let first_group = k.select(has_groups, first_group, until);
        let (before, behind) = (k.sub(first_group, from), k.sub(until, first_group));
        let (groups, rest) = (k.div(behind, group), k.rem(behind, group));
        let count = k.add(before, groups);
        let count = k.add(count, rest);
        for (value, name) in [(before, "before"), (groups, "groups"), (count, "parts")] {
            k.name(value, name);
        }
        Self { partial, first: from, before, groups, count }
    }

    /// The piece in the place of which a sum stands.
    fn piece(&self, k: &mut Builder, part: Value) -> Value {
        let is_before = k.less(part, self.before);
        let behind = k.sub(part, self.before);
        // Each group but this one stands for so many pieces more than it is.
        let passed = k.binary(Binary::Min, behind, self.groups);
        let more = k.mul_u32(passed, GROUP as u32 - 1);
        let none = k.u32(0);
        let more = k.select(is_before, none, more);
        let piece = k.add(self.first, part);
        let piece = k.add(piece, more);
        k.name(piece, "piece")
    }

    /// Adds a plane's sums to a variable.
    pub(super) fn add(&self, k: &mut Builder, model: &Model, plane: usize, element: Element, sum: VariableId) {
        add_up(k, sum, self.count, |k, part| {
            let piece = self.piece(k, part);
            let row = place(k, model, "partial", plane, piece);
            let index = k.add(row, element.at);
            k.load(self.partial, index, element.lanes)
        });
    }
}

/// Adds `count` numbers to a variable in their order, several of them being read at once.
fn add_up(k: &mut Builder, sum: VariableId, count: Value, load: impl Fn(&mut Builder, Value) -> Value) {
    let (zero, one, ahead) = (k.u32(0), k.u32(1), k.u32(AHEAD));
    let rest = k.rem(count, ahead);
    let full = k.sub(count, rest);
    k.repeat(zero, full, ahead, |k, first| {
        let indices = (0..AHEAD).map(|place| k.add_u32(first, place)).collect::<Vec<_>>();
        let numbers: Vec<_> = indices.into_iter().map(|index| load(k, index)).collect();
        numbers.into_iter().for_each(|number| add_to(k, sum, number));
    });
    k.repeat(full, count, one, |k, index| {
        let number = load(k, index);
        add_to(k, sum, number);
    });
}

/// Adds a number to a variable.
pub(super) fn add_to(k: &mut Builder, sum: VariableId, value: Value) {
    let so_far = k.get(sum);
    k.name(so_far, "sum");
    let next = k.add(so_far, value);
    k.set(sum, next);
}

/// The sum of each group of pieces that are of one row, in the place of its first piece.
pub(super) fn join(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    let name = kernel_name(model, &format!("join_{}", owner_name(owner)));
    let doc = format!("{}: the sums of groups of pieces of one row, of {}.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let partial = Place::Buffer(k.buffer("partial", Scalar::F32, schedule.vector, Access::ReadWrite));
    let pieces = Place::Buffer(k.buffer("pieces", Scalar::U32, 1, Access::Read));
    let runs = Runs::new(&mut k, Access::Read);
    let (count, group) = (runs.pieces(&mut k), k.u32(GROUP as u32));
    let groups = k.div(count, group);
    let mut rows = Rows::counted(&mut k, model, schedule, groups);
    let first = k.mul(rows.row, group);
    // Where there is no group, the first piece stands for the last as well.
    let last = k.add_u32(first, GROUP as u32 - 1);
    let last = k.select(rows.inside, last, first);
    let [of_first, of_last] = [first, last].map(|piece| row_of(&mut k, pieces, piece));
    let is_one_row = k.binary(Binary::Equal, of_first, of_last);
    rows.inside = k.binary(Binary::And, rows.inside, is_one_row);
    for (plane, it) in trained_planes(model, owner) {
        rows.elements(&mut k, it.shape, |k, element| {
            k.when(element.any, |k| {
                let none = k.f32s(0.0, element.lanes);
                let sum = k.variable(none);
                let at = |k: &mut Builder, piece: Value| {
                    let piece = k.add(first, piece);
                    let row = place(k, model, "partial", plane, piece);
                    k.add(row, element.at)
                };
                add_up(k, sum, group, |k, piece| {
                    let index = at(k, piece);
                    k.load(partial, index, element.lanes)
                });
                let zero = k.u32(0);
                let (index, sum) = (at(k, zero), k.get(sum));
                k.store(partial, index, sum);
            });
        });
    }
    rows.plan(Role::Join(owner), k)
}

/// Which of the touched rows a piece is of.
pub(super) fn row_of(k: &mut Builder, pieces: Place, piece: Value) -> Value {
    let from = k.mul_u32(piece, 2);
    let index = k.add_u32(from, 1);
    k.load(pieces, index, 1)
}

/// Whether a piece is the only one of its row.
pub(super) fn is_lone(k: &mut Builder, pieces: Place, piece: Value) -> Value {
    let (zero, one) = (k.u32(0), k.u32(1));
    let is_first = k.binary(Binary::Equal, piece, zero);
    let (before, behind) = (k.sub(piece, one), k.add(piece, one));
    let before = k.select(is_first, behind, before);
    let [before, own, behind] = [before, piece, behind].map(|piece| row_of(k, pieces, piece));
    let [begins, ends] = [before, behind].map(|other| k.binary(Binary::NotEqual, own, other));
    k.binary(Binary::And, begins, ends)
}

/// Where a piece's hits begin.
pub(super) fn hits_of(k: &mut Builder, pieces: Place, piece: Value) -> Value {
    let index = k.mul_u32(piece, 2);
    k.load(pieces, index, 1)
}
