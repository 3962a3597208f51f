//! How ranks are found: blocks of queries by tiles of candidates.
//!
//! A query is scored once, however many true answers it has: nearly half the work on `fb15k-237`. Queries are in the
//! order of their relations, so that a block has few of them: some models do work for each relation and candidate.
//! Blocks, and stretches of tiles within them, go over threads.
//!
//! The scores of the true answers come first, by [`CandidateScorer::score_each`], as rivals cannot be counted before.
//! When an answer then turns up in its tile with another score, the tile is right: rivals are compared within one way
//! of scoring, or equal embeddings would not tie. The block is then counted once more. Filtered candidates are counted
//! like all, in one pass without branches, and taken back one by one.
//!
//! A scorer that [counts by itself](CandidateScorer::ranks) is asked for nothing but ranks.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::EvaluateOptions;
use super::count::{count, take_back};
use super::rank::{Rank, Ranks};
use super::scorer::{Asked, CandidateScorer, Query, Side};
use super::tiles::{Tiles, take_below};
use crate::dataset::Triple;
use crate::filter::KnownTriples;

/// The ranks of both ends of triples whose ids are in range.
pub(super) fn ranks(
    scorer: &dyn CandidateScorer,
    triples: &[Triple],
    known: Option<&KnownTriples>,
    options: &EvaluateOptions<'_>,
) -> Ranks {
    let tiles = Tiles::new(scorer.entity_count(), options.candidate_tile);
    let query_tile = options.query_tile.max(1);
    let progress = Progress::new(2 * triples.len(), scorer.entity_count(), options);
    let ranking = Ranking { scorer, known, tiles, stretches: tiles.stretches(), query_tile, progress };
    let asked = [Side::Head, Side::Tail].map(|side| ask(triples, side));
    let blocks: Vec<Block<'_>> = asked.iter().flat_map(|questions| blocks(questions, query_tile)).collect();
    let found: Vec<Vec<Rank>> = blocks.par_iter().map(|block| ranking.block(block)).collect();
    let mut ranks = Ranks { head: vec![Rank::default(); triples.len()], tail: vec![Rank::default(); triples.len()] };
    for (question, &rank) in blocks.iter().flat_map(|block| block.questions).zip(found.iter().flatten()) {
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

/// The questions for one end of all triples, by relation, and those of one query together.
fn ask(triples: &[Triple], side: Side) -> Vec<Question> {
    let question = |(index, triple): (usize, &Triple)| {
        let (query, answer) = Query::of(side, *triple);
        Question { index, side, query, answer }
    };
    let mut questions: Vec<Question> = triples.iter().enumerate().map(question).collect();
    questions.sort_unstable_by_key(|asked| (asked.query.relation, asked.query.entity, asked.answer, asked.index));
    questions
}

/// Queries that are scored together, and the questions that they answer.
struct Block<'a> {
    side: Side,
    queries: Vec<Query>,
    questions: &'a [Question],
    /// For each question, the place of its query.
    rows: Vec<u32>,
}

/// Cuts sorted questions of one side into blocks of at most `most` queries, all of nearly the same size.
fn blocks(questions: &[Question], most: usize) -> Vec<Block<'_>> {
    let groups: Vec<&[Question]> = questions.chunk_by(|left, right| left.query == right.query).collect();
    let count = groups.len().div_ceil(most);
    let mut rest = questions;
    let block = |index: usize| {
        let groups = &groups[index * groups.len() / count..(index + 1) * groups.len() / count];
        let len = groups.iter().map(|group| group.len()).sum();
        let questions = rest.split_off(..len).unwrap_or_default();
        // A block has fewer queries than there are triples of 32-bit ids in memory.
        let rows = (0..).zip(groups).flat_map(|(row, group)| std::iter::repeat_n(row, group.len())).collect();
        let queries = groups.iter().map(|group| group[0].query).collect();
        Block { side: questions[0].side, queries, questions, rows }
    };
    (0..count).map(block).collect()
}

struct Ranking<'a> {
    scorer: &'a dyn CandidateScorer,
    known: Option<&'a KnownTriples>,
    tiles: Tiles,
    stretches: Vec<Range<u32>>,
    query_tile: usize,
    progress: Progress<'a>,
}

impl Ranking<'_> {
    /// The ranks of a block's questions.
    fn block(&self, block: &Block<'_>) -> Vec<Rank> {
        if let Some(ranks) = self.by_the_scorer(block) {
            self.progress.add(block.questions.len(), self.scorer.entity_count() as usize);
            return ranks;
        }
        let mut truths = self.truths(block);
        let mut counted = self.count(block, &truths);
        if !counted.corrections.is_empty() {
            counted.corrections.iter().for_each(|&(question, score)| truths[question] = score);
            counted = self.count(block, &truths);
        }
        counted.ranks
    }

    /// The ranks, where the scorer counts by itself.
    fn by_the_scorer(&self, block: &Block<'_>) -> Option<Vec<Rank>> {
        let answers: Vec<u32> = block.questions.iter().map(|question| question.answer).collect();
        let filtered = self.known_of(block);
        let Block { side, queries, rows, .. } = block;
        self.scorer.ranks(&Asked { side: *side, queries, rows, answers: &answers, filtered: &filtered })
    }

    /// The scores of the true answers.
    fn truths(&self, block: &Block<'_>) -> Vec<f32> {
        let mut truths = vec![f32::NAN; block.questions.len()];
        for (questions, truths) in block.questions.chunks(self.query_tile).zip(truths.chunks_mut(self.query_tile)) {
            let queries: Vec<Query> = questions.iter().map(|question| question.query).collect();
            let answers: Vec<u32> = questions.iter().map(|question| question.answer).collect();
            self.scorer.score_each(block.side, &queries, &answers, truths);
        }
        truths
    }

    fn count(&self, block: &Block<'_>, truths: &[f32]) -> Counted {
        let nothing = || Counted { ranks: vec![Rank::default(); truths.len()], corrections: Vec::new() };
        self.stretches
            .par_iter()
            .map_init(Vec::new, |scores, stretch| self.stretch(block, truths, stretch.clone(), scores))
            .reduce(nothing, Counted::plus)
    }

    /// Counts the rivals among the candidates of some tiles: all of them, less the answers and the known answers.
    fn stretch(&self, block: &Block<'_>, truths: &[f32], tiles: Range<u32>, scores: &mut Vec<f32>) -> Counted {
        let mut counted = Counted { ranks: vec![Rank::default(); truths.len()], corrections: Vec::new() };
        let first = self.tiles.candidates(tiles.start).start;
        let mut known = self.known_of(block);
        for known in &mut known {
            take_below(known, first);
        }
        for tile in tiles {
            let candidates = self.tiles.candidates(tile);
            scores.resize(block.queries.len() * candidates.len(), f32::NAN);
            self.scorer.score_side(block.side, &block.queries, candidates.clone(), scores);
            count(scores, candidates.len(), &block.rows, truths, &mut counted.ranks);
            let filtered: Vec<&[u32]> = known.iter_mut().map(|known| take_below(known, candidates.end)).collect();
            counted.take_back(block, truths, &candidates, scores, &filtered);
            self.progress.add(block.questions.len(), candidates.len());
        }
        counted
    }

    /// The known answers to each query of a block.
    fn known_of(&self, block: &Block<'_>) -> Vec<&[u32]> {
        let known = |query: &Query| self.known.map_or(&[][..], |known| known.answers(block.side, *query));
        block.queries.iter().map(known).collect()
    }
}

/// What is found so far for the questions of a block.
struct Counted {
    ranks: Vec<Rank>,
    /// Questions whose answers have another score in their tiles, with that score.
    corrections: Vec<(usize, f32)>,
}

impl Counted {
    /// Takes out of the ranks what is no rival: the answers, and the `filtered` candidates of each query.
    fn take_back(
        &mut self,
        block: &Block<'_>,
        truths: &[f32],
        candidates: &Range<u32>,
        scores: &[f32],
        filtered: &[&[u32]],
    ) {
        let ranks = self.ranks.iter_mut().zip(truths);
        for (at, ((question, &row), (rank, &truth))) in block.questions.iter().zip(&block.rows).zip(ranks).enumerate() {
            let scores = &scores[row as usize * candidates.len()..][..candidates.len()];
            let score = |entity: u32| scores[(entity - candidates.start) as usize];
            for &entity in filtered[row as usize].iter().filter(|&&entity| entity != question.answer) {
                take_back(score(entity), truth, rank);
            }
            if candidates.contains(&question.answer) {
                let score = score(question.answer);
                take_back(score, truth, rank);
                if score != truth && !(score.is_nan() && truth.is_nan()) {
                    self.corrections.push((at, score));
                }
            }
        }
    }

    fn plus(mut self, other: Counted) -> Counted {
        for (rank, more) in self.ranks.iter_mut().zip(other.ranks) {
            rank.greater += more.greater;
            rank.equal += more.equal;
        }
        self.corrections.extend(other.corrections);
        self
    }
}

/// How much is done, told as ranks: the share of candidates that each has been compared with.
struct Progress<'a> {
    compared: AtomicU64,
    ranks: usize,
    entities: u64,
    tell: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl<'a> Progress<'a> {
    fn new(ranks: usize, entities: u32, options: &EvaluateOptions<'a>) -> Self {
        Progress { compared: AtomicU64::new(0), ranks, entities: entities.into(), tell: options.progress }
    }

    fn add(&self, questions: usize, candidates: usize) {
        let Some(tell) = self.tell else { return };
        let more = questions as u64 * candidates as u64;
        let compared = self.compared.fetch_add(more, Ordering::Relaxed) + more;
        // A block that is counted once more is not counted as more ranks.
        tell(((compared / self.entities) as usize).min(self.ranks), self.ranks);
    }
}
