//! The best candidates of queries, found in one pass over the candidates.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::scorer::{CandidateScorer, Query, Side};
use super::tiles::{Tiles, take_below};

/// Queries and candidates scored in one call: 1 MiB of scores a thread.
const QUERY_TILE: usize = 512;
const CANDIDATE_TILE: u32 = 512;

/// The most predictions that are kept for the queries of a block together, where each query has at least a few.
const KEPT: usize = 1 << 20;

/// Scores looked at together: if none is better than what is kept, none is looked at alone.
const LOOK: usize = 64;

/// A candidate and its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The candidate.
    pub entity: u32,
    /// Its score; a higher one is more plausible.
    pub score: f32,
}

/// The `count` best candidates for the end that `side` asks for, the best first; of equal scores, the lower id.
///
/// Entities of `exclude`, which must be sorted, are left out: pass the known answers to predict new ones only. A
/// candidate whose score is NaN is no prediction, so fewer than `count` may come back. Memory is one tile and `count`
/// predictions a thread, for any number of entities.
///
/// ```
/// use std::ops::Range;
/// use sptx_train::{CandidateScorer, Query, Side, top_k};
///
/// struct Near(u32);
/// impl CandidateScorer for Near {
///     fn entity_count(&self) -> u32 { self.0 }
///     fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
///         let ids = queries.iter().flat_map(|query| candidates.clone().map(|id| (query.entity, id)));
///         scores.iter_mut().zip(ids).for_each(|(score, (from, to))| *score = -(from.abs_diff(to) as f32));
///     }
///     fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
///         self.score_tails(queries, candidates, scores);
///     }
/// }
///
/// let best = top_k(&Near(10_000), Side::Tail, Query { entity: 7000, relation: 0 }, 3, &[7000]);
/// assert_eq!(best.iter().map(|found| found.entity).collect::<Vec<_>>(), [6999, 7001, 6998]);
/// ```
pub fn top_k(scorer: &dyn CandidateScorer, side: Side, query: Query, count: usize, exclude: &[u32]) -> Vec<Prediction> {
    top_k_many(scorer, side, &[query], count, &[exclude]).pop().unwrap_or_default()
}

/// The `count` best candidates of each of many queries, as [`top_k`] gives them, in the order of the queries.
///
/// `exclude` has a sorted list for each query. Blocks of queries and stretches of candidates go over threads; what comes
/// back does not depend on their number. Queries with one relation should stand together: some models do work for each
/// relation of a block.
///
/// # Panics
/// When there are not as many lists as queries.
///
/// ```
/// use std::ops::Range;
/// use sptx_train::{CandidateScorer, Prediction, Query, Side, top_k_many};
///
/// struct Product;
/// impl CandidateScorer for Product {
///     fn entity_count(&self) -> u32 { 100 }
///     fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
///         let ids = queries.iter().flat_map(|query| candidates.clone().map(|id| (query.entity, id)));
///         scores.iter_mut().zip(ids).for_each(|(score, (from, to))| *score = (from * to % 100) as f32);
///     }
///     fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
///         self.score_tails(queries, candidates, scores);
///     }
/// }
///
/// let queries = [3, 7].map(|entity| Query { entity, relation: 0 });
/// let best = top_k_many(&Product, Side::Tail, &queries, 1, &[&[], &[57]]);
/// assert_eq!(best[0], [Prediction { entity: 33, score: 99.0 }]);
/// assert_eq!(best[1], [Prediction { entity: 14, score: 98.0 }]);
/// ```
pub fn top_k_many(
    scorer: &dyn CandidateScorer,
    side: Side,
    queries: &[Query],
    count: usize,
    exclude: &[&[u32]],
) -> Vec<Vec<Prediction>> {
    assert_eq!(queries.len(), exclude.len(), "each query has a list of entities to exclude");
    debug_assert!(exclude.iter().all(|ids| ids.is_sorted()), "the entities to exclude must be sorted");
    let tiles = Tiles::new(scorer.entity_count(), CANDIDATE_TILE);
    let search = Search { scorer, side, count, tiles, stretches: tiles.stretches() };
    let size = (KEPT / count.clamp(1, KEPT)).min(QUERY_TILE);
    let blocks: Vec<_> = queries.chunks(size).zip(exclude.chunks(size)).collect();
    let found: Vec<_> = blocks.into_par_iter().map(|(queries, exclude)| search.block(queries, exclude)).collect();
    found.into_iter().flatten().collect()
}

struct Search<'a> {
    scorer: &'a dyn CandidateScorer,
    side: Side,
    count: usize,
    tiles: Tiles,
    stretches: Vec<Range<u32>>,
}

impl Search<'_> {
    fn block(&self, queries: &[Query], exclude: &[&[u32]]) -> Vec<Vec<Prediction>> {
        let by_the_scorer = self.scorer.best(self.side, queries, self.count, exclude);
        by_the_scorer.unwrap_or_else(|| self.by_tiles(queries, exclude).into_iter().map(Best::into_sorted).collect())
    }

    fn by_tiles(&self, queries: &[Query], exclude: &[&[u32]]) -> Vec<Best> {
        let nothing = || queries.iter().map(|_| Best::new(self.count)).collect();
        let join = |left: Vec<Best>, right| left.into_iter().zip(right).map(|(left, right)| left.join(right)).collect();
        self.stretches
            .par_iter()
            .map_init(Vec::new, |scores, stretch| self.stretch(queries, exclude, stretch.clone(), scores))
            .reduce(nothing, join)
    }

    /// The best candidates of some tiles.
    fn stretch(&self, queries: &[Query], exclude: &[&[u32]], tiles: Range<u32>, scores: &mut Vec<f32>) -> Vec<Best> {
        let mut best: Vec<Best> = queries.iter().map(|_| Best::new(self.count)).collect();
        let mut exclude = exclude.to_vec();
        let first = self.tiles.candidates(tiles.start).start;
        for ids in &mut exclude {
            take_below(ids, first);
        }
        for tile in tiles {
            let candidates = self.tiles.candidates(tile);
            scores.resize(queries.len() * candidates.len(), f32::NAN);
            self.scorer.score_side(self.side, queries, candidates.clone(), scores);
            let rows = scores.chunks_exact_mut(candidates.len());
            for ((row, best), exclude) in rows.zip(&mut best).zip(&mut exclude) {
                for &entity in take_below(exclude, candidates.end) {
                    row[(entity - candidates.start) as usize] = f32::NAN;
                }
                best.look_at(candidates.start, row);
            }
        }
        best
    }
}

/// The best predictions so far, the worst of them on top.
struct Best {
    count: usize,
    kept: BinaryHeap<Reverse<Ordered>>,
}

impl Best {
    fn new(count: usize) -> Self {
        Best { count, kept: BinaryHeap::new() }
    }

    /// Looks at candidates from `first` on, all of higher ids than those seen before.
    fn look_at(&mut self, first: u32, row: &[f32]) {
        for (chunk, start) in row.chunks(LOOK).zip((first..).step_by(LOOK)) {
            // An equal score would lose to the lower id that has it.
            if self.worst().is_none_or(|worst| chunk.iter().fold(false, |any, &score| any | (score > worst))) {
                let scored = chunk.iter().zip(start..).filter(|(score, _)| !score.is_nan());
                scored.for_each(|(&score, entity)| self.keep(Ordered(Prediction { entity, score })));
            }
        }
    }

    /// The score that a candidate must exceed, once there are enough.
    fn worst(&self) -> Option<f32> {
        if self.count == 0 {
            return Some(f32::INFINITY);
        }
        self.kept.peek().filter(|_| self.kept.len() == self.count).map(|Reverse(Ordered(worst))| worst.score)
    }

    fn keep(&mut self, candidate: Ordered) {
        if self.kept.len() < self.count {
            self.kept.push(Reverse(candidate));
        } else if let Some(mut worst) = self.kept.peek_mut()
            && candidate > worst.0
        {
            *worst = Reverse(candidate);
        }
    }

    fn join(mut self, other: Best) -> Best {
        other.kept.into_iter().for_each(|Reverse(candidate)| self.keep(candidate));
        self
    }

    fn into_sorted(self) -> Vec<Prediction> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(Ordered(prediction))| prediction).collect()
    }
}

/// A prediction in order of merit.
struct Ordered(Prediction);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        // NaN is kept out; adding zero makes the two zeros one, as they are elsewhere.
        let scores = (self.0.score + 0.0).total_cmp(&(other.0.score + 0.0));
        scores.then_with(|| other.0.entity.cmp(&self.0.entity))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}
