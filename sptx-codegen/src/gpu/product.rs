//! Matrices times vectors, of the items of a group.
//!
//! Of `M · v` each thread works out elements of its own, of `Mᵀ · v` columns of its own, so that nothing is joined. It has a
//! tile of them in registers: as many as the schedule unrolls, for each item. An element of the matrix that it has loaded
//! serves all items, and a number of an item's vector all elements or columns of the tile.

use sptx_runtime::program::{Product, Program, ReduceOp, Shape};

use super::body::Item;
use super::group::{each_row, tile};
use super::rows::{Columns, Rows, across, padded, place, size};
use super::run::reach;
use crate::lir::{Barrier, Binary, Builder, Place, Value, VariableId};

/// A matrix times a vector, for each item.
pub(super) fn product(
    k: &mut Builder,
    rows: &Rows<'_>,
    product: &Product,
    program: &Program,
    tables: Place,
    items: &[Item<'_>],
) {
    let Shape::Matrix(_, across_dim) = rows.model.planes[product.plane].shape else {
        unreachable!("a product is of a matrix")
    };
    let ids: Vec<_> = items.iter().map(|item| item.id(product.side)).collect();
    each_row(k, rows, &ids, |k, id, has| {
        let matrix = place(k, rows.model, "plane", product.plane, id);
        let stride = padded(k, across_dim);
        let source_size = size(k, program.vectors[product.source]);
        let target_size = reach(k, rows, program.vectors[product.target]);
        let work = Work { rows, product, tables, matrix, stride, source_size, target_size, items, has };
        if product.transposed { work.columns(k) } else { work.lines(k) }
    });
    k.barrier(Barrier::Buffers);
}

/// The products with one matrix.
struct Work<'a> {
    rows: &'a Rows<'a>,
    product: &'a Product,
    tables: Place,
    /// Where the matrix begins, and words of a line of it.
    matrix: Value,
    stride: Value,
    source_size: Value,
    target_size: Value,
    items: &'a [Item<'a>],
    /// Whether each item has this matrix.
    has: &'a [Value],
}

impl Work<'_> {
    /// `Mᵀ · v`.
    fn columns(&self, k: &mut Builder) {
        let vector = self.rows.schedule.vector;
        let (zero, one, none) = (k.u32(0), k.u32(1), k.f32s(0.0, vector));
        self.rows.columns_by(k, self.target_size, self.tile(), |k, columns| {
            let sums = self.sums(k, columns.len(), none);
            k.repeat(zero, self.source_size, one, |k, line| {
                let factors: Vec<_> = self.items.iter().map(|item| self.factor(k, item, line, 1)).collect();
                let elements: Vec<_> = columns.iter().map(|at| self.elements(k, line, at.column)).collect();
                multiply(k, &sums, &elements, &factors, None);
            });
            for (Columns { column, any, .. }, sums) in columns.iter().zip(&sums) {
                for ((item, has), sum) in self.items.iter().zip(self.has).zip(sums) {
                    let writes = k.binary(Binary::And, *any, *has);
                    k.when(writes, |k| {
                        let sum = k.get(*sum);
                        self.store(k, item, *column, sum);
                    });
                }
            }
        });
    }

    /// `M · v`.
    fn lines(&self, k: &mut Builder) {
        let Self { rows, source_size, .. } = *self;
        let (lanes, vector) = (rows.schedule.lanes, u32::from(rows.schedule.vector));
        let (zero, none) = (k.u32(0), k.f32s(0.0, rows.schedule.vector));
        let stride = k.u32(lanes * self.tile());
        k.repeat(rows.lane, self.target_size, stride, |k, first| {
            let lines: Vec<_> = (0..self.tile()).map(|number| self.line(k, first, number * lanes)).collect();
            let sums = self.sums(k, lines.len(), none);
            if lines.len() * self.items.len() == 1 {
                self.add_up(k, &lines, &sums, [zero, source_size], true);
            } else {
                // Of many sums, each operand serves some: only where a vector may leave the row it is asked whether it does.
                let width = k.u32(vector);
                let vectors = k.div(source_size, width);
                let whole = k.mul(vectors, width);
                self.add_up(k, &lines, &sums, [zero, whole], false);
                if vector > 1 {
                    self.add_up(k, &lines, &sums, [whole, source_size], true);
                }
            }
            for ((line, any), sums) in lines.iter().zip(&sums) {
                for ((item, has), sum) in self.items.iter().zip(self.has).zip(sums) {
                    let writes = any.map_or(*has, |any| k.binary(Binary::And, any, *has));
                    k.when(writes, |k| {
                        let lanes = k.get(*sum);
                        let sum = across(k, ReduceOp::Sum, lanes);
                        self.store(k, item, *line, sum);
                    });
                }
            }
        });
    }

    /// A line of the tile, `ahead` of its first, and whether there is one, where that is to be asked.
    fn line(&self, k: &mut Builder, first: Value, ahead: u32) -> (Value, Option<Value>) {
        if ahead == 0 {
            return (first, None);
        }
        let line = k.add_u32(first, ahead);
        let any = k.less(line, self.target_size);
        (k.select(any, line, first), Some(any))
    }

    /// Adds to a tile's sums what a stretch of columns gives.
    fn add_up(
        &self,
        k: &mut Builder,
        lines: &[(Value, Option<Value>)],
        sums: &[Vec<VariableId>],
        [from, until]: [Value; 2],
        masked: bool,
    ) {
        let vector = self.rows.schedule.vector;
        let step = k.u32(u32::from(vector));
        k.repeat(from, until, step, |k, column| {
            let valid = masked.then(|| self.rows.valid(k, column, self.source_size));
            let factors: Vec<_> = self.items.iter().map(|item| self.factor(k, item, column, vector)).collect();
            let elements: Vec<_> = lines.iter().map(|(line, _)| self.elements(k, *line, column)).collect();
            multiply(k, sums, &elements, &factors, valid);
        });
    }

    /// Elements or vectors of columns of a thread's tile.
    fn tile(&self) -> u32 {
        tile(&self.rows.schedule, self.items.len() as u32)
    }

    /// A sum for each of the tile and each item.
    fn sums(&self, k: &mut Builder, tile: usize, none: Value) -> Vec<Vec<VariableId>> {
        (0..tile).map(|_| self.items.iter().map(|_| k.variable(none)).collect()).collect()
    }

    /// Numbers of an item's vector: those of a few columns, or one in all lanes.
    fn factor(&self, k: &mut Builder, item: &Item<'_>, column: Value, lanes: u8) -> Value {
        let from = item.kept().vector_at(k, self.product.source, column);
        let factor = k.load(item.kept().vectors, from, lanes);
        if lanes == self.rows.schedule.vector { factor } else { k.splat(factor, self.rows.schedule.vector) }
    }

    /// Elements of the matrix.
    fn elements(&self, k: &mut Builder, line: Value, column: Value) -> Value {
        let before = k.mul(self.stride, line);
        let from = k.add(self.matrix, before);
        let index = k.add(from, column);
        k.load(self.tables, index, self.rows.schedule.vector)
    }

    fn store(&self, k: &mut Builder, item: &Item<'_>, column: Value, value: Value) {
        let index = item.kept().vector_at(k, self.product.target, column);
        k.store(item.kept().vectors, index, value);
    }
}

/// Adds the product of each of `elements` with each of `factors` to its sum; in lanes that are valid, where some are not.
fn multiply(k: &mut Builder, sums: &[Vec<VariableId>], elements: &[Value], factors: &[Value], valid: Option<Value>) {
    for (sums, elements) in sums.iter().zip(elements) {
        for (sum, factors) in sums.iter().zip(factors) {
            let so_far = k.get(*sum);
            k.name(so_far, "sum");
            let next = k.multiply_add(*factors, *elements, so_far);
            let next = valid.map_or(next, |valid| k.select(valid, next, so_far));
            k.set(*sum, next);
        }
    }
}
