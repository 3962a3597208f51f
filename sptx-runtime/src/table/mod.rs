//! Tables: how rows are laid out in memory, and what may be done with them as a whole.
//!
//! A plane of vectors is stored by column tiles: all rows of the first tile, then all rows of the second, … Each row of
//! a tile is a whole number of [`Line`]s (16 floats, 64 bytes, aligned), its unused tail zero. A stage then works on one
//! tile with rows close together, and threads own whole tiles. A plane of matrices is tiled by matrix rows.

mod buffer;
mod constrain;
mod layout;

pub use buffer::{Buffer, Line};
pub use constrain::Rows;
pub use layout::{Layout, Tile, Tiling};

use crate::program::{Model, Owner, Shape};

/// The tables of one model, with their rows.
#[derive(Clone, Debug)]
pub struct Tables {
    entities: usize,
    relations: usize,
    tilings: Vec<Tiling>,
    planes: Vec<Table>,
}

/// One plane: its layout and its rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where elements are.
    pub layout: Layout,
    /// The elements.
    pub buffer: Buffer,
}

impl Tables {
    /// Tables of zeros. `sizes` are those of [`Model::bind`].
    pub fn zeros(model: &Model, sizes: &[usize], entities: usize, relations: usize) -> Self {
        let tilings: Vec<Tiling> = sizes.iter().map(|size| Tiling::of(*size)).collect();
        let planes = (0..model.planes.len())
            .map(|plane| {
                let rows = match model.owner(plane) {
                    Owner::Entity => entities,
                    Owner::Relation => relations,
                };
                let layout = match model.planes[plane].shape {
                    Shape::Scalar => Layout::scalars(rows),
                    Shape::Vector(dim) => Layout::vectors(rows, &tilings[dim]),
                    Shape::Matrix(down, across) => Layout::matrices(rows, &tilings[down], sizes[across]),
                };
                Table { buffer: Buffer::zeros(layout.lines()), layout }
            })
            .collect();
        Self { entities, relations, tilings, planes }
    }

    /// Tables whose rows are copies of some entities' and some relations' rows.
    pub(crate) fn copies(&self, model: &Model, [entities, relations]: [&[u32]; 2]) -> Self {
        let copy = |(plane, table): (usize, &Table)| {
            let rows = match model.owner(plane) {
                Owner::Entity => entities,
                Owner::Relation => relations,
            };
            let layout = table.layout.with_rows(rows.len());
            let mut buffer = Buffer::zeros(layout.lines());
            let mut values = vec![0.0; layout.row_len()];
            for (copy, row) in rows.iter().enumerate() {
                table.layout.read_row(table.buffer.lines(), *row as usize, &mut values);
                layout.write_row(copy, &values, buffer.lines_mut());
            }
            Table { layout, buffer }
        };
        Self {
            entities: entities.len(),
            relations: relations.len(),
            tilings: self.tilings.clone(),
            planes: self.planes.iter().enumerate().map(copy).collect(),
        }
    }

    /// Number of rows of an owner.
    pub fn count(&self, owner: Owner) -> usize {
        match owner {
            Owner::Entity => self.entities,
            Owner::Relation => self.relations,
        }
    }

    /// The column tiles of each dimension.
    pub fn tilings(&self) -> &[Tiling] {
        &self.tilings
    }

    /// The planes, in the order of [`Model::planes`].
    pub fn planes(&self) -> &[Table] {
        &self.planes
    }

    /// The planes, to write.
    pub fn planes_mut(&mut self) -> &mut [Table] {
        &mut self.planes
    }

    /// Number of trainable and frozen elements, padding left out.
    pub fn parameter_count(&self) -> usize {
        self.planes.iter().map(|table| table.layout.rows() * table.layout.row_len()).sum()
    }

    /// The rows of a plane, one after another, without padding.
    pub fn export(&self, plane: usize) -> Vec<f32> {
        let Table { layout, buffer } = &self.planes[plane];
        layout.export(buffer.lines())
    }

    /// Sets the rows of a plane from [`Tables::export`]'s form.
    ///
    /// # Panics
    /// When `rows` has another length than the plane.
    pub fn import(&mut self, plane: usize, rows: &[f32]) {
        let Table { layout, buffer } = &mut self.planes[plane];
        layout.import(rows, buffer.lines_mut());
    }

    /// One row of a plane, without padding.
    pub fn row(&self, plane: usize, row: usize) -> Vec<f32> {
        let Table { layout, buffer } = &self.planes[plane];
        let mut out = vec![0.0; layout.row_len()];
        layout.read_row(buffer.lines(), row, &mut out);
        out
    }
}
