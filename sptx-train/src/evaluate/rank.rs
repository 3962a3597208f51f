//! The ranks of true answers among all candidates.

use super::EvaluateOptions;
use super::ranking;
use super::scorer::CandidateScorer;
use crate::dataset::{Triple, check_ids};
use crate::error::Result;
use crate::filter::KnownTriples;

/// How a true answer stands against its rivals: the candidates that are neither it nor filtered.
///
/// ```
/// let rank = sptx_train::Rank { greater: 2, equal: 3 };
/// assert_eq!((rank.optimistic(), rank.realistic(), rank.pessimistic()), (3.0, 4.5, 6.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// The rivals that score higher, or cannot be compared (NaN).
    pub greater: u32,
    /// The rivals that score the same.
    pub equal: u32,
}

impl Rank {
    /// The rank where every tie is won: 1 + greater.
    pub fn optimistic(self) -> f64 {
        1.0 + f64::from(self.greater)
    }

    /// The rank where every tie is lost: 1 + greater + equal.
    pub fn pessimistic(self) -> f64 {
        self.optimistic() + f64::from(self.equal)
    }

    /// The mean of the two, which is the expected rank where ties are broken at random; it may end in a half.
    pub fn realistic(self) -> f64 {
        self.optimistic() + 0.5 * f64::from(self.equal)
    }
}

/// The ranks of the heads and of the tails of a list of triples, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranks {
    /// Of each triple's head, among the answers to (?, relation, tail).
    pub head: Vec<Rank>,
    /// Of each triple's tail, among the answers to (head, relation, ?).
    pub tail: Vec<Rank>,
}

/// Ranks the head and the tail of every triple among all entities of `scorer`, less those that `known` filters.
///
/// - Ties are counted, not broken: see [`Rank`]. A model that scores everything the same gets the middle rank.
/// - NaN never flatters. A rival whose score is NaN counts as greater; an answer whose score is NaN has every rival
///   greater, and so is last by all three readings. Infinities compare as numbers do.
/// - Memory is one tile of scores a thread, 1 MiB with the default options, and some 60 bytes a rank: it does not grow
///   with queries × entities.
/// - Tiles go over threads; ranks do not depend on their number.
/// - Triples that share a query, such as (h, r, ?), share its scores, which are found once.
///
/// `options.filtered` plays no part: `known` does, and the answer itself is never filtered.
///
/// # Errors
/// [`Error::TripleOutOfRange`](crate::Error::TripleOutOfRange) where a triple has an entity that the scorer lacks.
///
/// ```
/// use std::ops::Range;
/// use sptx_train::{CandidateScorer, EvaluateOptions, Query, Rank, Triple, rank};
///
/// struct ById;
/// impl CandidateScorer for ById {
///     fn entity_count(&self) -> u32 { 100 }
///     fn score_tails(&self, _: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
///         for row in scores.chunks_exact_mut(candidates.len()) {
///             row.iter_mut().zip(candidates.clone()).for_each(|(score, id)| *score = id as f32);
///         }
///     }
///     fn score_heads(&self, _: &[Query], _: Range<u32>, scores: &mut [f32]) { scores.fill(0.0) }
/// }
///
/// let ranks = rank(&ById, &[Triple::new(0, 0, 97)], None, &EvaluateOptions::default()).unwrap();
/// assert_eq!(ranks.tail, [Rank { greater: 2, equal: 0 }]);
/// assert_eq!(ranks.head, [Rank { greater: 0, equal: 99 }]);
/// ```
pub fn rank(
    scorer: &dyn CandidateScorer,
    triples: &[Triple],
    known: Option<&KnownTriples>,
    options: &EvaluateOptions<'_>,
) -> Result<Ranks> {
    check_ids(triples, scorer.entity_count() as usize, usize::MAX)?;
    Ok(ranking::ranks(scorer, triples, known, options))
}
