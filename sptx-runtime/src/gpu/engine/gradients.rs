//! The gradient of a batch, on the host.

use crate::program::{Model, Owner};

/// The gradient of every trained plane for the rows that a batch touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// The touched rows of entities and of relations, ascending.
    pub(super) touched: [Vec<u32>; 2],
    /// Each plane's rows, one after another, without padding.
    pub(super) planes: Vec<PlaneGradient>,
}

/// The rows of one plane.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlaneGradient {
    pub(super) owner: Owner,
    pub(super) row_len: usize,
    pub(super) values: Vec<f32>,
}

impl Gradients {
    /// No row at all.
    pub(super) fn empty(model: &Model) -> Self {
        let plane = |plane| PlaneGradient { owner: model.owner(plane), row_len: 0, values: Vec::new() };
        Self { touched: [const { Vec::new() }; 2], planes: (0..model.planes.len()).map(plane).collect() }
    }

    /// The rows of a plane's owner that the batch touches, ascending. The gradient of all others is zero.
    pub fn rows(&self, plane: usize) -> &[u32] {
        &self.touched[self.planes[plane].owner as usize]
    }

    /// Whether the plane is trained, and so has a gradient for each of its [`rows`](Self::rows).
    pub fn has(&self, plane: usize) -> bool {
        self.planes[plane].row_len > 0
    }

    /// The gradient of the row at a position of [`Gradients::rows`], without padding; empty where the plane is not
    /// trained.
    ///
    /// # Panics
    /// When there is no such plane or position.
    pub fn row(&self, plane: usize, position: usize) -> &[f32] {
        assert!(position < self.rows(plane).len(), "position {position} of {} rows", self.rows(plane).len());
        let PlaneGradient { row_len, values, .. } = &self.planes[plane];
        &values[position * row_len..][..*row_len]
    }

    /// Whether no row is touched.
    pub fn is_empty(&self) -> bool {
        self.touched.iter().all(Vec::is_empty)
    }

    /// The sum with the gradient of what comes later in the batch.
    pub(super) fn plus(self, later: Self) -> Self {
        if self.is_empty() {
            return later;
        }
        let touched = [0, 1].map(|owner| {
            let mut rows = [&self.touched[owner][..], &later.touched[owner]].concat();
            rows.sort_unstable();
            rows.dedup();
            rows
        });
        let planes = self.planes.iter().zip(&later.planes).map(|(plane, later_plane)| {
            let PlaneGradient { owner, row_len, .. } = *plane;
            let index = owner as usize;
            let mut values = vec![0.0; touched[index].len() * row_len];
            plane.add_to(&mut values, &self.touched[index], &touched[index]);
            later_plane.add_to(&mut values, &later.touched[index], &touched[index]);
            PlaneGradient { owner, row_len, values }
        });
        Self { planes: planes.collect(), touched }
    }
}

impl PlaneGradient {
    /// Adds the rows `own` to those of `all`, which they are among.
    fn add_to(&self, sums: &mut [f32], own: &[u32], all: &[u32]) {
        if self.row_len == 0 {
            return;
        }
        for (row, values) in own.iter().zip(self.values.chunks(self.row_len)) {
            let position = all.partition_point(|it| it < row);
            let sums = &mut sums[position * self.row_len..][..self.row_len];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
}
