//! Whether a run's tables fit in memory, asked before they are made: an allocation that fails ends the process.

use sptx::runtime::program::{Model, Owner, Shape};
use sptx::train::{Config, Dataset};

use super::devices::{self, GIB};
use super::failure::Failure;

/// Bytes of a number in a table.
const BYTES: u128 = 4;

/// Checks that the tables of a run and its optimizer's state are smaller than the machine's memory.
pub(super) fn check(model: &Model, dataset: &Dataset, config: &Config) -> Result<(), Failure> {
    let sizes = model.bind(&config.sizes(model))?;
    let elements: u128 = (0..model.planes.len()).map(|plane| elements(model, dataset, &sizes, plane)).sum();
    let copies = 1 + config.optimizer.rule().states() as u128;
    let needed = elements.saturating_mul(copies * BYTES);
    let Some(memory) = devices::all().into_iter().find_map(|device| device.memory) else { return Ok(()) };
    if needed <= u128::from(memory) {
        return Ok(());
    }
    let gib = |bytes: f64| format!("{:.1} GiB", bytes / GIB);
    let (needed, memory) = (gib(needed as f64), gib(memory as f64));
    Err(Failure::new(format!("the tables and the optimizer's state need {needed}; this machine has {memory}"))
        .help("lower `--dim`, or choose an optimizer with less state, such as `row-adagrad`"))
}

fn elements(model: &Model, dataset: &Dataset, sizes: &[usize], plane: usize) -> u128 {
    let rows = match model.owner(plane) {
        Owner::Entity => dataset.entities().len(),
        Owner::Relation => dataset.relations().len(),
    };
    let row = match model.planes[plane].shape {
        Shape::Scalar => 1,
        Shape::Vector(dim) => sizes[dim] as u128,
        Shape::Matrix(down, across) => (sizes[down] as u128).saturating_mul(sizes[across] as u128),
    };
    (rows as u128).saturating_mul(row)
}
