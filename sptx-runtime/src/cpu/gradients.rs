//! Gradients of a batch, kept whole.

use super::batch::Touched;
use crate::program::{Model, Owner};
use crate::table::{Buffer, Layout, Rows, Tables};

/// The gradient of every plane for the rows that a batch touches.
#[derive(Debug)]
pub struct Gradients {
    touched: [Touched; 2],
    planes: Vec<(Layout, Buffer)>,
    owners: Vec<usize>,
}

impl Gradients {
    /// Zeros for the touched rows of entities and relations, in the planes that `keep` holds for.
    pub(crate) fn zeros(model: &Model, tables: &Tables, touched: [Touched; 2], keep: impl Fn(usize) -> bool) -> Self {
        let owners: Vec<usize> = (0..model.planes.len()).map(|plane| owner_index(model.owner(plane))).collect();
        let planes = tables
            .planes()
            .iter()
            .zip(&owners)
            .enumerate()
            .map(|(plane, (table, owner))| {
                let rows = if keep(plane) { touched[*owner].len() } else { 0 };
                let layout = table.layout.with_rows(rows);
                (layout.clone(), Buffer::zeros(layout.lines()))
            })
            .collect();
        Self { touched, planes, owners }
    }

    /// The rows that a plane's gradient is known for; it is zero for all others.
    pub fn rows(&self, plane: usize) -> Rows<'_> {
        self.touched[self.owners[plane]].rows()
    }

    /// Number of rows of a plane's gradient.
    pub fn len(&self, plane: usize) -> usize {
        self.planes[plane].0.rows()
    }

    /// Whether no row is touched.
    pub fn is_empty(&self) -> bool {
        self.touched.iter().all(|touched| touched.len() == 0)
    }

    /// The gradient of the row at a position of [`Gradients::rows`], without padding.
    pub fn row(&self, plane: usize, position: usize) -> Vec<f32> {
        let (layout, buffer) = &self.planes[plane];
        let mut out = vec![0.0; layout.row_len()];
        layout.read_row(buffer.lines(), position, &mut out);
        out
    }

    /// The touched rows of entities and relations.
    pub(crate) fn touched(&self) -> &[Touched; 2] {
        &self.touched
    }

    /// Layouts and elements of all planes.
    pub(crate) fn planes(&self) -> &[(Layout, Buffer)] {
        &self.planes
    }

    /// Layouts and elements of all planes, to write.
    pub(crate) fn planes_mut(&mut self) -> &mut [(Layout, Buffer)] {
        &mut self.planes
    }
}

/// Entities 0, relations 1.
pub(crate) fn owner_index(owner: Owner) -> usize {
    match owner {
        Owner::Entity => 0,
        Owner::Relation => 1,
    }
}
