//! How many words tables take.

use super::row_words;
use crate::program::{Model, Owner, Shape};

/// Words of a plane of `rows` rows, up to where the next one begins: at a multiple of four.
pub fn plane_words(shape: Shape, sizes: &[usize], rows: usize) -> usize {
    (rows * row_words(shape, sizes)).next_multiple_of(4)
}

/// Words that the tables of a model take: how much of a device's memory, and whether one binding can have them all.
///
/// `sizes` are those of [`Model::bind`]; `entities` and `relations` are numbers of rows.
pub fn table_words(model: &Model, sizes: &[usize], entities: usize, relations: usize) -> usize {
    let rows = |plane| match model.owner(plane) {
        Owner::Entity => entities,
        Owner::Relation => relations,
    };
    model.planes.iter().enumerate().map(|(index, plane)| plane_words(plane.shape, sizes, rows(index))).sum()
}
