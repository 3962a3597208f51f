//! How tables begin: random numbers addressed by plane, row and element, so that neither threads nor order matter.

use std::f64::consts::PI;

use rayon::prelude::*;
use sptx_runtime::cpu::Engine;
use sptx_runtime::program::{Initializer, Model, Owner, Shape};

use crate::config::InitialConfig;
use crate::dataset::{Dataset, Vocabulary};
use crate::philox::{Purpose, Stream, normal_f64, uniform_f64};

/// Fills every table as its slot's initializer says, from `seed`, then applies the constraints. `initial` is for vectors
/// whose slot says nothing.
///
/// Names of `one_if_named` are looked up among the dataset's entities and relations.
pub fn initialize(engine: &mut Engine, dataset: &Dataset, initial: &InitialConfig, seed: u64) {
    let stream = Stream::new(seed, Purpose::Initial);
    for plane in 0..engine.model().planes.len() {
        let layout = &engine.tables().planes()[plane].layout;
        let (rows, shape) = (layout.rows(), layout.row_shape());
        let names = match engine.model().owner(plane) {
            Owner::Entity => dataset.entities(),
            Owner::Relation => dataset.relations(),
        };
        let fill = Fill {
            law: law(engine.model(), plane, &shape, initial.deviation),
            stream,
            plane: plane as u32,
            shape,
            names,
        };
        let values = engine.install(|| fill.rows(rows));
        engine.tables_mut().import(plane, &values);
    }
    engine.constrain_all();
}

/// How the elements of a plane are drawn.
#[derive(Clone, Debug)]
enum Law {
    Uniform(f64, f64),
    Normal(f64, f64),
    Constant(f64),
    Identity,
    OneIfNamed(Vec<String>),
}

fn law(model: &Model, plane: usize, shape: &[usize], deviation: f64) -> Law {
    let slot = &model.slots[model.planes[plane].slot];
    let is_vector = matches!(model.planes[plane].shape, Shape::Vector(_)) && !slot.phase;
    match &slot.initializer {
        Initializer::Default if is_vector && deviation > 0.0 => Law::Normal(0.0, deviation),
        Initializer::Default => default_law(slot.phase, model.planes[plane].shape, shape),
        Initializer::Uniform(low, high) => Law::Uniform(*low, *high),
        Initializer::Normal(mean, deviation) => Law::Normal(*mean, *deviation),
        Initializer::Xavier => glorot(shape),
        Initializer::Constant(value) => Law::Constant(*value),
        Initializer::Identity => Law::Identity,
        Initializer::OneIfNamed(names) => Law::OneIfNamed(names.clone()),
    }
}

fn default_law(phase: bool, kind: Shape, shape: &[usize]) -> Law {
    match kind {
        Shape::Scalar => Law::Constant(0.0),
        Shape::Vector(_) if phase => Law::Uniform(-PI, PI),
        Shape::Vector(_) => {
            let bound = 6.0 / (shape[0] as f64).sqrt();
            Law::Uniform(-bound, bound)
        }
        Shape::Matrix(..) => glorot(shape),
    }
}

/// Uniform within √(6 / (fan in + fan out)); a vector of d elements maps 1 to d.
fn glorot(shape: &[usize]) -> Law {
    let fans: usize = match shape {
        [] => 2,
        [columns] => 1 + columns,
        [down, across, ..] => down + across,
    };
    let bound = (6.0 / fans as f64).sqrt();
    Law::Uniform(-bound, bound)
}

/// The rows of one plane.
struct Fill<'a> {
    law: Law,
    stream: Stream,
    plane: u32,
    shape: Vec<usize>,
    names: &'a Vocabulary,
}

impl Fill<'_> {
    fn rows(&self, rows: usize) -> Vec<f32> {
        let len: usize = self.shape.iter().product();
        let mut values = vec![0.0; rows * len];
        values.par_chunks_exact_mut(len).enumerate().for_each(|(row, values)| self.row(row as u32, values));
        values
    }

    fn row(&self, row: u32, values: &mut [f32]) {
        match &self.law {
            Law::Uniform(low, high) => {
                self.draw(row, values, |block| {
                    let unit = [uniform_f64([block[0], block[1]]), uniform_f64([block[2], block[3]])];
                    unit.map(|unit| low + (high - low) * unit)
                });
            }
            Law::Normal(mean, deviation) => {
                self.draw(row, values, |block| normal_f64(block).map(|x| mean + deviation * x));
            }
            Law::Constant(value) => values.fill(*value as f32),
            Law::Identity => {
                let across = self.shape.last().copied().unwrap_or(1);
                values.iter_mut().step_by(across + 1).for_each(|value| *value = 1.0);
            }
            Law::OneIfNamed(names) => {
                let named = self.names.name(row).is_some_and(|name| names.iter().any(|known| known == name));
                values.fill(f32::from(u8::from(named)));
            }
        }
    }

    /// Two numbers from each block of random words.
    fn draw(&self, row: u32, values: &mut [f32], law: impl Fn([u32; 4]) -> [f64; 2]) {
        for (index, pair) in values.chunks_mut(2).enumerate() {
            let drawn = law(self.stream.block([index as u32, row, self.plane], 0));
            pair.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn as f32);
        }
    }
}
