//! How wide the accesses of a memory are.

use std::collections::BTreeMap;

use crate::lir::{Builder, Expression, Kernel, Place, Statement, Value};

use super::rebuild::{Rules, define, rebuild};

/// The lanes of the accesses of each place.
#[derive(Debug, Default)]
pub(crate) struct Widths {
    places: BTreeMap<Place, Width>,
}

/// The lanes of a place's accesses.
#[derive(Clone, Copy, Debug, Default)]
struct Width {
    /// Of its narrowest store.
    stored: Option<u8>,
    /// Of its widest load.
    loaded: u8,
}

impl Widths {
    /// Those of a kernel.
    pub(crate) fn of(kernel: &Kernel) -> Self {
        let mut widths = Self::default();
        kernel.for_each(|statement| match statement {
            Statement::Let(_, Expression::Load { place, lanes, .. }) => widths.loads(*place, *lanes),
            Statement::Store { place, value, .. } => widths.stores(*place, kernel.ty(*value).lanes),
            Statement::Copy { shared, buffer, lanes, .. } => {
                widths.loads(Place::Buffer(*buffer), *lanes);
                widths.stores(Place::Shared(*shared), *lanes);
            }
            Statement::Let(..)
            | Statement::Set(..)
            | Statement::Await
            | Statement::Atomic { .. }
            | Statement::Change { .. }
            | Statement::If { .. }
            | Statement::For { .. }
            | Statement::Barrier(_) => {}
        });
        widths
    }

    fn loads(&mut self, place: Place, lanes: u8) {
        let width = self.places.entry(place).or_default();
        width.loaded = width.loaded.max(lanes);
    }

    fn stores(&mut self, place: Place, lanes: u8) {
        let width = self.places.entry(place).or_default();
        width.stored = Some(width.stored.map_or(lanes, |stored| stored.min(lanes)));
    }

    /// The lanes of what a place is an array of, where stores have one width: that of its stores, else that of its widest
    /// load.
    pub(crate) fn element(&self, place: Place) -> u8 {
        self.places.get(&place).map_or(1, |width| width.stored.unwrap_or(width.loaded))
    }
}

/// Gives all stores to a place one width, and loads that width or one lane.
///
/// A place is an array of what its narrowest store writes: a store of one lane of a vector may, in WGSL, write the whole
/// of it, over what another thread writes beside.
pub(super) fn one_width(kernel: &Kernel) -> Kernel {
    let mut rules = OneWidth { widths: Widths::of(kernel) };
    let mut header = kernel.clone();
    for id in kernel.buffers.handles() {
        header.buffers[id].lanes = rules.widths.element(Place::Buffer(id));
    }
    rebuild(kernel, header, &mut rules)
}

struct OneWidth {
    widths: Widths,
}

impl Rules for OneWidth {
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        let Expression::Load { place, index, lanes } = expression else {
            return define(k, expression);
        };
        let element = self.widths.element(place);
        let at_once = if lanes < element { 1 } else { element };
        let mut loaded = Vec::new();
        for first in (0..lanes).step_by(at_once.into()) {
            let index = k.add_u32(index, first.into());
            let piece = k.load(place, index, at_once);
            loaded.push(piece);
        }
        if let [whole] = loaded[..] {
            return whole;
        }
        let numbers: Vec<Value> = loaded.iter().flat_map(|piece| lanes_of(k, *piece)).collect();
        k.join(&numbers)
    }

    fn store(&mut self, k: &mut Builder, place: Place, index: Value, value: Value) {
        let element = self.widths.element(place);
        if k.ty(value).lanes == element {
            return k.store(place, index, value);
        }
        for (piece, numbers) in lanes_of(k, value).chunks(element.into()).enumerate() {
            let index = k.add_u32(index, piece as u32 * u32::from(element));
            let value = k.join(numbers);
            k.store(place, index, value);
        }
    }
}

fn lanes_of(k: &mut Builder, value: Value) -> Vec<Value> {
    (0..k.ty(value).lanes).map(|lane| k.lane(value, lane)).collect()
}
