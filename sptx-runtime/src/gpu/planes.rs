//! How many words tables take.

use super::{Capabilities, row_words};
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

/// In how many bindings tables of so many words lie, on a device that can do so much.
///
/// ```
/// use sptx_runtime::gpu::{Capabilities, table_shards};
///
/// let device = Capabilities { binding_words: 1 << 20, ..Capabilities::default() };
/// assert_eq!([0, 1 << 20, (1 << 20) + 1].map(|words| table_shards(words, &device)), [1, 1, 2]);
/// ```
pub fn table_shards(words: usize, device: &Capabilities) -> u32 {
    // A shard is a multiple of four words.
    let most = (device.binding_words as usize / 4 * 4).max(4);
    u32::try_from(words.div_ceil(most).max(1)).unwrap_or(u32::MAX)
}
