//! The best candidates of a query, found in one pass.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use super::scorer::{CandidateScorer, Query, Side};

const CANDIDATE_TILE: u32 = 4096;

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
/// predictions, for any number of entities.
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
    debug_assert!(exclude.is_sorted(), "the entities to exclude must be sorted");
    let entities = scorer.entity_count();
    let mut best = BinaryHeap::new();
    let mut scores = Vec::new();
    for start in (0..entities).step_by(CANDIDATE_TILE as usize) {
        let candidates = start..start.saturating_add(CANDIDATE_TILE).min(entities);
        scores.resize(candidates.len(), f32::NAN);
        scorer.score_side(side, &[query], candidates.clone(), &mut scores);
        for (entity, &score) in candidates.zip(&scores) {
            if !score.is_nan() && exclude.binary_search(&entity).is_err() {
                keep(&mut best, Ordered(Prediction { entity, score }), count);
            }
        }
    }
    best.into_sorted_vec().into_iter().map(|Reverse(Ordered(prediction))| prediction).collect()
}

/// Adds a candidate to the `count` best, whose worst is on top.
fn keep(best: &mut BinaryHeap<Reverse<Ordered>>, candidate: Ordered, count: usize) {
    if best.len() < count {
        best.push(Reverse(candidate));
    } else if let Some(mut worst) = best.peek_mut()
        && candidate > worst.0
    {
        *worst = Reverse(candidate);
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
