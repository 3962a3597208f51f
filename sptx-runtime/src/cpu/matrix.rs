//! Stages over gathered matrices: products with vectors, and outer products added to gradients.
//!
//! Triples of one relation stand together in a batch that is sorted by relation, so a stage works on runs of triples
//! with the same matrix: a run of vectors times a matrix is one matrix product.

use std::ops::Range;

use rayon::prelude::*;

use super::gemm::{View, multiply};
use super::gradients::Gradients;
use crate::program::{Outer, Product, Shape};
use crate::table::{Buffer, Line, Tables, Tile, Tiling};

/// Triples of one work item of a product.
const CHUNK: usize = 256;

/// `target = M · source` or `Mᵀ · source` for the matrices of the rows `ids`.
pub(super) fn product(
    tables: &Tables,
    stage: &Product,
    shape: Shape,
    ids: &[u32],
    source: &Buffer,
    target: &mut Buffer,
) {
    let Shape::Matrix(down, across) = shape else { return };
    let (down, across) = (&tables.tilings()[down], &tables.tilings()[across]);
    let table = &tables.planes()[stage.plane];
    let matrices = Matrices { tiles: table.layout.split(table.buffer.lines()), down, across };
    let (from, to) = if stage.transposed { (down, across) } else { (across, down) };
    let sources = VectorTiles::new(source.lines(), from, ids.len());
    let mut rest = target.lines_mut();
    let mut items = Vec::new();
    for (tile, span) in to.tiles().iter().enumerate() {
        let of_tile = rest.split_off_mut(..ids.len() * span.lines()).unwrap_or_default();
        let pieces = of_tile.chunks_mut(CHUNK * span.lines()).enumerate();
        items.extend(pieces.map(|(chunk, lines)| (tile, chunk * CHUNK, lines)));
    }
    items.into_par_iter().for_each(|(tile, first, out)| {
        out.fill(Line::ZERO);
        let stride = to.tiles()[tile].lines() * Line::LEN;
        let out: &mut [f32] = bytemuck::cast_slice_mut(out);
        let mut vectors = Vec::new();
        for run in runs(&ids[first..first + out.len() / stride]) {
            let id = ids[first + run.start];
            let whole = first + run.start..first + run.end;
            let out = &mut out[run.start * stride..run.end * stride];
            if stage.transposed {
                matrices.transposed_product(id, &sources, whole, to.tiles()[tile], out, stride);
            } else {
                let vectors = sources.read(whole, &mut vectors);
                multiply(vectors, View { transposed: true, ..matrices.tile(id, tile) }, out, stride, false);
            }
        }
    });
}

/// The stretches of equal numbers.
fn runs(ids: &[u32]) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    ids.chunk_by(|a, b| a == b).map(move |run| {
        next += run.len();
        next - run.len()..next
    })
}

/// The matrices of a plane: by tile of matrix rows, then by table row.
struct Matrices<'a> {
    tiles: Vec<&'a [Line]>,
    down: &'a Tiling,
    across: &'a Tiling,
}

impl<'a> Matrices<'a> {
    /// The rows of a tile of one matrix.
    fn tile(&self, id: u32, tile: usize) -> View<'a> {
        let rows = self.down.tiles()[tile].width;
        let len = rows * self.across.lines();
        let floats = bytemuck::cast_slice(&self.tiles[tile][id as usize * len..][..len]);
        View { floats, rows, columns: self.across.size(), stride: self.across.lines() * Line::LEN, transposed: false }
    }

    /// `out = G · M` for a run of vectors G, restricted to the columns of one tile.
    fn transposed_product(
        &self,
        id: u32,
        sources: &VectorTiles<'_>,
        run: Range<usize>,
        columns: Tile,
        out: &mut [f32],
        stride: usize,
    ) {
        for tile in 0..self.tiles.len() {
            let rows = self.tile(id, tile);
            let columns = View { floats: &rows.floats[columns.start..], columns: columns.width, ..rows };
            multiply(sources.tile(run.clone(), tile), columns, out, stride, tile > 0);
        }
    }
}

/// A stored vector of every triple: by tile, then by triple.
struct VectorTiles<'a> {
    tiles: Vec<&'a [f32]>,
    tiling: &'a Tiling,
}

impl<'a> VectorTiles<'a> {
    fn new(mut lines: &'a [Line], tiling: &'a Tiling, triples: usize) -> Self {
        let tiles = tiling.tiles().iter();
        let tiles = tiles.map(|tile| lines.split_off(..triples * tile.lines()).unwrap_or_default());
        Self { tiles: tiles.map(bytemuck::cast_slice).collect(), tiling }
    }

    /// The columns of one tile of the vectors of some triples.
    fn tile(&self, run: Range<usize>, tile: usize) -> View<'a> {
        let stride = self.tiling.tiles()[tile].lines() * Line::LEN;
        let floats = &self.tiles[tile][run.start * stride..run.end * stride];
        View { floats, rows: run.len(), columns: self.tiling.tiles()[tile].width, stride, transposed: false }
    }

    /// The vectors of some triples, their tiles put together.
    fn read<'o>(&self, run: Range<usize>, out: &'o mut Vec<f32>) -> View<'o> {
        let size = self.tiling.size();
        out.resize(run.len() * size, 0.0);
        for (tile, span) in self.tiling.tiles().iter().enumerate() {
            let from = self.tile(run.clone(), tile);
            for (to, from) in out.chunks_exact_mut(size).zip(from.floats.chunks_exact(from.stride)) {
                to[span.start..span.start + span.width].copy_from_slice(&from[..span.width]);
            }
        }
        View { floats: out, rows: run.len(), columns: size, stride: size, transposed: false }
    }
}

/// Adds `left ⊗ right` of each triple to the gradient of its matrix.
pub(super) fn outer(
    tables: &Tables,
    stage: &Outer,
    shape: Shape,
    ids: &[u32],
    left: &Buffer,
    right: &Buffer,
    gradients: &mut Gradients,
) {
    let Shape::Matrix(down, across) = shape else { return };
    let (down, across) = (&tables.tilings()[down], &tables.tilings()[across]);
    let lefts = VectorTiles::new(left.lines(), down, ids.len());
    let rights = VectorTiles::new(right.lines(), across, ids.len());
    let (layout, buffer) = &mut gradients.planes_mut()[stage.plane];
    let tiles = layout.split_mut(buffer.lines_mut());
    tiles.into_par_iter().enumerate().for_each(|(tile, gradient)| {
        let stride = across.lines() * Line::LEN;
        let len = down.tiles()[tile].width * stride;
        let gradient: &mut [f32] = bytemuck::cast_slice_mut(gradient);
        let mut vectors = Vec::new();
        for run in runs(ids) {
            let matrix = &mut gradient[ids[run.start] as usize * len..][..len];
            let right = rights.read(run.clone(), &mut vectors);
            multiply(View { transposed: true, ..lefts.tile(run, tile) }, right, matrix, stride, true);
        }
    });
}
