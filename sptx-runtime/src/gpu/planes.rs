//! Where the rows of several planes are in one array of words.

use super::padded;
use crate::program::{Model, Owner, Shape};

/// Words that the tables of a model take: how much of a device's memory, and whether one binding can have them all.
///
/// `sizes` are those of [`Model::bind`]; `entities` and `relations` are numbers of rows.
pub fn table_words(model: &Model, sizes: &[usize], entities: usize, relations: usize) -> usize {
    Planes::of_tables(model, sizes, [entities, relations]).words
}

/// Planes one after another, each from a multiple of four words on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    /// Where each plane of the model begins; none for those that the array leaves out.
    pub(crate) offsets: Vec<Option<usize>>,
    /// Words of all of them.
    pub(crate) words: usize,
}

impl Planes {
    /// `rows` says how many rows a plane has, or none where it is left out.
    pub(crate) fn new(model: &Model, sizes: &[usize], rows: impl Fn(usize) -> Option<usize>) -> Self {
        let mut words = 0;
        let offset = |plane| {
            let rows: usize = rows(plane)?;
            let offset = words;
            words += (rows * Lines::of(model.planes[plane].shape, sizes).row_words()).next_multiple_of(4);
            Some(offset)
        };
        Self { offsets: (0..model.planes.len()).map(offset).collect(), words }
    }

    /// Every plane, with the rows of its owner.
    pub(crate) fn of_tables(model: &Model, sizes: &[usize], counts: [usize; 2]) -> Self {
        Self::new(model, sizes, |plane| Some(counts[model.owner(plane) as usize]))
    }

    /// The trained planes of one owner, with `rows` rows each.
    pub(crate) fn of_owner(model: &Model, sizes: &[usize], owner: Owner, rows: usize) -> Self {
        Self::new(model, sizes, |plane| (model.owner(plane) == owner && model.is_trained(plane)).then_some(rows))
    }
}

/// How the numbers of one row of a plane lie in words: lines of `columns` numbers that begin `stride` words apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    lines: usize,
    columns: usize,
    stride: usize,
}

impl Lines {
    pub(crate) fn of(shape: Shape, sizes: &[usize]) -> Self {
        let (lines, columns) = match shape {
            Shape::Scalar => return Self { lines: 1, columns: 1, stride: 1 },
            Shape::Vector(dim) => (1, sizes[dim]),
            Shape::Matrix(down, across) => (sizes[down], sizes[across]),
        };
        Self { lines, columns, stride: padded(columns) }
    }

    /// Numbers of a row.
    pub(crate) fn row_len(self) -> usize {
        self.lines * self.columns
    }

    /// Words of a row.
    pub(crate) fn row_words(self) -> usize {
        self.lines * self.stride
    }

    /// Rows as words.
    pub(crate) fn pad(self, values: &[f32]) -> Vec<u32> {
        let mut words = vec![0; values.len() / self.columns * self.stride];
        for (line, values) in words.chunks_mut(self.stride).zip(values.chunks(self.columns)) {
            line.iter_mut().zip(values).for_each(|(word, value)| *word = value.to_bits());
        }
        words
    }

    /// The rows that [`Lines::pad`] made words of.
    pub(crate) fn unpad(self, words: &[u32]) -> Vec<f32> {
        words.chunks(self.stride).flat_map(|line| &line[..self.columns]).map(|word| f32::from_bits(*word)).collect()
    }
}
