//! Matrix products of queries and candidates.
//!
//! A squared distance is `‖q‖² + ‖c‖² − 2·q·c`. Where it comes out small beside the norms, most of its digits have
//! cancelled; it is then computed anew from the difference.

use super::operands::{Rows, RowsMut};
use crate::cpu::gemm::{View, multiply};
use crate::program::{PairProduct, PairProductKind};
use crate::simd::{Simd, Task, dispatch};
use crate::table::{Buffer, Line};

/// A distance below this share of the squared norms is computed anew: some five digits are left above it.
const CANCELLED: f32 = 0.01;

/// The product for every pair: query by query, each query's pairs beginning a line, `stride` lines apart.
pub(super) fn forward(product: &PairProduct, queries: Rows<'_>, candidates: Rows<'_>, stride: usize, out: &mut Buffer) {
    let stride = stride * Line::LEN;
    for (number, (q, c)) in product.vectors.iter().enumerate() {
        let transposed = View { transposed: true, ..view(candidates, *c) };
        multiply(view(queries, *q), transposed, out.floats_mut(), stride, number > 0);
    }
    if product.kind == PairProductKind::SquaredDistance {
        dispatch(Distances {
            product,
            queries,
            candidates,
            stride,
            out: &mut out.lines_mut()[..queries.count * stride / Line::LEN],
        });
    }
}

/// Adds the derivatives by the vectors, given those by the products, which are left changed.
pub(super) fn backward(
    product: &PairProduct,
    [queries, candidates]: [Rows<'_>; 2],
    stride: usize,
    upstream: &mut Buffer,
    [of_queries, of_candidates]: [&mut RowsMut<'_>; 2],
) {
    let (rows, columns, stride) = (queries.count, candidates.count, stride * Line::LEN);
    let floats = &mut upstream.floats_mut()[..rows * stride];
    let is_distance = product.kind == PairProductKind::SquaredDistance;
    if is_distance {
        // d Σ (q − c)² = 2·(q − c) by q and −2·(q − c) by c.
        floats.iter_mut().for_each(|x| *x *= -2.0);
    }
    let by_query = View { floats, rows, columns, stride, transposed: false };
    let by_candidate = View { transposed: true, ..by_query };
    let sums = is_distance.then(|| [row_sums(by_query), column_sums(by_query)]);
    for (q, c) in &product.vectors {
        add_product(by_query, view(candidates, *c), of_queries, *q);
        add_product(by_candidate, view(queries, *q), of_candidates, *c);
        if let Some([of_query, of_candidate]) = &sums {
            add_scaled(of_query, view(queries, *q), of_queries, *q);
            add_scaled(of_candidate, view(candidates, *c), of_candidates, *c);
        }
    }
}

/// The rows of an output as a matrix, unused columns included: they are zero.
fn view<'a>(rows: Rows<'a>, output: usize) -> View<'a> {
    let width = rows.operands.row_lines(output) * Line::LEN;
    let floats = bytemuck::cast_slice(rows.lines(output));
    View { floats, rows: rows.count, columns: width, stride: width, transposed: false }
}

fn add_product(upstream: View<'_>, vectors: View<'_>, out: &mut RowsMut<'_>, output: usize) {
    multiply(upstream, vectors, out.floats(output), vectors.stride, true);
}

/// `outᵢ −= sumᵢ · vectorᵢ`.
fn add_scaled(sums: &[f32], vectors: View<'_>, out: &mut RowsMut<'_>, output: usize) {
    let rows = out.floats(output).chunks_exact_mut(vectors.stride).zip(vectors.floats.chunks_exact(vectors.stride));
    for (sum, (row, vector)) in sums.iter().zip(rows) {
        row.iter_mut().zip(vector).for_each(|(out, x)| *out -= sum * x);
    }
}

fn row_sums(matrix: View<'_>) -> Vec<f32> {
    matrix.floats.chunks_exact(matrix.stride).map(|row| row[..matrix.columns].iter().sum()).collect()
}

fn column_sums(matrix: View<'_>) -> Vec<f32> {
    let mut sums = vec![0.0; matrix.columns];
    for row in matrix.floats.chunks_exact(matrix.stride) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// From dot products to squared distances, in place.
struct Distances<'a> {
    product: &'a PairProduct,
    queries: Rows<'a>,
    candidates: Rows<'a>,
    stride: usize,
    out: &'a mut [Line],
}

impl Task for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { product, queries, candidates, stride, out } = self;
        let queries_of = || product.vectors.iter().map(|(q, _)| *q);
        let candidates_of = || product.vectors.iter().map(|(_, c)| *c);
        let query_norms = squared_norms(simd, queries, queries_of());
        let mut candidate_norms = squared_norms(simd, candidates, candidates_of());
        candidate_norms.resize(stride, 0.0);
        let candidate_norms: &[[f32; 16]] = candidate_norms.as_chunks().0;
        let (minus_two, cancelled) = (simd.splat(-2.0), simd.splat(CANCELLED));
        for (query, row) in out.chunks_exact_mut(stride / Line::LEN).enumerate() {
            let query_norm = simd.splat(query_norms[query]);
            for (number, (line, norms)) in row.iter_mut().zip(candidate_norms).enumerate() {
                let norms = simd.add(query_norm, simd.load(norms));
                let distances = simd.mul_add(minus_two, simd.load(&line.0), norms);
                simd.store(distances, &mut line.0);
                if simd.any(simd.greater(simd.mul(norms, cancelled), distances)) {
                    let first = number * Line::LEN;
                    for (lane, distance) in line.0.iter_mut().enumerate().take(candidates.count - first) {
                        let norms = query_norms[query] + candidate_norms[number][lane];
                        if *distance < CANCELLED * norms {
                            *distance = direct(simd, product, [queries, candidates], [query, first + lane]);
                        }
                    }
                }
            }
        }
    }
}

/// `Σ ‖v‖²` over some outputs, for each end.
#[inline(always)]
fn squared_norms<S: Simd>(simd: S, rows: Rows<'_>, outputs: impl Iterator<Item = usize>) -> Vec<f32> {
    let mut norms = vec![0.0; rows.count];
    for output in outputs {
        for (norm, row) in norms.iter_mut().zip(rows.lines(output).chunks_exact(rows.operands.row_lines(output))) {
            let mut sum = simd.splat(0.0);
            for line in row {
                let x = simd.load(&line.0);
                sum = simd.mul_add(x, x, sum);
            }
            *norm += simd.sum(sum);
        }
    }
    norms
}

/// `Σ (q − c)²` of one pair.
#[inline(always)]
fn direct<S: Simd>(simd: S, product: &PairProduct, ends: [Rows<'_>; 2], pair: [usize; 2]) -> f32 {
    let mut total = 0.0;
    for (q, c) in &product.vectors {
        let lines = ends[0].operands.row_lines(*q);
        let query = &ends[0].lines(*q)[pair[0] * lines..][..lines];
        let candidate = &ends[1].lines(*c)[pair[1] * lines..][..lines];
        let mut sum = simd.splat(0.0);
        for (q, c) in query.iter().zip(candidate) {
            let difference = simd.sub(simd.load(&q.0), simd.load(&c.0));
            sum = simd.mul_add(difference, difference, sum);
        }
        total += simd.sum(sum);
    }
    total
}
