//! A tile of a block: some queries against some candidates, every pair's numbers at hand.

use super::operands::{Rows, RowsMut};
use super::pair_scalars::PairScalars;
use super::product;
use crate::kernel::{Direction, Kernels, PairsInput, PairsOutput};
use crate::program::{Columns, Comparison, Program, Side, Split, Stage};
use crate::simd::dispatch;
use crate::table::{Buffer, Line, Tables};

/// Queries of one tile.
pub(super) const QUERIES: usize = 64;
/// Candidates of one tile.
pub(super) const CANDIDATES: usize = 512;

/// What all tiles of a block share.
#[derive(Clone, Copy)]
pub(super) struct Pairing<'a> {
    pub(super) split: &'a Split,
    pub(super) kernels: &'a dyn Kernels,
    pub(super) tables: &'a Tables,
    pub(super) parameters: &'a [f32],
}

/// The numbers of a tile's pairs: by queries, each query's beginning a line. Used again for the next tile, so that memory
/// is taken once.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    scalars: Vec<Buffer>,
    products: Vec<Buffer>,
    product_derivatives: Vec<Buffer>,
}

/// A tile on its way.
pub(super) struct PairTile<'a, 's> {
    pairing: Pairing<'a>,
    pub(super) parameters: &'a [f32],
    pub(super) queries: Rows<'a>,
    pub(super) candidates: Rows<'a>,
    /// Lines of one query's pairs.
    pub(super) stride: usize,
    scratch: &'s mut Scratch,
    /// Where the derivatives by the outputs of queries and of candidates are added.
    derivatives: Option<[RowsMut<'s>; 2]>,
}

impl Scratch {
    /// Makes room for a tile. What is there before is unspecified.
    fn begin(&mut self, comparison: &Comparison, lines: usize) {
        let products = comparison.products.len();
        let buffers = [
            (&mut self.scalars, comparison.scalars),
            (&mut self.products, products),
            (&mut self.product_derivatives, products),
        ];
        for (buffers, count) in buffers {
            buffers.resize_with(count, Buffer::default);
            buffers.iter_mut().for_each(|buffer| _ = buffer.at_least(lines));
        }
    }
}

impl<'a, 's> PairTile<'a, 's> {
    pub(super) fn new(pairing: Pairing<'a>, queries: Rows<'a>, candidates: Rows<'a>, scratch: &'s mut Scratch) -> Self {
        let stride = Line::count(candidates.count);
        scratch.begin(&pairing.split.comparison, queries.count * stride);
        let parameters = pairing.parameters;
        Self { pairing, parameters, queries, candidates, stride, scratch, derivatives: None }
    }

    fn comparison(&self) -> &'a Comparison {
        &self.pairing.split.comparison
    }

    /// Computes all that the comparison's forward program defines.
    pub(super) fn forward(&mut self) {
        self.multiply();
        self.program(Direction::Forward, &self.comparison().forward);
    }

    /// Computes the scores: `rows` has one row for each query.
    pub(super) fn score(&mut self, rows: Vec<&mut [f32]>) {
        let scores = match self.pairing.split.score_product() {
            Some(product) => {
                self.multiply();
                &self.scratch.products[product]
            }
            None => {
                self.forward();
                &self.scratch.scalars[self.comparison().score]
            }
        };
        for (row, scores) in rows.into_iter().zip(scores.floats().chunks_exact(self.stride * Line::LEN)) {
            row.copy_from_slice(&scores[..row.len()]);
        }
    }

    fn multiply(&mut self) {
        for (product, out) in self.comparison().products.iter().zip(&mut self.scratch.products) {
            product::forward(product, self.queries, self.candidates, self.stride, out);
        }
    }

    /// Sets the derivatives of the loss by the scores of one query.
    pub(super) fn set_upstream(&mut self, query: usize, upstream: &[f32]) {
        let stride = self.stride;
        let lines = self.scalar_mut(self.comparison().upstream, query, 0, stride);
        bytemuck::cast_slice_mut(lines)[..upstream.len()].copy_from_slice(upstream);
    }

    /// Adds the derivatives by the outputs of queries and of candidates.
    pub(super) fn backward(&mut self, derivatives: [RowsMut<'s>; 2]) {
        let comparison = self.comparison();
        for product in &mut self.scratch.product_derivatives {
            product.at_least(self.queries.count * self.stride).fill(Line::ZERO);
        }
        self.derivatives = Some(derivatives);
        self.program(Direction::Backward, &comparison.backward);
        let Some([queries, candidates]) = &mut self.derivatives else { return };
        for (product, upstream) in comparison.products.iter().zip(&mut self.scratch.product_derivatives) {
            product::backward(product, [self.queries, self.candidates], self.stride, upstream, [queries, candidates]);
        }
    }

    fn program(&mut self, direction: Direction, program: &'a Program) {
        for (number, stage) in program.stages.iter().enumerate() {
            match stage {
                Stage::Columns(stage) => self.columns(direction, number, stage),
                Stage::Scalars(stage) => dispatch(PairScalars { stage, tile: self }),
                Stage::Product(_) | Stage::Outer(_) => unreachable!("a comparison multiplies no matrices"),
            }
        }
    }

    fn columns(&mut self, direction: Direction, number: usize, stage: &Columns) {
        let outputs = self.queries.operands.outputs();
        let planes = outputs + self.candidates.operands.outputs();
        let rows: Vec<&[Line]> = (0..planes)
            .map(|plane| match plane.checked_sub(outputs) {
                None => self.queries.lines(plane),
                Some(output) => self.candidates.lines(output),
            })
            .collect();
        let mut reduced: Vec<(usize, Buffer)> = stage
            .reduce
            .iter()
            .map(|reduce| (reduce.scalar, std::mem::take(&mut self.scratch.scalars[reduce.scalar])))
            .collect();
        let scalars: Vec<&[f32]> = self.scratch.scalars.iter().map(Buffer::floats).collect();
        let mut derivatives = self.derivatives.take();
        let mut gradients: Vec<&mut [Line]> = Vec::with_capacity(planes);
        if let Some(derivatives) = &mut derivatives {
            gradients.extend(derivatives.iter_mut().flat_map(RowsMut::all_lines));
        }
        let tiling = &self.pairing.tables.tilings()[stage.dim];
        let input = PairsInput {
            queries: self.queries.count,
            candidates: self.candidates.count,
            stride: self.stride * Line::LEN,
            width: tiling.size(),
            lines: tiling.lines(),
            rows: &rows,
            scalars: &scalars,
            parameters: self.parameters,
        };
        let output = PairsOutput {
            reduced: &mut reduced.iter_mut().map(|(_, buffer)| buffer.floats_mut()).collect::<Vec<_>>(),
            gradients: &mut gradients,
        };
        self.pairing.kernels.pairs(self.pairing.split.missing, direction, number, input, output);
        self.derivatives = derivatives;
        for (scalar, buffer) in reduced {
            self.scratch.scalars[scalar] = buffer;
        }
    }

    pub(super) fn query_scalar(&self, plane: usize, query: usize) -> f32 {
        bytemuck::cast_slice::<_, f32>(self.queries.lines(plane))[query]
    }

    pub(super) fn candidate_scalars(&self, plane: usize, start: usize, lines: usize) -> &[Line] {
        &self.candidates.lines(plane - self.queries.operands.outputs())[start..start + lines]
    }

    pub(super) fn product(&self, plane: usize, query: usize, start: usize, lines: usize) -> &[Line] {
        let number = plane - self.queries.operands.outputs() - self.candidates.operands.outputs();
        &self.scratch.products[number].lines()[query * self.stride + start..][..lines]
    }

    pub(super) fn scalar(&self, scalar: usize, query: usize, start: usize, lines: usize) -> &[Line] {
        &self.scratch.scalars[scalar].lines()[query * self.stride + start..][..lines]
    }

    pub(super) fn scalar_mut(&mut self, scalar: usize, query: usize, start: usize, lines: usize) -> &mut [Line] {
        &mut self.scratch.scalars[scalar].lines_mut()[query * self.stride + start..][..lines]
    }

    /// Adds the derivatives of some pairs of a query, from line `start` on, to a scalar's.
    pub(super) fn scatter(&mut self, side: Side, plane: usize, query: usize, start: usize, lines: &[Line]) {
        let (queries, candidates) = (self.queries.operands.outputs(), self.candidates.operands.outputs());
        let floats: &[f32] = bytemuck::cast_slice(lines);
        let first = start * Line::LEN;
        let floats = &floats[..floats.len().min(self.candidates.count - first)];
        match (side, &mut self.derivatives) {
            (Side::Head, Some([of_queries, _])) => of_queries.floats(plane)[query] += floats.iter().sum::<f32>(),
            (Side::Tail, Some([_, of_candidates])) => {
                let sums = of_candidates.floats(plane - queries)[first..].iter_mut();
                sums.zip(floats).for_each(|(sum, part)| *sum += part);
            }
            (Side::Relation, _) => {
                let number = plane - queries - candidates;
                let of_query =
                    &mut self.scratch.product_derivatives[number].floats_mut()[query * self.stride * Line::LEN..];
                of_query[first..first + floats.len()].copy_from_slice(floats);
            }
            (Side::Head | Side::Tail, None) => {}
        }
    }
}
