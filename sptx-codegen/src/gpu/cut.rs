//! Rows and pieces of sorted hits: a row begins where the hits of another begin, a piece there and at each multiple of
//! its length, and where hits are of another source.
//!
//! The end behind the last hit is an element too, of no row, so that the first element of no row, which ends the last row
//! and the last piece, is always there.

use sptx_runtime::gpu::{PIECE, Role, SOURCE_BIT};
use sptx_runtime::program::Model;

use super::blocks::{Block, WORKGROUP};
use super::{Plan, kernel_name};
use crate::lir::{Access, Binary, Builder, Constant, Expression, Place, Scalar, Value};

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

/// The rows that are hit, where their pieces begin, where the pieces' hits begin, and how many there are of both.
pub(super) fn cut(model: &Model) -> Plan {
    let doc = format!("{}: the rows and the pieces of sorted hits.", model.name);
    let mut k = Builder::new(kernel_name(model, "cut"), doc, WORKGROUP);
    let sorted = Sorted::new(&mut k);
    let histogram = Place::Buffer(k.buffer("histogram", Scalar::U32, 1, Access::Read));
    let [touched, rows, pieces, counts] = ["touched", "rows", "pieces", "counts"]
        .map(|name| Place::Buffer(k.buffer(name, Scalar::U32, 1, Access::ReadWrite)));
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
        let starts_piece = k.binary(Binary::Or, begins.piece, begins.end);
        k.when(starts_piece, |k| k.store(pieces, piece, element));
        let starts_row = k.binary(Binary::Or, begins.row, begins.end);
        k.when(starts_row, |k| k.store(rows, row, piece));
        k.when(begins.row, |k| {
            k.store(touched, row, begins.number);
            block.count(k, counters[0]);
        });
        k.when(begins.piece, |k| {
            block.count(k, counters[1]);
        });
        k.when(begins.end, |k| {
            k.store(counts, zero, row);
            k.store(counts, one, piece);
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
        let length = k.u32(PIECE as u32);
        let (past, none) = (k.rem(element, length), k.u32(0));
        let full = k.binary(Binary::Equal, past, none);
        let full = k.binary(Binary::Or, full, turns);
        let row = k.binary(Binary::And, new, is_row);
        let full = k.binary(Binary::And, full, is_row);
        let no_row = k.unary(crate::lir::Unary::Not, is_row);
        Begins { number, row, piece: k.binary(Binary::Or, row, full), end: k.binary(Binary::And, new, no_row) }
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
