//! How much a step works on.

use crate::gpu::{BLOCK, DIGIT_BITS};
use crate::program::Owner;

/// A batch, as far as launches depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Its positives, at least one.
    pub(super) positives: usize,
    /// Negatives of each positive, or of each chunk that shares them.
    pub(super) negatives: usize,
    /// Where negatives are shared: positives of a chunk, and how many ends are asked for.
    pub(super) shared: Option<[usize; 2]>,
}

/// Of what a kernel runs once for each, how many there are in a step; or another number that a batch's size gives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    /// As many, whatever the batch: rows or pieces that are counted on the device.
    Fixed(usize),
    /// So many times the positives, and so many times the candidates of an end.
    Items(usize, usize),
    Triples,
    /// Tiles, of so many by so many, of the pairs of an end.
    PairTiles(usize),
    /// Tiles of so many queries of an end.
    QueryTiles(usize),
    /// Tiles of so many candidates of an end.
    CandidateTiles(usize),
    Hits(Owner),
    /// Hits, and the end behind the last.
    HitsAndEnd(Owner),
    /// Counts of digits in blocks of hits.
    Digits(Owner),
    /// The same, in blocks of triples.
    DigitsOfTriples,
    /// Counts of rows and of pieces that begin in blocks.
    Boundaries(Owner),
}

impl Count {
    pub(super) const POSITIVES: Self = Self::Items(1, 0);
    pub(super) const CANDIDATES: Self = Self::Items(0, 1);

    pub(super) fn of(self, size: Size) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::Items(positives, candidates) => positives * size.positives + candidates * size.candidates(),
            Self::Triples => size.triples(),
            Self::PairTiles(tile) => size.chunks() * size.chunk().div_ceil(tile) * size.negatives.div_ceil(tile),
            Self::QueryTiles(tile) => size.chunks() * size.chunk().div_ceil(tile),
            Self::CandidateTiles(tile) => size.chunks() * size.negatives.div_ceil(tile),
            Self::Hits(owner) => size.hits(owner),
            Self::HitsAndEnd(owner) => size.hits(owner) + 1,
            Self::Digits(owner) => digits(size.hits(owner)),
            Self::DigitsOfTriples => digits(size.triples()),
            Self::Boundaries(owner) => 2 * (size.hits(owner) + 1).div_ceil(BLOCK),
        }
    }
}

/// Counts of digits in blocks of so many hits.
fn digits(hits: usize) -> usize {
    hits.div_ceil(BLOCK) << DIGIT_BITS
}

impl Size {
    /// Triples that are scored as such.
    pub(super) fn triples(self) -> usize {
        self.positives * if self.shared.is_some() { 1 } else { 1 + self.negatives }
    }

    /// Positives of a chunk.
    pub(super) fn chunk(self) -> usize {
        self.shared.map_or(self.positives, |[chunk, _]| chunk.min(self.positives))
    }

    pub(super) fn chunks(self) -> usize {
        self.positives.div_ceil(self.chunk())
    }

    /// Candidates of all chunks for one end.
    pub(super) fn candidates(self) -> usize {
        self.chunks() * self.negatives
    }

    /// Pairs of all chunks for one end.
    pub(super) fn pairs(self) -> usize {
        self.positives * self.negatives
    }

    /// How many numbers the hits of one source take.
    pub(super) fn hit_numbers(self) -> usize {
        match self.shared {
            Some(_) => self.positives.max(self.candidates()),
            None => 2 * self.triples(),
        }
    }

    /// Hits of an owner's rows.
    pub(super) fn hits(self, owner: Owner) -> usize {
        let of_triples = self.triples() * if owner == Owner::Entity { 2 } else { 1 };
        let [_, sides] = self.shared.unwrap_or_default();
        // A query hits its known end and its relation, a candidate itself.
        let of_side = self.positives + if owner == Owner::Entity { self.candidates() } else { 0 };
        of_triples + sides * of_side
    }
}
