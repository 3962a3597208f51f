//! Pairs of a block: which of them a row's threads have before them, and where their queries and candidates are.
//!
//! Queries come in chunks, each with as many candidates of its own; a block of one chunk is every query with every
//! candidate.

use sptx_runtime::gpu::{End, Schedule};
use sptx_runtime::program::Split;

use super::body::Kept;
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value};

/// The pairs of a block.
pub(super) struct Pairs<'a> {
    split: &'a Split,
    /// Of queries and of candidates: their scalars, their vectors.
    memory: [[Place; 2]; 2],
    /// Number of queries.
    queries: Value,
    /// Candidates of a chunk.
    pub(super) candidates: Value,
    /// Queries of a chunk; the last one may have fewer.
    pub(super) chunk: Value,
    /// Candidates of all chunks.
    all_candidates: Value,
}

/// The queries of a chunk and their candidates.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    first_query: Value,
    first_candidate: Value,
    /// Number of queries.
    pub(super) queries: Value,
}

/// A query or a candidate of a tile.
#[derive(Clone, Copy)]
pub(super) struct Number {
    /// Its number in the chunk; beyond the last, the last.
    pub(super) at: Value,
    /// Whether it is one.
    pub(super) inside: Value,
}

/// A query with a candidate.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    /// What the two keep.
    pub(super) ends: [Kept<'a>; 2],
    /// The pair's number in the block.
    pub(super) place: Value,
    /// Whether it is one.
    pub(super) inside: Value,
}

impl<'a> Pairs<'a> {
    /// With the buffers of what both ends keep; of one end the vectors may be written.
    pub(super) fn new(k: &mut Builder, schedule: &Schedule, split: &'a Split, written: Option<End>) -> Self {
        let memory = [(End::Query, "query"), (End::Candidate, "candidate")].map(|(end, name)| {
            let access = if written == Some(end) { Access::ReadWrite } else { Access::Read };
            let scalars = k.buffer(&format!("{name}_scalars"), Scalar::F32, 1, Access::Read);
            let vectors = k.buffer(&format!("{name}_vectors"), Scalar::F32, schedule.vector, access);
            [scalars, vectors].map(Place::Buffer)
        });
        let [queries, candidates, chunk] =
            ["queries", "candidates", "chunk"].map(|name| k.parameter(name, Scalar::U32, 1));
        let one = k.u32(1);
        let before = k.sub(chunk, one);
        let above = k.add(queries, before);
        let chunks = k.div(above, chunk);
        let all_candidates = k.mul(chunks, candidates);
        Self { split, memory, queries, candidates, chunk, all_candidates }
    }

    /// Where the vectors of an end are.
    pub(super) fn vectors(&self, end: End) -> Place {
        self.memory[end as usize][1]
    }

    /// A chunk.
    pub(super) fn chunk(&self, k: &mut Builder, number: Value) -> Chunk {
        let (first_query, first_candidate) = (k.mul(number, self.chunk), k.mul(number, self.candidates));
        let left = k.sub(self.queries, first_query);
        Chunk { first_query, first_candidate, queries: k.binary(Binary::Min, self.chunk, left) }
    }

    /// The pairs of a tile of so many queries and candidates, from its number.
    pub(super) fn tile(&self, k: &mut Builder, number: Value, tile: u32) -> Vec<Pair<'a>> {
        let (wide, high) = (tiles(k, self.candidates, tile), tiles(k, self.chunk, tile));
        let of_chunk = k.mul(wide, high);
        let (chunk, within) = (k.div(number, of_chunk), k.rem(number, of_chunk));
        let (down, across) = (k.div(within, wide), k.rem(within, wide));
        let chunk = self.chunk(k, chunk);
        let (queries, candidates) = (numbers(k, down, tile, chunk.queries), numbers(k, across, tile, self.candidates));
        queries.iter().for_each(|query| _ = k.name(query.at, "query"));
        candidates.iter().for_each(|candidate| _ = k.name(candidate.at, "candidate"));
        let mut pairs = Vec::with_capacity(queries.len() * candidates.len());
        for query in &queries {
            pairs.extend(candidates.iter().map(|candidate| self.pair(k, chunk, [*query, *candidate])));
        }
        pairs
    }

    /// A query with a candidate of its chunk.
    pub(super) fn pair(&self, k: &mut Builder, chunk: Chunk, [query, candidate]: [Number; 2]) -> Pair<'a> {
        let row = k.add(chunk.first_query, query.at);
        let column = k.add(chunk.first_candidate, candidate.at);
        let before = k.mul(row, self.candidates);
        let ends = [self.kept(End::Query, row, self.queries), self.kept(End::Candidate, column, self.all_candidates)];
        let inside = k.binary(Binary::And, query.inside, candidate.inside);
        Pair { ends, place: k.add(before, candidate.at), inside }
    }

    fn kept(&self, end: End, number: Value, count: Value) -> Kept<'a> {
        let ([scalars, vectors], part) = (self.memory[end as usize], self.split.parts()[end as usize]);
        Kept { scalars, vectors, dims: &part.forward.vectors, outputs: &part.outputs, number, count }
    }

    /// Number of pairs.
    pub(super) fn count(&self, k: &mut Builder) -> Value {
        k.mul(self.queries, self.candidates)
    }
}

/// The numbers of a tile among `count`.
pub(super) fn numbers(k: &mut Builder, tile: Value, size: u32, count: Value) -> Vec<Number> {
    let first = k.mul_u32(tile, size);
    let one = k.u32(1);
    let last = k.sub(count, one);
    let number = |part| {
        let at = k.add_u32(first, part);
        let inside = k.less(at, count);
        Number { at: k.binary(Binary::Min, at, last), inside }
    };
    (0..size).map(number).collect()
}

/// Number of tiles that hold `count`.
pub(super) fn tiles(k: &mut Builder, count: Value, tile: u32) -> Value {
    let (above, tile) = (k.add_u32(count, tile - 1), k.u32(tile));
    k.div(above, tile)
}
