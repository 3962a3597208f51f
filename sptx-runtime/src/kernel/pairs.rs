//! Pairs of queries and candidates: what a kernel over them reads and writes, and the register tiles it goes by.
//!
//! Emitted code calls what is here. A tile is a few queries against a few candidates: the lines of a tile's rows are loaded
//! once and compared each with each, so that a pair costs its arithmetic and hardly a load.

use super::row;
use crate::simd::Simd;
use crate::table::Line;

/// What a [`Columns`](crate::program::Columns) stage of a comparison reads: the pairs of some queries and candidates.
#[derive(Clone, Copy, Debug)]
pub struct PairsInput<'a> {
    /// Number of queries.
    pub queries: usize,
    /// Number of candidates.
    pub candidates: usize,
    /// From the numbers of one query's pairs to the next one's: at least the number of candidates, whole lines.
    pub stride: usize,
    /// Columns of a row. What lies beyond them in the last line is neither reduced nor scattered.
    pub width: usize,
    /// Lines of a row.
    pub lines: usize,
    /// The rows of each plane of the comparison: the outputs of the queries, then those of the candidates.
    pub rows: &'a [&'a [Line]],
    /// Each scalar of the pairs. Those that the stage defines are empty.
    pub scalars: &'a [&'a [f32]],
    /// The model's parameters.
    pub parameters: &'a [f32],
}

/// What a [`Columns`](crate::program::Columns) stage of a comparison writes.
#[derive(Debug)]
pub struct PairsOutput<'a, 'b> {
    /// For each reduction of the stage, what is folded over the columns, per pair.
    pub reduced: &'a mut [&'b mut [f32]],
    /// The gradient of each plane of the comparison; none in a forward program.
    pub gradients: &'a mut [&'b mut [Line]],
}

/// A kernel that works on tiles of `Q` queries and `C` candidates.
pub trait PairTiles {
    /// Works on the tile that begins at a query and a candidate.
    fn tile<S: Simd, const Q: usize, const C: usize>(&mut self, simd: S, query: usize, candidate: usize);
}

/// Covers all pairs by tiles of `Q` queries and `C` candidates, and by single pairs where fewer are left.
#[inline(always)]
pub fn for_each_pair_tile<S: Simd, const Q: usize, const C: usize>(
    simd: S,
    queries: usize,
    candidates: usize,
    kernel: &mut impl PairTiles,
) {
    let (whole_queries, whole_candidates) = (queries - queries % Q, candidates - candidates % C);
    for candidate in (0..whole_candidates).step_by(C) {
        for query in (0..whole_queries).step_by(Q) {
            kernel.tile::<S, Q, C>(simd, query, candidate);
        }
    }
    for query in 0..queries {
        let done = if query < whole_queries { whole_candidates } else { 0 };
        for candidate in done..candidates {
            kernel.tile::<S, 1, 1>(simd, query, candidate);
        }
    }
}

/// `N` rows from `first` on.
///
/// # Panics
/// When there are no such rows.
#[inline(always)]
pub fn pair_rows<const N: usize>(plane: &[Line], first: usize, lines: usize) -> [&[Line]; N] {
    let mut rows: [&[Line]; N] = [&[]; N];
    for (number, slot) in rows.iter_mut().enumerate() {
        *slot = row(plane, first + number, lines);
    }
    rows
}

/// One line of each of some rows.
#[inline(always)]
pub fn loads<S: Simd, const N: usize>(simd: S, rows: &[&[Line]; N], line: usize) -> [S::Vector; N] {
    let mut vectors = [simd.splat(0.0); N];
    for (vector, row) in vectors.iter_mut().zip(rows) {
        *vector = simd.load(&row[line].0);
    }
    vectors
}

/// One line of each of `N` rows of a gradient, from row `first` on.
#[inline(always)]
pub fn gradients<S: Simd, const N: usize>(
    simd: S,
    gradient: &[Line],
    first: usize,
    lines: usize,
    line: usize,
) -> [S::Vector; N] {
    let mut vectors = [simd.splat(0.0); N];
    for (number, vector) in vectors.iter_mut().enumerate() {
        *vector = simd.load(&gradient[(first + number) * lines + line].0);
    }
    vectors
}

/// Puts back what [`gradients`] loaded.
#[inline(always)]
pub fn keep_gradients<S: Simd, const N: usize>(
    simd: S,
    vectors: &[S::Vector; N],
    gradient: &mut [Line],
    first: usize,
    lines: usize,
    line: usize,
) {
    for (number, vector) in vectors.iter().enumerate() {
        simd.store(*vector, &mut gradient[(first + number) * lines + line].0);
    }
}
