//! Stages over gathered matrices: products with vectors, and outer products added to gradients.

use rayon::prelude::*;

use super::gradients::Gradients;
use crate::program::{Outer, Product, Shape};
use crate::simd::{Simd, Task, dispatch};
use crate::table::{Buffer, Line, Tables, Tiling};

/// Triples of one work item.
const CHUNK: usize = 256;

/// `target = M · source` or `Mᵀ · source` for the matrices of the rows `ids`.
pub(crate) fn product(
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
        dispatch(ProductTask {
            matrices: &matrices,
            sources: &sources,
            ids,
            tile,
            first,
            out,
            transposed: stage.transposed,
        });
    });
}

/// The matrices of a plane: by tile of matrix rows, then by table row.
struct Matrices<'a> {
    tiles: Vec<&'a [Line]>,
    down: &'a Tiling,
    across: &'a Tiling,
}

impl<'a> Matrices<'a> {
    /// The rows of a tile of one matrix.
    fn rows(&self, id: u32, tile: usize) -> impl Iterator<Item = &'a [Line]> {
        let across = self.across.lines();
        let len = self.down.tiles()[tile].width * across;
        self.tiles[tile][id as usize * len..][..len].chunks_exact(across)
    }
}

/// A stored vector of every triple: by tile, then by triple.
struct VectorTiles<'a> {
    tiles: Vec<&'a [Line]>,
    tiling: &'a Tiling,
}

impl<'a> VectorTiles<'a> {
    fn new(mut lines: &'a [Line], tiling: &'a Tiling, triples: usize) -> Self {
        let tiles = tiling.tiles().iter();
        let tiles = tiles.map(|tile| lines.split_off(..triples * tile.lines()).unwrap_or_default()).collect();
        Self { tiles, tiling }
    }

    /// The lines of a triple's vector in one tile.
    fn tile(&self, triple: usize, tile: usize) -> &'a [Line] {
        let len = self.tiling.tiles()[tile].lines();
        &self.tiles[tile][triple * len..(triple + 1) * len]
    }

    /// Copies a triple's whole vector.
    fn read(&self, triple: usize, out: &mut Vec<Line>) {
        out.clear();
        (0..self.tiles.len()).for_each(|tile| out.extend_from_slice(self.tile(triple, tile)));
    }
}

struct ProductTask<'a> {
    matrices: &'a Matrices<'a>,
    sources: &'a VectorTiles<'a>,
    ids: &'a [u32],
    tile: usize,
    first: usize,
    out: &'a mut [Line],
    transposed: bool,
}

impl Task for ProductTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let to = if self.transposed { self.matrices.across } else { self.matrices.down };
        let lines = to.tiles()[self.tile].lines();
        let mut source = Vec::new();
        for (i, out) in self.out.chunks_exact_mut(lines).enumerate() {
            let triple = self.first + i;
            self.sources.read(triple, &mut source);
            if self.transposed {
                let offset = to.tiles()[self.tile].start / Line::LEN;
                transposed_product(simd, self.matrices, self.ids[triple], &source, offset, out);
            } else {
                plain_product(simd, self.matrices.rows(self.ids[triple], self.tile), &source, out);
            }
        }
    }
}

/// Each element of `out` is a matrix row's dot product with `source`.
#[inline(always)]
fn plain_product<'a, S: Simd>(simd: S, rows: impl Iterator<Item = &'a [Line]>, source: &[Line], out: &mut [Line]) {
    out.fill(Line::ZERO);
    let floats: &mut [f32] = bytemuck::cast_slice_mut(out);
    for (row, out) in rows.zip(floats) {
        let mut sum = simd.splat(0.0);
        for (m, x) in row.iter().zip(source) {
            sum = simd.mul_add(simd.load(&m.0), simd.load(&x.0), sum);
        }
        *out = simd.sum(sum);
    }
}

/// `out` is the sum of the stretches of all matrix rows from line `offset`, each times its element of `source`.
#[inline(always)]
fn transposed_product<S: Simd>(
    simd: S,
    matrices: &Matrices<'_>,
    id: u32,
    source: &[Line],
    offset: usize,
    out: &mut [Line],
) {
    out.fill(Line::ZERO);
    for (tile, span) in matrices.down.tiles().iter().enumerate() {
        let weights: &[f32] = &bytemuck::cast_slice(source)[span.start..span.start + span.width];
        for (row, weight) in matrices.rows(id, tile).zip(weights) {
            let weight = simd.splat(*weight);
            for (out, m) in out.iter_mut().zip(&row[offset..]) {
                let sum = simd.mul_add(simd.load(&m.0), weight, simd.load(&out.0));
                simd.store(sum, &mut out.0);
            }
        }
    }
}

/// Adds `left ⊗ right` of each triple to the gradient of its matrix.
pub(crate) fn outer(
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
        dispatch(OuterTask { lefts: &lefts, rights: &rights, ids, tile, gradient, across });
    });
}

struct OuterTask<'a> {
    lefts: &'a VectorTiles<'a>,
    rights: &'a VectorTiles<'a>,
    ids: &'a [u32],
    tile: usize,
    gradient: &'a mut [Line],
    across: &'a Tiling,
}

impl Task for OuterTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.lefts.tiling.tiles()[self.tile].width;
        let across = self.across.lines();
        let mut right = Vec::new();
        for (triple, id) in self.ids.iter().enumerate() {
            self.rights.read(triple, &mut right);
            let weights: &[f32] = bytemuck::cast_slice(self.lefts.tile(triple, self.tile));
            let matrix = &mut self.gradient[*id as usize * width * across..][..width * across];
            for (row, weight) in matrix.chunks_exact_mut(across).zip(weights) {
                let weight = simd.splat(*weight);
                for (g, x) in row.iter_mut().zip(&right) {
                    simd.store(simd.mul_add(weight, simd.load(&x.0), simd.load(&g.0)), &mut g.0);
                }
            }
        }
    }
}
