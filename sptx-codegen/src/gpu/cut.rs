//! Rows and pieces of sorted hits: a row begins where the hits of another begin; a piece there, where hits are of another
//! source, and where a row has more hits than a piece may have, at each multiple of its length.
//!
//! The end behind the last hit is an element too, of no row, so that the first element of no row, which ends the last row
//! and the last piece, is always there.

use sptx_runtime::gpu::{PIECE, Role, SOURCE_BIT};
use sptx_runtime::program::Model;

use super::blocks::{Block, WORKGROUP};
use super::runs::{Runs, Word};
use super::sample::lower_bound;
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Constant, Expression, Place, Scalar, Unary, Value};

/// The counters of a block.
const ROWS: u32 = 0;
const PIECES: u32 = 1;

/// How many rows and how many pieces begin in each block.
pub(super) fn boundaries(model: &Model) -> Plan {
    let doc = format!("{}: how many rows and how many pieces begin in each block of sorted hits.", model.name);
    let mut k = Builder::new(kernel_name(model, "boundaries"), doc, WORKGROUP);
    let sorted = Sorted::new(&mut k);
    let histogram = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::ReadWrite));
    let block = Block::new(&mut k, sorted.count, 2);
    sorted.count_all(&mut k, &block);
    block.store_sums(&mut k, histogram);
    Block::plan(Role::Boundaries, k)
}

/// The rows that are hit and the pieces of their hits, and how many there are of both.
pub(super) fn cut(model: &Model) -> Plan {
    let doc = format!("{}: the rows and the pieces of sorted hits.", model.name);
    let mut k = Builder::new(kernel_name(model, "cut"), doc, WORKGROUP);
    let sorted = Sorted::new(&mut k);
    let histogram = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::Read));
    let runs = Runs::new(&mut k, Access::ReadWrite).place();
    let pieces = Place::Buffer(k.buffer("pieces", Scalar::U32, 1, Access::ReadWrite));
    let block = Block::new(&mut k, sorted.count, 2);
    // The counts of pieces stand behind all those of rows, and so have the number of rows in them.
    let row_count = k.load(histogram, block.blocks(), 1);
    sorted.count_all(&mut k, &block);
    block.begin_after(&mut k, histogram);
    block.each(&mut k, |k, element| {
        let begins = sorted.at(k, element);
        let (zero, one, counters) = (k.u32(0), k.u32(1), [k.u32(ROWS), k.u32(PIECES)]);
        let (row, piece) = (block.get(k, counters[0]), block.get(k, counters[1]));
        let piece = k.sub(piece, row_count);
        let starts_row = k.binary(Binary::Or, begins.row, begins.end);
        k.when(starts_row, |k| {
            for (word, value) in [(Word::Number, begins.number), (Word::Piece, piece), (Word::Hit, element)] {
                let at = Runs::at(k, row, word);
                k.store(runs, at, value);
            }
        });
        let starts_piece = k.binary(Binary::Or, begins.piece, begins.end);
        k.when(starts_piece, |k| {
            let before = k.sub(row, one);
            let of = k.select(starts_row, row, before);
            let at = k.mul_u32(piece, 2);
            k.store(pieces, at, element);
            let at = k.add(at, one);
            k.store(pieces, at, of);
        });
        for (begins, counter) in [begins.row, begins.piece].into_iter().zip(counters) {
            k.when(begins, |k| {
                block.count(k, counter);
            });
        }
        k.when(begins.end, |k| {
            k.store(runs, zero, row);
            k.store(runs, one, piece);
        });
    });
    Block::plan(Role::Cut, k)
}

/// The sorted hits, as these kernels read them.
struct Sorted {
    hits: Place,
    /// Number of hits, and one more.
    count: Value,
    /// The number that hits of no row have.
    rows: Value,
}

/// What begins at an element.
struct Begins {
    /// Its row's number.
    number: Value,
    row: Value,
    piece: Value,
    /// What is of no row.
    end: Value,
}

impl Sorted {
    fn new(k: &mut Builder) -> Self {
        let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::Read));
        let [count, rows] = ["count", "row_count"].map(|name| k.parameter(name, Scalar::U32, 1));
        Self { hits, count, rows }
    }

    fn count_all(&self, k: &mut Builder, block: &Block) {
        block.each(k, |k, element| {
            let begins = self.at(k, element);
            for (counter, begins) in [(ROWS, begins.row), (PIECES, begins.piece)] {
                k.when(begins, |k| {
                    let counter = k.u32(counter);
                    block.count(k, counter);
                });
            }
        });
    }

    fn at(&self, k: &mut Builder, element: Value) -> Begins {
        let one = k.u32(1);
        let hits = k.sub(self.count, one);
        let number = self.number(k, hits, element);
        let zero = k.u32(0);
        let is_first = k.binary(Binary::Equal, element, zero);
        let (previous, own) = (k.sub(element, one), number);
        let previous = k.select(is_first, element, previous);
        let turns = self.turns(k, hits, [previous, element]);
        let previous = self.number(k, hits, previous);
        let differs = k.binary(Binary::NotEqual, previous, own);
        let new = k.binary(Binary::Or, is_first, differs);
        let is_row = k.less(own, self.rows);
        let full = self.is_full(k, hits, element, (own, is_row));
        let full = k.binary(Binary::Or, full, turns);
        let row = k.binary(Binary::And, new, is_row);
        let full = k.binary(Binary::And, full, is_row);
        let no_row = k.unary(Unary::Not, is_row);
        Begins { number, row, piece: k.binary(Binary::Or, row, full), end: k.binary(Binary::And, new, no_row) }
    }

    /// Whether an element is a multiple of a piece's length, of a row that has more hits than that. `own` is its row, and
    /// whether it is one.
    fn is_full(&self, k: &mut Builder, hits: Value, element: Value, (own, is_row): (Value, Value)) -> Value {
        let (no, zero, length) = (k.define(Expression::Constant(Constant::Bool(false))), k.u32(0), k.u32(PIECE as u32));
        let is_full = k.variable(no);
        let past = k.rem(element, length);
        let (whole, is_later) = (k.binary(Binary::Equal, past, zero), k.less(zero, element));
        let asked = k.binary(Binary::And, whole, is_later);
        let asked = k.binary(Binary::And, asked, is_row);
        k.when(asked, |k| {
            // The row's hits begin here or among those of the piece before; where they begin before that piece, so many
            // elements on is this one or a later one of it.
            let from = k.sub(element, length);
            let first = lower_bound(k, [from, element], PIECE.ilog2() + 1, |k, middle| {
                let index = k.add(hits, middle);
                let other = k.load(self.hits, index, 1);
                k.less(other, own)
            });
            let beyond = k.add(first, length);
            let beyond = self.number(k, hits, beyond);
            let goes_on = k.binary(Binary::Equal, beyond, own);
            k.set(is_full, goes_on);
        });
        k.get(is_full)
    }

    /// Whether two elements, of which neither may be behind the last hit, are of different sources.
    fn turns(&self, k: &mut Builder, hits: Value, [previous, element]: [Value; 2]) -> Value {
        let no = k.define(Expression::Constant(Constant::Bool(false)));
        let turns = k.variable(no);
        let inside = k.less(element, hits);
        k.when(inside, |k| {
            let [previous, own] = [previous, element].map(|element| k.load(self.hits, element, 1));
            let differing = k.binary(Binary::Xor, previous, own);
            let numbers = k.u32((1 << SOURCE_BIT) - 1);
            let differs = k.less(numbers, differing);
            k.set(turns, differs);
        });
        k.get(turns)
    }

    /// The number of an element's row; that of no row behind the last hit.
    fn number(&self, k: &mut Builder, hits: Value, element: Value) -> Value {
        let number = k.variable(self.rows);
        let inside = k.less(element, hits);
        k.when(inside, |k| {
            let index = k.add(hits, element);
            let own = k.load(self.hits, index, 1);
            k.set(number, own);
        });
        k.get(number)
    }
}
