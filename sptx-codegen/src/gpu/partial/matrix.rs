//! The gradient of a matrix: a sum of outer products, one for each hit of a piece.
//!
//! The threads of a row share the matrix by tiles: some lines (as many as a group has triples) by some vectors of columns
//! (as many as the schedule unrolls). A tile's sums stay in registers while its thread goes over the hits once, and reads
//! for each one number for a line and one vector for each of the columns. Neighbouring threads have neighbouring columns.

use std::collections::BTreeSet;

use sptx_runtime::program::{Outer, Stage};

use super::{Piece, Sink, owner_of};
use crate::gpu::body::Item;
use crate::gpu::group::tile;
use crate::gpu::rows::{Element, padded, size};
use crate::lir::{Binary, Builder, Constant, Expression, Value};

/// Places of a tile in a row of lines or columns: of each, whether it is one, where that is to be asked.
type Places = Vec<(Value, Option<Value>)>;

impl Piece<'_> {
    /// A plane of matrices, from all outer products that are added to it.
    pub(super) fn matrix(&self, k: &mut Builder, plane: usize, down: usize, across: usize, sink: Sink<'_>) {
        let stages = self.learned.backward.stages.iter();
        let outers = stages.filter_map(|stage| match stage {
            Stage::Outer(outer) if outer.plane == plane && owner_of(outer.side) == self.owner => Some(*outer),
            Stage::Outer(_) | Stage::Columns(_) | Stage::Scalars(_) | Stage::Product(_) => None,
        });
        let outers: Vec<Outer> = outers.collect();
        let (schedule, vector) = (self.rows.schedule, u32::from(self.rows.schedule.vector));
        let (height, width) = (schedule.group, tile(&schedule, schedule.group));
        let (lines, columns, stride) = (size(k, down), size(k, across), padded(k, across));
        let (blocks, chunks) = (quotient(k, lines, height), quotient(k, columns, width * vector));
        let tiles = k.mul(blocks, chunks);
        let tiles = self.rows.until(k, tiles);
        let lanes = k.u32(schedule.lanes);
        let apart = k.mul_u32(chunks, vector);
        k.repeat(self.rows.lane, tiles, lanes, |k, tile| {
            k.name(tile, "tile");
            let (block, chunk) = (k.div(tile, chunks), k.rem(tile, chunks));
            let (first, one) = (k.mul_u32(block, height), k.u32(1));
            let of_lines = places(k, first, one, height, lines);
            let first = k.mul_u32(chunk, vector);
            let of_columns = places(k, first, apart, width, columns);
            let none = k.f32s(0.0, schedule.vector);
            let sums: Vec<Vec<_>> =
                of_lines.iter().map(|_| of_columns.iter().map(|_| k.variable(none)).collect()).collect();
            self.hits(k, &BTreeSet::new(), |k, triple, side| {
                for outer in outers.iter().filter(|outer| outer.side == side) {
                    let lefts = self.lefts(k, triple, outer, &of_lines);
                    let rights: Vec<_> = of_columns.iter().map(|at| right(k, triple, outer, at.0, vector)).collect();
                    for (sums, left) in sums.iter().zip(&lefts) {
                        for (sum, right) in sums.iter().zip(&rights) {
                            let so_far = k.get(*sum);
                            k.name(so_far, "sum");
                            let next = k.multiply_add(*left, *right, so_far);
                            k.set(*sum, next);
                        }
                    }
                }
            });
            for ((line, is_line), sums) in of_lines.iter().zip(&sums) {
                let before = k.mul(stride, *line);
                for ((column, is_column), sum) in of_columns.iter().zip(sums) {
                    let at = k.add(before, *column);
                    let valid = self.rows.valid(k, *column, columns);
                    let yes = k.define(Expression::Constant(Constant::Bool(true)));
                    let asked = [*is_line, *is_column].into_iter().flatten();
                    let any = asked.reduce(|any, also| k.binary(Binary::And, any, also)).unwrap_or(yes);
                    self.put(k, plane, Element { at, lanes: schedule.vector, valid, any }, *sum, sink);
                }
            }
        });
    }

    /// The left factors of some lines, each in all lanes. Lines begin at a multiple of their number.
    fn lefts(&self, k: &mut Builder, triple: &Item<'_>, outer: &Outer, lines: &Places) -> Vec<Value> {
        let vector = self.rows.schedule.vector;
        let at_once = if lines.len().is_multiple_of(vector.into()) { vector } else { 1 };
        let mut lefts = Vec::with_capacity(lines.len());
        for (line, _) in lines.iter().step_by(at_once.into()) {
            let from = triple.kept().vector_at(k, outer.left, *line);
            let numbers = k.load(triple.kept().vectors, from, at_once);
            for number in 0..at_once {
                let left = k.lane(numbers, number);
                lefts.push(k.splat(left, vector));
            }
        }
        lefts
    }
}

/// The right factors of a vector of columns.
fn right(k: &mut Builder, triple: &Item<'_>, outer: &Outer, column: Value, vector: u32) -> Value {
    let from = triple.kept().vector_at(k, outer.right, column);
    k.load(triple.kept().vectors, from, vector as u8)
}

/// `first` and what lies behind it, `apart` from one another; the first again where they leave the row.
fn places(k: &mut Builder, first: Value, apart: Value, count: u32, size: Value) -> Places {
    let place = |number| {
        if number == 0 {
            return (first, None);
        }
        let ahead = k.mul_u32(apart, number);
        let place = k.add(first, ahead);
        let is_one = k.less(place, size);
        (k.select(is_one, place, first), Some(is_one))
    };
    (0..count).map(place).collect()
}

/// A number over a known one, rounded up.
fn quotient(k: &mut Builder, number: Value, divisor: u32) -> Value {
    let (above, divisor) = (k.add_u32(number, divisor - 1), k.u32(divisor));
    k.div(above, divisor)
}
