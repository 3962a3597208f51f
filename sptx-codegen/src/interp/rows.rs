//! Where the interpreter finds the rows of a triple.

use std::collections::BTreeMap;

use crate::ir::{Element, PlaneId, Score, Side};

/// Gives the rows of one triple.
pub trait RowSource {
    /// The side's row of a plane: a complex row is its real parts, then its imaginary parts.
    fn row(&self, side: Side, plane: PlaneId) -> &[f64];
}

/// The rows of one triple, owned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows(BTreeMap<(Side, PlaneId), Vec<f64>>);

impl Rows {
    /// Sets a row.
    pub fn insert(&mut self, side: Side, plane: PlaneId, row: Vec<f64>) {
        self.0.insert((side, plane), row);
    }

    /// The rows by side and plane, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Side, PlaneId, &[f64])> {
        self.0.iter().map(|((side, plane), row)| (*side, *plane, row.as_slice()))
    }

    /// The row, to change.
    pub fn row_mut(&mut self, side: Side, plane: PlaneId) -> Option<&mut Vec<f64>> {
        self.0.get_mut(&(side, plane))
    }

    /// The same rows for the planes that `passes::realify` makes of `declared`.
    #[must_use]
    pub fn realified(&self, declared: &Score) -> Self {
        let mut rows = Self::default();
        let mut next = 0;
        for (plane, declaration) in declared.planes.iter() {
            let parts = match declaration.element {
                Element::Real => 1,
                Element::Complex => 2,
            };
            for side in Side::ALL {
                let Some(row) = self.0.get(&(side, plane)) else { continue };
                for (part, elements) in row.chunks(row.len() / parts).enumerate() {
                    rows.insert(side, PlaneId::new(next + part), elements.to_vec());
                }
            }
            next += parts;
        }
        rows
    }
}

impl RowSource for Rows {
    fn row(&self, side: Side, plane: PlaneId) -> &[f64] {
        self.0.get(&(side, plane)).unwrap_or_else(|| panic!("no row was given for {side:?} {plane:?}"))
    }
}
