//! Penalties on rows: their gradients, added to those of a loss.
//!
//! An element's penalty depends on nothing but itself (and, of a complex element, on its other part), so the work is
//! split by tiles like an update; the same bits come out for any number of threads.

use rayon::prelude::*;

use super::batch::Touched;
use super::gradients::{Gradients, owner_index};
use crate::optimizer::Penalty;
use crate::program::{Model, Owner};
use crate::table::{Line, Rows, Tables};

/// Adds the gradient of a penalty to `gradients`, for the rows that these are kept for.
pub(super) fn penalize(model: &Model, tables: &Tables, penalty: Penalty<'_>, gradients: &mut Gradients) {
    for owner in [Owner::Entity, Owner::Relation] {
        let strength = strength(penalty, owner);
        if strength == 0.0 {
            continue;
        }
        let touched = gradients.touched()[owner_index(owner)].clone();
        let weights = weights(penalty, owner, &touched);
        let slope = Slope { strength, power: penalty.power as f32, weights: &weights, rows: touched.rows() };
        for planes in groups(model, owner) {
            slope.add(tables, gradients, &planes);
        }
    }
}

fn strength(penalty: Penalty<'_>, owner: Owner) -> f32 {
    match owner {
        Owner::Entity => penalty.entity as f32,
        Owner::Relation => penalty.relation as f32,
    }
}

/// How often each touched row counts.
fn weights(penalty: Penalty<'_>, owner: Owner, touched: &Touched) -> Vec<f32> {
    let Some(occurrences) = penalty.occurrences else { return vec![1.0; touched.len()] };
    let listed = match owner {
        Owner::Entity => occurrences.entities,
        Owner::Relation => occurrences.relations,
    };
    let mut weights = vec![0.0; touched.len()];
    for row in listed {
        let position = match touched {
            Touched::All(_) => Some(*row as usize),
            Touched::Some(rows) => rows.binary_search(row).ok(),
        };
        if let Some(weight) = position.and_then(|position| weights.get_mut(position)) {
            *weight += 1.0;
        }
    }
    weights
}

/// The planes of an owner's trained tables, those of one complex value together.
fn groups(model: &Model, owner: Owner) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let value = |plane: usize| {
        let part = model.planes[plane].part.as_str();
        let stem = part.strip_suffix("re").or_else(|| part.strip_suffix("im")).unwrap_or(part);
        (model.planes[plane].slot, stem)
    };
    let penalized = |plane: &usize| {
        model.owner(*plane) == owner && model.is_trained(*plane) && !model.slots[model.planes[*plane].slot].phase
    };
    for plane in (0..model.planes.len()).filter(penalized) {
        match groups.last_mut() {
            Some(group) if value(group[0]) == value(plane) => group.push(plane),
            _ => groups.push(vec![plane]),
        }
    }
    groups
}

/// The gradient of `λ·w·|x|ᵖ`.
struct Slope<'a> {
    strength: f32,
    power: f32,
    weights: &'a [f32],
    rows: Rows<'a>,
}

impl Slope<'_> {
    /// Adds the gradient to that of some planes, whose elements at one place are the parts of one number.
    fn add(&self, tables: &Tables, gradients: &mut Gradients, planes: &[usize]) {
        let layout = &tables.planes()[planes[0]].layout;
        let stride = |tile: usize| if layout.is_scalar() { 1 } else { layout.row_lines(tile) * Line::LEN };
        let strides: Vec<usize> = (0..layout.tiles().len()).map(stride).collect();
        let mut tiles: Vec<Vec<(&[f32], &mut [f32])>> = strides.iter().map(|_| Vec::new()).collect();
        let chosen = gradients.planes_mut().iter_mut().enumerate().filter(|(plane, _)| planes.contains(plane));
        for (plane, (layout, buffer)) in chosen {
            let table = &tables.planes()[plane];
            let values = table.layout.split(table.buffer.lines());
            for ((tile, values), slopes) in tiles.iter_mut().zip(values).zip(layout.split_mut(buffer.lines_mut())) {
                tile.push((bytemuck::cast_slice(values), bytemuck::cast_slice_mut(slopes)));
            }
        }
        tiles.into_par_iter().zip(strides).for_each(|(mut parts, stride)| self.tile(&mut parts, stride));
    }

    /// One tile: for each part of a number its values and its gradient, rows being `stride` floats long.
    fn tile(&self, parts: &mut [(&[f32], &mut [f32])], stride: usize) {
        for (position, weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let (from, to) = (self.rows.at(position) * stride, position * stride);
            for element in 0..stride {
                let square: f32 = parts.iter().map(|(values, _)| values[from + element] * values[from + element]).sum();
                let factor = weight * self.strength * self.over_modulus(square.sqrt());
                for (values, slopes) in &mut *parts {
                    slopes[to + element] += factor * values[from + element];
                }
            }
        }
    }

    /// The derivative of mᵖ by m, over m; 0 at 0, where padding lies too.
    fn over_modulus(&self, modulus: f32) -> f32 {
        match self.power {
            2.0 => 2.0,
            3.0 => 3.0 * modulus,
            _ if modulus == 0.0 => 0.0,
            power => power * modulus.powf(power - 2.0),
        }
    }
}
