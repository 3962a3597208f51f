//! Optimizer state and the updates of rows.

use rayon::prelude::*;

use super::gradients::Gradients;
use crate::optimizer::{self, Rule, Step};
use crate::program::Model;
use crate::simd::{Simd, Task, dispatch};
use crate::table::{Buffer, Layout, Line, Rows, Tables};

/// An optimizer's state: for each plane, as many buffers of the plane's layout as the rule keeps.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) rule: Rule,
    pub(crate) planes: Vec<Vec<Buffer>>,
    /// One number per row of each slot, for rules with row state.
    pub(crate) rows: Vec<Vec<f32>>,
}

impl State {
    /// The state before the first step.
    pub(crate) fn new(rule: Rule, model: &Model, tables: &Tables) -> Self {
        let trained = |plane: usize| model.is_trained(plane);
        let planes = tables.planes().iter().enumerate().map(|(plane, table)| {
            let copies = if trained(plane) { rule.states() } else { 0 };
            (0..copies).map(|_| Buffer::zeros(table.layout.lines())).collect()
        });
        let rows = model
            .slots
            .iter()
            .map(|slot| if rule.needs_row() { vec![0.0; tables.count(slot.owner)] } else { Vec::new() });
        Self { rule, planes: planes.collect(), rows: rows.collect() }
    }

    /// Updates every plane for which gradients are kept.
    pub(crate) fn update(&mut self, model: &Model, tables: &mut Tables, gradients: &Gradients, step: Step<'_>) {
        let factors = self.row_factors(model, tables, gradients, step);
        for (plane, table) in tables.planes_mut().iter_mut().enumerate() {
            let (layout, gradient) = &gradients.planes()[plane];
            if layout.rows() == 0 || !model.is_trained(plane) {
                continue;
            }
            let rows = gradients.rows(plane);
            let factors = factors[model.planes[plane].slot].as_deref();
            let mut states = split_states(&table.layout, &mut self.planes[plane]);
            let parameters = table.layout.split_mut(table.buffer.lines_mut());
            let gradients = layout.split(gradient.lines());
            let rule = self.rule;
            let items: Vec<_> = parameters.into_iter().zip(gradients).zip(&mut states).enumerate().collect();
            items.into_par_iter().for_each(|(tile, ((parameters, gradients), states))| {
                let update = Update { rule, step, rows, row_lines: layout.row_lines(tile), factors };
                update.tile(parameters, gradients, states);
            });
        }
    }

    /// For rules with row state: adds the rows' mean squared gradients to it, and gives each row's learning rate.
    fn row_factors(
        &mut self,
        model: &Model,
        tables: &Tables,
        gradients: &Gradients,
        step: Step<'_>,
    ) -> Vec<Option<Vec<f32>>> {
        let Rule::RowAdagrad { epsilon } = self.rule else { return vec![None; model.slots.len()] };
        let decay = step.weight_decay as f32;
        let slots = self.rows.iter_mut().enumerate().map(|(slot, sums)| {
            let planes: Vec<usize> = model.planes_of(slot).filter(|plane| model.is_trained(*plane)).collect();
            let first = *planes.first()?;
            let elements: usize = planes.iter().map(|plane| tables.planes()[*plane].layout.row_len()).sum();
            let rows = gradients.rows(first);
            let count = gradients.len(first);
            let means: Vec<f64> = (0..count)
                .into_par_iter()
                .map(|position| {
                    let squares = planes.iter().map(|plane| {
                        let row = tables.row(*plane, rows.at(position));
                        let gradient = gradients.row(*plane, position);
                        gradient.iter().zip(row).map(|(g, p)| f64::from(g + decay * p).powi(2)).sum::<f64>()
                    });
                    squares.sum::<f64>() / elements as f64
                })
                .collect();
            Some(
                means
                    .iter()
                    .enumerate()
                    .map(|(position, mean)| {
                        let sum = &mut sums[rows.at(position)];
                        *sum += *mean as f32;
                        (step.learning_rate / (f64::from(*sum).sqrt() + epsilon)) as f32
                    })
                    .collect(),
            )
        });
        slots.collect()
    }
}

/// For each tile, that tile of each state buffer.
pub(crate) fn split_states<'a>(layout: &Layout, buffers: &'a mut [Buffer]) -> Vec<Vec<&'a mut [Line]>> {
    let mut by_tile: Vec<Vec<&mut [Line]>> = layout.tiles().iter().map(|_| Vec::new()).collect();
    for buffer in buffers {
        for (states, lines) in by_tile.iter_mut().zip(layout.split_mut(buffer.lines_mut())) {
            states.push(lines);
        }
    }
    by_tile
}

/// The update of one tile of one plane.
pub(crate) struct Update<'a> {
    pub(crate) rule: Rule,
    pub(crate) step: Step<'a>,
    /// The rows of the gradient.
    pub(crate) rows: Rows<'a>,
    /// Lines of a row; 0 for packed scalars.
    pub(crate) row_lines: usize,
    /// The learning rate of each row, for rules that have one.
    pub(crate) factors: Option<&'a [f32]>,
}

impl Update<'_> {
    /// Updates the rows of the tile.
    pub(crate) fn tile(&self, parameters: &mut [Line], gradients: &[Line], states: &mut [&mut [Line]]) {
        match (self.rows, self.factors) {
            (Rows::All, None) => self.lines(parameters, gradients, states, None),
            _ if self.row_lines == 0 => self.packed(parameters, gradients, states),
            _ => dispatch(RowsTask { update: self, parameters, gradients, states }),
        }
    }

    fn lines(&self, parameters: &mut [Line], gradients: &[Line], states: &mut [&mut [Line]], factor: Option<f32>) {
        dispatch(LinesTask { rule: Coefficients::new(self.rule, self.step, factor), parameters, gradients, states });
    }

    /// Packed scalars: each touched element is moved to a line of its own and back.
    fn packed(&self, parameters: &mut [Line], gradients: &[Line], states: &mut [&mut [Line]]) {
        let gradients: &[f32] = bytemuck::cast_slice(gradients);
        let count = match self.rows {
            Rows::All => gradients.len().min(bytemuck::cast_slice::<Line, f32>(parameters).len()),
            Rows::Some(rows) => rows.len(),
        };
        for (position, gradient) in gradients.iter().enumerate().take(count) {
            let (line, lane) = (self.rows.at(position) / Line::LEN, self.rows.at(position) % Line::LEN);
            let single = |x: f32| {
                let mut line = Line::ZERO;
                line.0[0] = x;
                line
            };
            let mut parameter = single(parameters[line].0[lane]);
            let mut kept: Vec<Line> = states.iter().map(|state| single(state[line].0[lane])).collect();
            let mut views: Vec<&mut [Line]> = kept.iter_mut().map(std::slice::from_mut).collect();
            let factor = self.factors.and_then(|factors| factors.get(position).copied());
            self.lines(std::slice::from_mut(&mut parameter), &[single(*gradient)], &mut views, factor);
            parameters[line].0[lane] = parameter.0[0];
            for (state, kept) in states.iter_mut().zip(&kept) {
                state[line].0[lane] = kept.0[0];
            }
        }
    }
}

struct RowsTask<'a, 'u, 's> {
    update: &'a Update<'u>,
    parameters: &'a mut [Line],
    gradients: &'a [Line],
    states: &'a mut [&'s mut [Line]],
}

impl Task for RowsTask<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let len = self.update.row_lines;
        let mut rule = Coefficients::new(self.update.rule, self.update.step, None);
        for (position, gradient) in self.gradients.chunks_exact(len).enumerate() {
            if let Some(factor) = self.update.factors.and_then(|factors| factors.get(position)) {
                rule = Coefficients::new(self.update.rule, self.update.step, Some(*factor));
            }
            let row = self.update.rows.at(position) * len;
            let parameters = &mut self.parameters[row..row + len];
            match self.states {
                [] => rule.apply(simd, parameters, gradient, &mut [], &mut []),
                [first] => rule.apply(simd, parameters, gradient, &mut first[row..row + len], &mut []),
                [first, second, ..] => {
                    rule.apply(simd, parameters, gradient, &mut first[row..row + len], &mut second[row..row + len]);
                }
            }
        }
    }
}

struct LinesTask<'a, 's> {
    rule: Coefficients,
    parameters: &'a mut [Line],
    gradients: &'a [Line],
    states: &'a mut [&'s mut [Line]],
}

impl Task for LinesTask<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.states {
            [] => self.rule.apply(simd, self.parameters, self.gradients, &mut [], &mut []),
            [first] => self.rule.apply(simd, self.parameters, self.gradients, first, &mut []),
            [first, second, ..] => self.rule.apply(simd, self.parameters, self.gradients, first, second),
        }
    }
}

/// A rule with this step's constants worked out.
#[derive(Clone, Copy)]
enum Coefficients {
    Sgd { rate: f32, decay: f32 },
    Adagrad { rate: f32, decay: f32, epsilon: f32 },
    Adam { rate: f32, decay: f32, one_minus_beta1: f32, beta2: f32, one_minus_beta2: f32, root: f32, epsilon: f32 },
}

impl Coefficients {
    fn new(rule: Rule, step: Step<'_>, factor: Option<f32>) -> Self {
        let optimizer::Coefficients { rate, decay, epsilon, one_minus_beta1, beta2, one_minus_beta2, root } =
            rule.coefficients(step);
        match rule {
            Rule::Sgd | Rule::RowAdagrad { .. } => Self::Sgd { rate: factor.unwrap_or(rate), decay },
            Rule::Adagrad { .. } => Self::Adagrad { rate, decay, epsilon },
            Rule::Adam { .. } | Rule::LazyAdam { .. } => {
                Self::Adam { rate, decay, one_minus_beta1, beta2, one_minus_beta2, root, epsilon }
            }
        }
    }

    /// Updates lines of parameters and their state.
    #[inline(always)]
    fn apply<S: Simd>(
        self,
        simd: S,
        parameters: &mut [Line],
        gradients: &[Line],
        first: &mut [Line],
        second: &mut [Line],
    ) {
        match self {
            Self::Sgd { rate, decay } => {
                let (rate, decay) = (simd.splat(-rate), simd.splat(decay));
                for (p, g) in parameters.iter_mut().zip(gradients) {
                    let value = simd.load(&p.0);
                    let gradient = simd.mul_add(decay, value, simd.load(&g.0));
                    simd.store(simd.mul_add(rate, gradient, value), &mut p.0);
                }
            }
            Self::Adagrad { rate, decay, epsilon } => {
                let (rate, decay, epsilon) = (simd.splat(rate), simd.splat(decay), simd.splat(epsilon));
                for ((p, g), s) in parameters.iter_mut().zip(gradients).zip(first) {
                    let value = simd.load(&p.0);
                    let gradient = simd.mul_add(decay, value, simd.load(&g.0));
                    let sum = simd.mul_add(gradient, gradient, simd.load(&s.0));
                    simd.store(sum, &mut s.0);
                    let change = simd.div(simd.mul(rate, gradient), simd.add(simd.sqrt(sum), epsilon));
                    simd.store(simd.sub(value, change), &mut p.0);
                }
            }
            Self::Adam { rate, decay, one_minus_beta1, beta2, one_minus_beta2, root, epsilon } => {
                let [rate, decay, one_minus_beta1, beta2, one_minus_beta2, root, epsilon] =
                    [rate, decay, one_minus_beta1, beta2, one_minus_beta2, root, epsilon].map(|x| simd.splat(x));
                for (((p, g), m), v) in parameters.iter_mut().zip(gradients).zip(first).zip(second) {
                    let value = simd.load(&p.0);
                    let gradient = simd.mul_add(decay, value, simd.load(&g.0));
                    let old = simd.load(&m.0);
                    let mean = simd.mul_add(simd.sub(gradient, old), one_minus_beta1, old);
                    let squared = simd.mul(simd.mul(gradient, gradient), one_minus_beta2);
                    let variance = simd.mul_add(simd.load(&v.0), beta2, squared);
                    simd.store(mean, &mut m.0);
                    simd.store(variance, &mut v.0);
                    let denominator = simd.mul_add(simd.sqrt(variance), root, epsilon);
                    simd.store(simd.sub(value, simd.div(simd.mul(rate, mean), denominator)), &mut p.0);
                }
            }
        }
    }
}
