//! Where the rows of several planes are in one array of words.

use crate::gpu::{padded, plane_words};
use crate::program::{Model, Owner, Shape};

/// Planes one after another, each from a multiple of four words on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    /// Where each plane of the model begins; none for those that the array leaves out.
    pub(super) offsets: Vec<Option<usize>>,
    /// Words of all of them.
    pub(super) words: usize,
}

impl Planes {
    /// `rows` says how many rows a plane has, or none where it is left out.
    pub(super) fn new(model: &Model, sizes: &[usize], rows: impl Fn(usize) -> Option<usize>) -> Self {
        let mut words = 0;
        let offset = |plane| {
            let rows = rows(plane)?;
            let offset = words;
            words += plane_words(model.planes[plane].shape, sizes, rows);
            Some(offset)
        };
        Self { offsets: (0..model.planes.len()).map(offset).collect(), words }
    }

    /// Every plane, with the rows of its owner.
    pub(super) fn of_tables(model: &Model, sizes: &[usize], counts: [usize; 2]) -> Self {
        Self::new(model, sizes, |plane| Some(counts[model.owner(plane) as usize]))
    }

    /// The trained planes of one owner, with `rows` rows each.
    pub(super) fn of_owner(model: &Model, sizes: &[usize], owner: Owner, rows: usize) -> Self {
        Self::new(model, sizes, |plane| (model.owner(plane) == owner && model.is_trained(plane)).then_some(rows))
    }
}

/// How the numbers of one row of a plane lie in words: lines of `columns` numbers that begin `stride` words apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    lines: usize,
    columns: usize,
    stride: usize,
}

impl Lines {
    pub(super) fn of(shape: Shape, sizes: &[usize]) -> Self {
        let (lines, columns) = match shape {
            Shape::Scalar => return Self { lines: 1, columns: 1, stride: 1 },
            Shape::Vector(dim) => (1, sizes[dim]),
            Shape::Matrix(down, across) => (sizes[down], sizes[across]),
        };
        Self { lines, columns, stride: padded(columns) }
    }

    /// Numbers of a row.
    pub(super) fn row_len(self) -> usize {
        self.lines * self.columns
    }

    /// Words of a row.
    pub(super) fn row_words(self) -> usize {
        self.lines * self.stride
    }

    /// Rows as words.
    pub(super) fn pad(self, values: &[f32]) -> Vec<u32> {
        let mut words = vec![0; values.len() / self.columns * self.stride];
        for (line, values) in words.chunks_mut(self.stride).zip(values.chunks(self.columns)) {
            line.iter_mut().zip(values).for_each(|(word, value)| *word = value.to_bits());
        }
        words
    }

    /// The rows that [`Lines::pad`] made words of.
    pub(super) fn unpad(self, words: &[u32]) -> Vec<f32> {
        words.chunks(self.stride).flat_map(|line| &line[..self.columns]).map(|word| f32::from_bits(*word)).collect()
    }
}
