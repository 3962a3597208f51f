//! Blocks whose candidates are negatives that the positives of a chunk share.
//!
//! A negative that is a query's own answer is left out of that query, and so are other known answers where the regime is
//! filtered: the drawn set stays that of the whole chunk, and single scores are taken as
//! [not there](crate::loss::rival::LEFT_OUT).

use rayon::prelude::*;
use sptx_runtime::cpu::{Block, BlockLoss, Candidates};

use super::asked::Asked;
use crate::config::Reduction;
use crate::filter::KnownTriples;
use crate::loss::are_finite;
use crate::loss::rival::{self, LEFT_OUT, RivalLoss};
use crate::sampler::{NegativeSet, shared_negatives};

/// Where and how many negatives are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sharing {
    pub(super) seed: u64,
    pub(super) epoch: u32,
    pub(super) batch: u32,
    /// Negatives of each set.
    pub(super) count: u32,
    /// Entities that they are drawn from.
    pub(super) entities: u32,
}

/// The queries of a chunk for one end, with their negatives.
#[derive(Debug)]
struct Chunk {
    asked: Asked,
    negatives: Vec<u32>,
    /// Each negative with its place among them, in order of the negative.
    places: Vec<(u32, u32)>,
}

/// The blocks of one step, one for each chunk and end.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    chunks: Vec<Chunk>,
    known: Option<&'a KnownTriples>,
    loss: RivalLoss,
    terms: usize,
    scale: f32,
}

impl<'a> Shared<'a> {
    /// Draws the negatives of each chunk, for each end that its positives are asked for.
    pub(super) fn new(
        sharing: Sharing,
        chunks: Vec<Vec<Asked>>,
        known: Option<&'a KnownTriples>,
        loss: RivalLoss,
        reduction: Reduction,
    ) -> Self {
        let asked = chunks.into_iter().flatten().enumerate();
        let chunks = asked.map(|(set, asked)| Chunk::new(sharing, set as u32, asked)).collect();
        let mut batch = Self { chunks, known, loss, terms: 0, scale: 1.0 };
        let (positives, rivals) = batch.count();
        batch.terms = loss.terms(positives, rivals);
        batch.scale = rival::scale(reduction, batch.terms);
        batch
    }

    /// The number of queries, and of the negatives that count against them.
    fn count(&self) -> (usize, usize) {
        let of_chunk = |chunk: &Chunk| -> usize {
            let left = |query| chunk.negatives.len() - chunk.left_out(query, self.known).count();
            (0..chunk.asked.len()).into_par_iter().map(left).sum()
        };
        (self.chunks.iter().map(|chunk| chunk.asked.len()).sum(), self.chunks.iter().map(of_chunk).sum())
    }

    /// The blocks, as the engine takes them.
    pub(super) fn blocks<'s>(&'s self) -> Vec<Block<'s>> {
        let block = |chunk: &'s Chunk| Block {
            queries: chunk.asked.queries(),
            candidates: Candidates::List(&chunk.negatives),
            answers: Some(&chunk.asked.answers),
        };
        self.chunks.iter().map(block).collect()
    }

    /// How many terms the loss has.
    pub(super) fn terms(&self) -> usize {
        self.terms
    }
}

impl Chunk {
    fn new(sharing: Sharing, set: u32, asked: Asked) -> Self {
        let Sharing { seed, epoch, batch, count, entities } = sharing;
        let negatives = shared_negatives(seed, NegativeSet { epoch, batch, set }, count, entities);
        let mut places: Vec<(u32, u32)> = negatives.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Self { asked, negatives, places }
    }

    /// The places of the negatives that do not count against a query, each once.
    fn left_out<'s>(&'s self, query: usize, known: Option<&'s KnownTriples>) -> impl Iterator<Item = usize> + 's {
        let own = self.asked.answers[query];
        let others = known.map_or(&[][..], |known| known.answers(self.asked.side, self.asked.query(query)));
        let others = others.iter().copied().filter(move |answer| *answer != own);
        std::iter::once(own).chain(others).flat_map(|answer| self.places_of(answer))
    }

    fn places_of(&self, entity: u32) -> impl Iterator<Item = usize> + '_ {
        let start = self.places.partition_point(|(negative, _)| *negative < entity);
        self.places[start..]
            .iter()
            .take_while(move |(negative, _)| *negative == entity)
            .map(|(_, place)| *place as usize)
    }
}

impl BlockLoss for Shared<'_> {
    fn row(&self, block: usize, query: usize, answer: &mut f32, scores: &mut [f32]) -> f64 {
        if !answer.is_finite() || !are_finite(scores) {
            return f64::NAN;
        }
        self.chunks[block].left_out(query, self.known).for_each(|place| scores[place] = LEFT_OUT);
        self.loss.row(answer, scores, self.scale)
    }
}
