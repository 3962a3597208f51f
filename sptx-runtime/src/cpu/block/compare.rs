//! Comparing all queries to all candidates, tile by tile.

use rayon::prelude::*;

use super::operands::Operands;
use super::pair_tile::{CANDIDATES, PairTile, Pairing, QUERIES, Scratch};
use crate::table::Line;

/// The most stretches of candidates that derivatives are added up in.
const STRETCHES: usize = 16;

/// Sets the scores of every query: `rows` are theirs, in order.
pub(super) fn score(pairing: Pairing<'_>, queries: &Operands, candidates: &Operands, rows: Vec<&mut [f32]>) {
    let mut rows = rows.into_iter();
    let mut items = Vec::new();
    for first in (0..queries.count).step_by(QUERIES) {
        let range = first..queries.count.min(first + QUERIES);
        let mut of_tile: Vec<_> = rows.by_ref().take(range.len()).map(|row| row.chunks_mut(CANDIDATES)).collect();
        for start in (0..candidates.count).step_by(CANDIDATES) {
            let scores: Vec<&mut [f32]> = of_tile.iter_mut().filter_map(Iterator::next).collect();
            items.push((range.clone(), start..candidates.count.min(start + CANDIDATES), scores));
        }
    }
    items.into_par_iter().for_each_init(Scratch::default, |scratch, (of_queries, of_candidates, scores)| {
        PairTile::new(pairing, queries.rows(of_queries), candidates.rows(of_candidates), scratch).score(scores);
    });
}

/// The derivatives by the outputs of queries and candidates, given those by the scores: `upstream` has one row for each
/// query. Those of candidates are added to what is there.
pub(super) fn learn(
    pairing: Pairing<'_>,
    queries: &Operands,
    candidates: &Operands,
    upstream: &[&[f32]],
    of_candidates: &mut Operands,
) -> Operands {
    let anew = pairing.split.comparison.learns_anew();
    let width = candidates.count.div_ceil(STRETCHES).next_multiple_of(Line::LEN).max(CANDIDATES);
    let starts: Vec<usize> = (0..candidates.count).step_by(width).collect();
    let zeros = |part: &crate::program::Part, count| Operands::zeros(&part.outputs, pairing.tables, count);
    let parts: Vec<(usize, Operands, Operands)> = starts
        .into_par_iter()
        .map_init(Scratch::default, |scratch, first| {
            let end = candidates.count.min(first + width);
            let mut by_queries = zeros(&pairing.split.query, queries.count);
            let mut by_candidates = zeros(&pairing.split.candidate, end - first);
            for query in (0..queries.count).step_by(QUERIES) {
                let of_queries = query..queries.count.min(query + QUERIES);
                for start in (first..end).step_by(CANDIDATES) {
                    let of_tile = start..end.min(start + CANDIDATES);
                    let rows = [queries.rows(of_queries.clone()), candidates.rows(of_tile.clone())];
                    let mut tile = PairTile::new(pairing, rows[0], rows[1], scratch);
                    if anew {
                        tile.forward();
                    }
                    for (row, upstream) in upstream[of_queries.clone()].iter().enumerate() {
                        tile.set_upstream(row, &upstream[of_tile.clone()]);
                    }
                    let of_tile = start - first..start - first + rows[1].count;
                    tile.backward([by_queries.rows_mut(of_queries.clone()), by_candidates.rows_mut(of_tile)]);
                }
            }
            (first, by_queries, by_candidates)
        })
        .collect();
    let mut of_queries = zeros(&pairing.split.query, queries.count);
    for (first, by_queries, by_candidates) in &parts {
        of_queries.add(0, by_queries);
        of_candidates.add(*first, by_candidates);
    }
    of_queries
}
