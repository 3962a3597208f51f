//! Some of the queries of a block, with all that belongs to them.

use std::ops::Range;

use super::{Block, Queries};
use crate::cpu::batch::Batch;
use crate::program::Side;

/// The ids or the gradient rows of some queries and their answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub(super) entities: Vec<u32>,
    pub(super) relations: Vec<u32>,
    /// Empty where the block has no answers.
    pub(super) answers: Vec<u32>,
}

impl Columns {
    pub(super) fn of(block: &Block<'_>) -> Self {
        let Queries { entities, relations, .. } = block.queries;
        let answers = block.answers.unwrap_or_default();
        Self { entities: entities.to_vec(), relations: relations.to_vec(), answers: answers.to_vec() }
    }

    /// Those of some queries.
    pub(super) fn pick(&self, members: &[usize]) -> Self {
        let pick = |column: &[u32]| members.iter().filter_map(|index| column.get(*index).copied()).collect();
        Self { entities: pick(&self.entities), relations: pick(&self.relations), answers: pick(&self.answers) }
    }

    pub(super) fn queries(&self, missing: Side) -> Queries<'_> {
        Queries { missing, entities: &self.entities, relations: &self.relations }
    }

    /// The queries with their answers, as triples.
    pub(super) fn answered(&self, missing: Side) -> Batch<'_> {
        let [heads, tails] = self.queries(missing).ends(&*self.entities, &self.answers);
        Batch { heads, relations: &self.relations, tails }
    }
}

/// The queries that are worked on together, by their positions: all of them, or those of each relation.
pub(crate) fn groups(relations: &[u32], by_relation: bool) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..relations.len()).collect();
    if !by_relation {
        return vec![order];
    }
    order.sort_by_key(|index| relations[*index]);
    order.chunk_by(|a, b| relations[*a] == relations[*b]).map(<[usize]>::to_vec).collect()
}

/// Stretches of a group for which a bounded number of scores is kept.
pub(super) fn stretches(members: usize, candidates: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let step = (most / candidates.max(1)).max(1);
    (0..members).step_by(step).map(move |first| first..members.min(first + step))
}
