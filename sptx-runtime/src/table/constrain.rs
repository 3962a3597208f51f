//! Constraints: what is done to rows after a step.

use rayon::prelude::*;

use super::{Line, Table, Tables};
use crate::program::{Constraint, Model};

/// Rows that a constraint is applied to.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// All.
    All,
    /// These.
    Some(&'a [u32]),
}

impl Rows<'_> {
    /// How many, of `total`.
    pub fn count(self, total: usize) -> usize {
        match self {
            Self::All => total,
            Self::Some(rows) => rows.len(),
        }
    }

    /// The row at a position.
    pub fn at(self, position: usize) -> usize {
        match self {
            Self::All => position,
            Self::Some(rows) => rows[position] as usize,
        }
    }
}

impl Tables {
    /// Applies a slot's constraints, in their order, to rows of it. Threads are those of the pool it runs in; the
    /// result does not depend on their number.
    pub fn constrain(&mut self, model: &Model, slot: usize, rows: Rows<'_>) {
        for constraint in &model.slots[slot].constraints {
            let planes: Vec<usize> = model.planes_of(slot).collect();
            match *constraint {
                Constraint::MaxNorm(limit) => {
                    self.rescale(&planes, rows, |norm| if norm > limit { limit / norm } else { 1.0 });
                }
                Constraint::UnitNorm => self.rescale(&planes, rows, |norm| if norm > 0.0 { norm.recip() } else { 1.0 }),
                Constraint::NonNegative => planes.iter().for_each(|plane| self.planes[*plane].clamp(rows)),
                Constraint::Symmetric => planes.iter().for_each(|plane| self.planes[*plane].symmetrize(rows)),
                Constraint::Frozen => {}
            }
        }
    }

    /// Multiplies each row, over all planes of a slot, by what `factor` gives for its Euclidean norm.
    fn rescale(&mut self, planes: &[usize], rows: Rows<'_>, factor: impl Fn(f64) -> f64 + Sync) {
        let Some(first) = planes.first() else { return };
        let count = rows.count(self.planes[*first].layout.rows());
        let mut factors = vec![1.0_f32; count];
        let tables = &self.planes;
        factors.par_chunks_mut(256).enumerate().for_each(|(chunk, factors)| {
            let start = chunk * 256;
            let mut squares = vec![0.0_f64; factors.len()];
            for plane in planes {
                tables[*plane].add_squares(start, rows, &mut squares);
            }
            for (factor_of_row, square) in factors.iter_mut().zip(squares) {
                *factor_of_row = factor(square.sqrt()) as f32;
            }
        });
        for plane in planes {
            self.planes[*plane].scale(rows, &factors);
        }
    }
}

impl Table {
    /// Adds the sums of squares of the rows from position `start` to `squares`.
    fn add_squares(&self, start: usize, rows: Rows<'_>, squares: &mut [f64]) {
        if self.layout.is_scalar() {
            let floats = self.buffer.floats();
            for (i, square) in squares.iter_mut().enumerate() {
                *square += f64::from(floats[rows.at(start + i)]).powi(2);
            }
            return;
        }
        for (tile, lines) in self.layout.split(self.buffer.lines()).into_iter().enumerate() {
            let len = self.layout.row_lines(tile);
            for (i, square) in squares.iter_mut().enumerate() {
                let row = rows.at(start + i);
                *square += sum_of_squares(&lines[row * len..(row + 1) * len]);
            }
        }
    }

    /// Multiplies the rows by factors. A factor of 1 leaves a row untouched.
    fn scale(&mut self, rows: Rows<'_>, factors: &[f32]) {
        if self.layout.is_scalar() {
            let floats = self.buffer.floats_mut();
            factors.iter().enumerate().for_each(|(i, factor)| floats[rows.at(i)] *= factor);
            return;
        }
        let lens: Vec<usize> = (0..self.layout.tiles().len()).map(|tile| self.layout.row_lines(tile)).collect();
        let tiles = self.layout.split_mut(self.buffer.lines_mut());
        tiles.into_par_iter().zip(lens).for_each(|(lines, len)| {
            for (i, factor) in factors.iter().enumerate().filter(|(_, factor)| **factor != 1.0) {
                let row = rows.at(i);
                let floats: &mut [f32] = bytemuck::cast_slice_mut(&mut lines[row * len..(row + 1) * len]);
                floats.iter_mut().for_each(|x| *x *= factor);
            }
        });
    }

    /// Sets negative elements of the rows to 0.
    fn clamp(&mut self, rows: Rows<'_>) {
        self.edit(rows, |row| row.iter_mut().for_each(|x| *x = x.max(0.0)));
    }

    /// Replaces square matrices by the mean of themselves and their transposes.
    fn symmetrize(&mut self, rows: Rows<'_>) {
        let size = self.layout.tiles().iter().map(|tile| tile.width).sum::<usize>();
        self.edit(rows, |row| {
            for i in 0..size {
                for j in 0..i {
                    let mean = 0.5 * (row[i * size + j] + row[j * size + i]);
                    row[i * size + j] = mean;
                    row[j * size + i] = mean;
                }
            }
        });
    }

    fn edit(&mut self, rows: Rows<'_>, edit: impl Fn(&mut [f32])) {
        let mut row = vec![0.0; self.layout.row_len()];
        for position in 0..rows.count(self.layout.rows()) {
            let at = rows.at(position);
            self.layout.read_row(self.buffer.lines(), at, &mut row);
            edit(&mut row);
            self.layout.write_row(at, &row, self.buffer.lines_mut());
        }
    }
}

/// Σ x² of a stretch of lines, lane by lane in f64 for a fixed order.
fn sum_of_squares(lines: &[Line]) -> f64 {
    let mut lanes = [0.0_f64; Line::LEN];
    for line in lines {
        for (lane, x) in lanes.iter_mut().zip(line.0) {
            *lane += f64::from(x) * f64::from(x);
        }
    }
    lanes.iter().sum()
}
