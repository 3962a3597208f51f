//! The ranks of true answers among all candidates, found tile by tile.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::EvaluateOptions;
use super::scorer::{CandidateScorer, Query, Side};
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
/// - Memory is one tile a thread, and eight bytes a rank: it does not grow with queries × entities.
/// - Tiles go over threads; ranks do not depend on their number.
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
    let ranking = Ranking { scorer, known, candidate_tile: options.candidate_tile.max(1) };
    let mut asked = [ask(triples, Side::Head), ask(triples, Side::Tail)];
    for questions in &mut asked {
        // Neighbours in a block then have their answers in few tiles, often in one: see `Ranking::block`.
        questions.sort_unstable_by_key(|question| (question.answer, question.index));
    }
    let blocks: Vec<&[Question]> =
        asked.iter().flat_map(|questions| questions.chunks(options.query_tile.max(1))).collect();
    let (done, total) = (AtomicUsize::new(0), 2 * triples.len());
    let found: Vec<Vec<Rank>> = blocks
        .par_iter()
        .map_init(Vec::new, |scores, block| {
            let ranks = ranking.block(block, scores);
            let done = done.fetch_add(block.len(), Ordering::Relaxed) + block.len();
            if let Some(progress) = options.progress {
                progress(done, total);
            }
            ranks
        })
        .collect();
    Ok(in_order(triples.len(), &blocks, &found))
}

fn in_order(count: usize, blocks: &[&[Question]], found: &[Vec<Rank>]) -> Ranks {
    let mut ranks = Ranks { head: vec![Rank::default(); count], tail: vec![Rank::default(); count] };
    for (question, &rank) in blocks.iter().copied().flatten().zip(found.iter().flatten()) {
        match question.side {
            Side::Head => ranks.head[question.index] = rank,
            Side::Tail => ranks.tail[question.index] = rank,
        }
    }
    ranks
}

/// One end of one triple to rank.
#[derive(Clone, Copy)]
struct Question {
    index: usize,
    side: Side,
    query: Query,
    answer: u32,
}

fn ask(triples: &[Triple], side: Side) -> Vec<Question> {
    let question = |(index, &Triple { head, relation, tail }): (usize, &Triple)| {
        let (entity, answer) = match side {
            Side::Head => (tail, head),
            Side::Tail => (head, tail),
        };
        Question { index, side, query: Query { entity, relation }, answer }
    };
    triples.iter().enumerate().map(question).collect()
}

struct Ranking<'a> {
    scorer: &'a dyn CandidateScorer,
    known: Option<&'a KnownTriples>,
    candidate_tile: u32,
}

impl Ranking<'_> {
    /// The ranks of questions that ask for the same side.
    ///
    /// An answer's score must be known before its rivals are counted, and must come from the same tile as they do, so
    /// that equal scores have equal bits. The tiles with answers are therefore scored first, and all others then; the
    /// last of the first is still there and not scored again. As questions come sorted by answer, one tile usually
    /// holds all answers, and nothing is scored twice.
    fn block(&self, questions: &[Question], scores: &mut Vec<f32>) -> Vec<Rank> {
        let Some(&Question { side, .. }) = questions.first() else { return Vec::new() };
        let queries: Vec<Query> = questions.iter().map(|question| question.query).collect();
        let mut truths = vec![f32::NAN; questions.len()];
        let mut held = None;
        for group in questions.chunk_by(|left, right| self.tile_of(left.answer) == self.tile_of(right.answer)) {
            let tile = self.tile_of(group[0].answer);
            let candidates = self.score(side, &queries, tile, scores);
            read_truths(questions, &candidates, scores, &mut truths);
            held = Some(tile);
        }
        let mut ranks = vec![Rank::default(); questions.len()];
        let tiles = self.scorer.entity_count().div_ceil(self.candidate_tile);
        let others = (0..tiles).filter(|&tile| held != Some(tile));
        for tile in held.into_iter().chain(others) {
            let candidates = match held == Some(tile) {
                true => self.candidates(tile),
                false => self.score(side, &queries, tile, scores),
            };
            let rows = scores.chunks_exact(candidates.len());
            for (((question, row), &truth), rank) in questions.iter().zip(rows).zip(&truths).zip(&mut ranks) {
                self.count(question, &candidates, row, truth, rank);
            }
        }
        ranks
    }

    fn tile_of(&self, entity: u32) -> u32 {
        entity / self.candidate_tile
    }

    fn candidates(&self, tile: u32) -> Range<u32> {
        let start = tile * self.candidate_tile;
        start..start.saturating_add(self.candidate_tile).min(self.scorer.entity_count())
    }

    fn score(&self, side: Side, queries: &[Query], tile: u32, scores: &mut Vec<f32>) -> Range<u32> {
        let candidates = self.candidates(tile);
        scores.resize(queries.len() * candidates.len(), f32::NAN);
        self.scorer.score_side(side, queries, candidates.clone(), scores);
        candidates
    }

    /// Adds the rivals among `candidates` to the rank: all of them, less the answer and the known answers.
    fn count(&self, question: &Question, candidates: &Range<u32>, row: &[f32], truth: f32, rank: &mut Rank) {
        let mut counted = compare(row, truth);
        let score = |entity: u32| row[(entity - candidates.start) as usize];
        let known = within(self.known_answers(question), candidates);
        for &entity in known.iter().filter(|&&entity| entity != question.answer) {
            counted = without(counted, score(entity), truth);
        }
        if candidates.contains(&question.answer) {
            counted = without(counted, score(question.answer), truth);
        }
        rank.greater += counted.greater;
        rank.equal += counted.equal;
    }

    fn known_answers(&self, question: &Question) -> &[u32] {
        let Query { entity, relation } = question.query;
        match (self.known, question.side) {
            (None, Side::Head | Side::Tail) => &[],
            (Some(known), Side::Head) => known.heads(relation, entity),
            (Some(known), Side::Tail) => known.tails(entity, relation),
        }
    }
}

fn read_truths(questions: &[Question], candidates: &Range<u32>, scores: &[f32], truths: &mut [f32]) {
    let rows = scores.chunks_exact(candidates.len());
    for ((question, row), truth) in questions.iter().zip(rows).zip(truths) {
        if candidates.contains(&question.answer) {
            *truth = row[(question.answer - candidates.start) as usize];
        }
    }
}

/// Counts the scores that are greater than, or equal to, `truth`.
///
/// What is not less or equal counts as greater: so does NaN, on either side.
fn compare(row: &[f32], truth: f32) -> Rank {
    let (mut not_greater, mut equal) = (0u32, 0u32);
    for &score in row {
        not_greater += u32::from(score <= truth);
        equal += u32::from(score == truth);
    }
    Rank { greater: row.len() as u32 - not_greater, equal }
}

/// Takes one score back out of what [`compare`] counted.
fn without(counted: Rank, score: f32, truth: f32) -> Rank {
    let one = compare(&[score], truth);
    Rank { greater: counted.greater - one.greater, equal: counted.equal - one.equal }
}

/// The part of the sorted `entities` that lies in `range`.
fn within<'a>(entities: &'a [u32], range: &Range<u32>) -> &'a [u32] {
    let start = entities.partition_point(|&entity| entity < range.start);
    let length = entities[start..].partition_point(|&entity| entity < range.end);
    &entities[start..start + length]
}
