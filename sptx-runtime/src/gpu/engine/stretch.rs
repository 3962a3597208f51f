//! How many triples are worked on at a time.

use super::planes::Planes;
use crate::gpu::{RUN_WORDS, RUNS_HEAD, padded, plane_words};
use crate::program::{Model, Owner, Part};

/// Triples whose arrays fit bindings of so many words, at least one.
pub(super) fn triples(model: &Model, sizes: &[usize], binding_words: usize) -> usize {
    let row = |owner| Planes::of_owner(model, sizes, owner, 1).words;
    // At worst each hit is a piece and a row of its own. Two hits of entities are three entries of `runs`.
    let runs = RUNS_HEAD + 3 * RUN_WORDS;
    let words = [runs, model.scalars, vector_words(model, sizes), 2 * row(Owner::Entity), row(Owner::Relation)];
    (binding_words / words.into_iter().max().unwrap_or(1)).max(1)
}

/// Words of one row of each of a program's vectors.
pub(super) fn words_of(vectors: &[usize], sizes: &[usize]) -> usize {
    vectors.iter().map(|dim| padded(sizes[*dim])).sum()
}

/// Words of one triple's vectors. Vectors are numbered within a program, and nothing passes from one to the other.
pub(super) fn vector_words(model: &Model, sizes: &[usize]) -> usize {
    let [forward, backward] = [&model.forward, &model.backward].map(|program| words_of(&program.vectors, sizes));
    forward.max(backward)
}

/// Where in the vectors of so many runs of a part the derivatives by an output begin; by the output behind the last, how
/// long they are.
pub(super) fn derivative_at(part: &Part, sizes: &[usize], count: usize, output: usize) -> usize {
    let [forward, backward] = [&part.forward, &part.backward].map(|program| words_of(&program.vectors, sizes));
    let before = part.outputs[..output].iter().map(|output| plane_words(output.shape, sizes, count));
    count * forward.max(backward) + before.sum::<usize>()
}

/// Words of the vectors of so many runs of a part, with the derivatives by its outputs.
pub(super) fn part_words(part: &Part, sizes: &[usize], count: usize) -> usize {
    derivative_at(part, sizes, count, part.outputs.len())
}
