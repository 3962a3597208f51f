//! The engine's tables as the reference interpreter reads them, and differences of what it gives.

use sptx::codegen::interp::{self, Bindings, RowSource};
use sptx::codegen::ir::{Element, Gradient, Owner, PlaneId, Score, Side};
use sptx::runtime::table;
use sptx::train::Triple;

use super::compare::larger;

/// The step of a central difference.
const STEP: f64 = 1e-5;

/// Every row of every plane, in f64: of the planes the engine has, or of those declared, of which complex ones are two
/// of the engine's.
#[derive(Clone)]
pub(in crate::command) struct Tables {
    planes: Vec<Vec<Vec<f64>>>,
}

/// The rows of one triple.
pub(in crate::command) struct TripleRows<'a> {
    tables: &'a Tables,
    triple: Triple,
}

impl RowSource for TripleRows<'_> {
    fn row(&self, side: Side, plane: PlaneId) -> &[f64] {
        &self.tables.planes[plane.index()][row_of(self.triple, side)]
    }
}

fn row_of(triple: Triple, side: Side) -> usize {
    let id = match side {
        Side::Head => triple.head,
        Side::Relation => triple.relation,
        Side::Tail => triple.tail,
    };
    id as usize
}

impl Tables {
    /// The same numbers.
    pub(in crate::command) fn of(tables: &table::Tables) -> Self {
        let row = |plane: usize, row: usize| tables.row(plane, row).into_iter().map(f64::from).collect();
        let plane =
            |(plane, table): (usize, &table::Table)| (0..table.layout.rows()).map(|it| row(plane, it)).collect();
        Self { planes: tables.planes().iter().enumerate().map(plane).collect() }
    }

    /// The rows of a triple.
    pub(in crate::command) fn rows(&self, triple: Triple) -> TripleRows<'_> {
        TripleRows { tables: self, triple }
    }

    /// The same numbers by declared plane, and the declared plane of each of the engine's, with the first element of the
    /// engine's row in it.
    pub(in crate::command) fn declared(&self, score: &Score) -> (Self, Vec<(usize, usize)>) {
        let mut planes: Vec<Vec<Vec<f64>>> = Vec::new();
        let mut places = Vec::new();
        let mut rest = self.planes.iter();
        for (position, (_, plane)) in score.planes.iter().enumerate() {
            let parts = match plane.element {
                Element::Real => 1,
                Element::Complex => 2,
            };
            let mut joined: Vec<Vec<f64>> = Vec::new();
            for part in rest.by_ref().take(parts) {
                places.push((position, joined.first().map_or(0, Vec::len)));
                joined.resize(part.len(), Vec::new());
                joined.iter_mut().zip(part).for_each(|(joined, row)| joined.extend(row));
            }
            planes.push(joined);
        }
        (Self { planes }, places)
    }

    /// Zeros in the same shape.
    fn zeros(&self) -> Self {
        let zeros = |plane: &Vec<Vec<f64>>| plane.iter().map(|row| vec![0.0; row.len()]).collect();
        Self { planes: self.planes.iter().map(zeros).collect() }
    }

    /// How many elements there are.
    pub(super) fn numbers(&self) -> usize {
        self.planes.iter().flatten().map(Vec::len).sum()
    }

    /// The same, but for the last bit that an f32 has: what no engine that computes in f32 can tell apart.
    pub(in crate::command) fn nudged(&self) -> Self {
        let epsilon = f64::from(f32::EPSILON);
        let nudge = |(place, x): (usize, &f64)| x * if place.is_multiple_of(2) { 1.0 + epsilon } else { 1.0 - epsilon };
        let row = |row: &Vec<f64>| row.iter().enumerate().map(nudge).collect();
        Self { planes: self.planes.iter().map(|plane| plane.iter().map(row).collect()).collect() }
    }

    /// The largest difference of two elements at one place.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let elements = |it: &Self| it.planes.iter().flatten().flatten().copied().collect::<Vec<_>>();
        elements(self).into_iter().zip(elements(other)).map(|(a, b)| (a - b).abs()).fold(0.0, larger)
    }

    /// One row of one plane.
    pub(in crate::command) fn row(&self, plane: usize, row: usize) -> &[f64] {
        &self.planes[plane][row]
    }

    /// The root mean square of a plane's elements.
    pub(in crate::command) fn magnitude(&self, plane: usize) -> f64 {
        root_mean_square(self.planes[plane].iter().flatten().copied())
    }
}

/// √(mean of squares); 0 of nothing.
pub(in crate::command) fn root_mean_square(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0_usize, 0.0), |(count, sum), value| (count + 1, sum + value * value));
    (sum / count.max(1) as f64).sqrt()
}

/// The gradient of `Σ upstreamᵢ · scoreᵢ`, interpreted.
pub(in crate::command) fn gradient(
    gradient: &Gradient,
    bindings: &Bindings,
    tables: &Tables,
    batch: &[(Triple, f64)],
) -> Tables {
    let mut sum = tables.zeros();
    for (triple, upstream) in batch {
        for (side, plane, row) in interp::gradient(gradient, bindings, &tables.rows(*triple), *upstream) {
            let target = &mut sum.planes[plane.index()][row_of(*triple, side)];
            target.iter_mut().zip(row).for_each(|(sum, term)| *sum += term);
        }
    }
    sum
}

/// The central difference of `Σ upstreamᵢ · scoreᵢ` by one element.
pub(in crate::command) fn difference(
    score: &Score,
    bindings: &Bindings,
    tables: &mut Tables,
    batch: &[(Triple, f64)],
    (owner, plane, row, element): (Owner, usize, usize, usize),
) -> f64 {
    let reads = |triple: Triple| Side::ALL.into_iter().any(|side| side.owner() == owner && row_of(triple, side) == row);
    let kept = tables.planes[plane][row][element];
    let mut at = |value: f64| {
        tables.planes[plane][row][element] = value;
        let readers = batch.iter().filter(|(triple, _)| reads(*triple));
        readers.map(|(triple, upstream)| upstream * interp::score(score, bindings, &tables.rows(*triple))).sum::<f64>()
    };
    let difference = (at(kept + STEP) - at(kept - STEP)) / (2.0 * STEP);
    tables.planes[plane][row][element] = kept;
    difference
}
