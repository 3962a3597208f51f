//! What is worked out for each query, or for each candidate: the outputs of a part.

use std::ops::Range;

use crate::program::{Output, Shape};
use crate::table::{Buffer, Line, Table, Tables};

/// The outputs of a part for some ends, or the derivatives by them: for a vector one row for each end, its columns
/// together; for a scalar one float for each end.
#[derive(Debug)]
pub(super) struct Operands {
    pub(super) count: usize,
    outputs: Vec<Operand>,
}

#[derive(Debug)]
struct Operand {
    /// Lines of one row; 0 for a scalar.
    lines: usize,
    buffer: Buffer,
}

/// The operands of some consecutive ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) operands: &'a Operands,
    pub(super) first: usize,
    pub(super) count: usize,
}

/// The operands of some consecutive ends, to add to.
#[derive(Debug)]
pub(super) struct RowsMut<'a> {
    operands: &'a mut Operands,
    first: usize,
    count: usize,
}

impl Operands {
    /// Zeros for `count` ends.
    pub(super) fn zeros(outputs: &[Output], tables: &Tables, count: usize) -> Self {
        let operand = |output: &Output| {
            let lines = match output.shape {
                Shape::Vector(dim) => tables.tilings()[dim].lines(),
                Shape::Scalar | Shape::Matrix(..) => 0,
            };
            let total = if lines == 0 { Line::count(count) } else { count * lines };
            Operand { lines, buffer: Buffer::zeros(total) }
        };
        Self { count, outputs: outputs.iter().map(operand).collect() }
    }

    /// Lines of one row of an output; 0 for a scalar.
    pub(super) fn row_lines(&self, output: usize) -> usize {
        self.outputs[output].lines
    }

    /// Number of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The floats of an output.
    pub(super) fn floats_mut(&mut self, output: usize) -> &mut [f32] {
        self.outputs[output].buffer.floats_mut()
    }

    /// Copies the rows of some ends in, from column tiles: for each tile, its rows.
    pub(super) fn set_rows(&mut self, output: usize, range: Range<usize>, tiles: &[usize], mut from: &[Line]) {
        let Operand { lines, buffer } = &mut self.outputs[output];
        let mut at = 0;
        for width in tiles {
            let of_tile = from.split_off(..range.len() * width).unwrap_or_default();
            let rows = buffer.lines_mut()[range.start * *lines..].chunks_exact_mut(*lines);
            for (row, tile) in rows.zip(of_tile.chunks_exact(*width)) {
                row[at..at + width].copy_from_slice(tile);
            }
            at += width;
        }
    }

    /// An output as a table: by column tiles.
    pub(super) fn table(&self, output: usize, shape: Shape, tables: &Tables) -> Table {
        let Operand { lines, buffer } = &self.outputs[output];
        let Shape::Vector(dim) = shape else {
            return Table { layout: crate::table::Layout::scalars(self.count), buffer: buffer.clone() };
        };
        let tiling = &tables.tilings()[dim];
        let layout = crate::table::Layout::vectors(self.count, tiling);
        let mut tiled = Buffer::zeros(layout.lines());
        let mut at = 0;
        for (tile, of_tile) in tiling.tiles().iter().zip(layout.split_mut(tiled.lines_mut())) {
            let width = tile.lines();
            for (row, tile) in buffer.lines().chunks_exact(*lines).zip(of_tile.chunks_exact_mut(width)) {
                tile.copy_from_slice(&row[at..at + width]);
            }
            at += width;
        }
        Table { layout, buffer: tiled }
    }

    /// Adds other operands to some consecutive ends.
    pub(super) fn add(&mut self, first: usize, other: &Self) {
        for (operand, other) in self.outputs.iter_mut().zip(&other.outputs) {
            let start = first * if operand.lines == 0 { 1 } else { operand.lines * Line::LEN };
            let floats = operand.buffer.floats_mut()[start..].iter_mut();
            floats.zip(other.buffer.floats()).for_each(|(sum, part)| *sum += part);
        }
    }

    /// Some consecutive ends. The first must be a multiple of 16.
    pub(super) fn rows(&self, range: Range<usize>) -> Rows<'_> {
        Rows { operands: self, first: range.start, count: range.len() }
    }

    /// Some consecutive ends, to add to. The first must be a multiple of 16.
    pub(super) fn rows_mut(&mut self, range: Range<usize>) -> RowsMut<'_> {
        RowsMut { first: range.start, count: range.len(), operands: self }
    }
}

impl Operand {
    /// Where the lines of some ends are.
    fn span(&self, first: usize, count: usize) -> Range<usize> {
        match self.lines {
            0 => first / Line::LEN..first / Line::LEN + Line::count(count),
            lines => first * lines..(first + count) * lines,
        }
    }
}

impl RowsMut<'_> {
    /// The lines of each output.
    pub(super) fn all_lines(&mut self) -> impl Iterator<Item = &mut [Line]> {
        let (first, count) = (self.first, self.count);
        self.operands.outputs.iter_mut().map(move |operand| {
            let span = operand.span(first, count);
            &mut operand.buffer.lines_mut()[span]
        })
    }

    /// The floats of one output.
    pub(super) fn floats(&mut self, output: usize) -> &mut [f32] {
        let operand = &mut self.operands.outputs[output];
        let span = operand.span(self.first, self.count);
        bytemuck::cast_slice_mut(&mut operand.buffer.lines_mut()[span])
    }
}

impl<'a> Rows<'a> {
    /// Their lines of an output: whole rows of a vector, packed floats of a scalar.
    pub(super) fn lines(self, output: usize) -> &'a [Line] {
        let operand = &self.operands.outputs[output];
        &operand.buffer.lines()[operand.span(self.first, self.count)]
    }
}
