//! Whether a model's tables fit in memory, before they are asked for.

use sptx_runtime::program::{Model, Owner, Shape};

use crate::error::Result;
use crate::run_error::RunError;

/// Refuses tables that the system would not give memory for, with the optimizer's state. `rows` are those of the
/// entities' tables and of the relations'.
pub(super) fn check_fits(model: &Model, sizes: &[usize], rows: [usize; 2], states: usize) -> Result<()> {
    let numbers: u128 = (0..model.planes.len()).map(|plane| plane_len(model, plane, sizes, rows)).sum();
    // Tables, the gradient of each, and what the optimizer keeps for each.
    let bytes = numbers * 4 * (2 + states as u128);
    let fits = usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    let shown = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
    if fits { Ok(()) } else { Err(RunError::TooLarge { numbers: shown(numbers), bytes: shown(bytes) }.into()) }
}

fn plane_len(model: &Model, plane: usize, sizes: &[usize], [entities, relations]: [usize; 2]) -> u128 {
    let rows = match model.owner(plane) {
        Owner::Entity => entities,
        Owner::Relation => relations,
    };
    let row = match model.planes[plane].shape {
        Shape::Scalar => 1,
        Shape::Vector(dim) => sizes[dim] as u128,
        Shape::Matrix(down, across) => sizes[down] as u128 * sizes[across] as u128,
    };
    row * rows as u128
}
