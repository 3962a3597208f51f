//! Many candidates at once: blocks of queries against candidates, scored and trained on.
//!
//! A query is a triple with one end missing; a block asks every one of its queries of every one of its candidates. Where
//! the compiler could split the score ([`Split`](crate::program::Split)), a query and a candidate are each worked out
//! once and then compared; otherwise ([`expand`]) every pair is a triple.
//!
//! A step goes through a block by *stretches* of queries, so that no more than [`PAIRS`] scores are kept at a time,
//! whatever the number of candidates. Which queries make up a stretch does not depend on the number of threads.

mod compare;
mod expand;
mod half;
mod mask;
mod members;
mod operands;
mod pair_scalars;
mod pair_tile;
mod product;
mod step;

use std::ops::Range;

use half::Half;
use pair_tile::Pairing;

use super::engine::Engine;
use crate::Error;
use crate::program::{Owner, Side};

pub(crate) use expand::Pairs;
pub(super) use half::PartKernels;
pub use mask::RowMask;
pub(crate) use members::groups;
pub use step::BlockLoss;

/// Scores kept at a time.
const PAIRS: usize = 1 << 22;

/// Triples with one end missing.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// The end that is asked for: [`Side::Tail`] for (entity, relation, ?), [`Side::Head`] for (?, relation, entity).
    pub missing: Side,
    /// The entity at the end that is known.
    pub entities: &'a [u32],
    /// The relations.
    pub relations: &'a [u32],
}

/// Entities that may fill the missing end.
#[derive(Clone, Debug)]
pub enum Candidates<'a> {
    /// Consecutive ones.
    Range(Range<u32>),
    /// A list, which may name an entity more than once.
    List(&'a [u32]),
}

/// Queries, each with every candidate.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// The queries.
    pub queries: Queries<'a>,
    /// The candidates.
    pub candidates: Candidates<'a>,
    /// For each query the entity that makes it a true triple, scored apart from the candidates.
    pub answers: Option<&'a [u32]>,
}

impl<'a> Queries<'a> {
    /// Number of queries.
    pub fn len(self) -> usize {
        self.entities.len()
    }

    /// Whether there is no query.
    pub fn is_empty(self) -> bool {
        self.entities.is_empty()
    }

    /// Some of the queries.
    pub(crate) fn slice(self, range: Range<usize>) -> Self {
        Self { entities: &self.entities[range.clone()], relations: &self.relations[range], ..self }
    }

    /// Puts what belongs to queries and to candidates in the order (head, tail).
    pub(crate) fn ends<T>(self, known: T, missing: T) -> [T; 2] {
        if self.missing == Side::Head { [missing, known] } else { [known, missing] }
    }
}

impl Candidates<'_> {
    /// Number of candidates.
    pub fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(list) => list.len(),
        }
    }

    /// Whether there is no candidate.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their entities.
    pub(crate) fn ids(&self) -> Vec<u32> {
        match self {
            Self::Range(range) => range.clone().collect(),
            Self::List(list) => list.to_vec(),
        }
    }
}

impl Block<'_> {
    /// Checks that lists are equally long and that every number is a row.
    fn validate(&self, engine: &Engine) -> Result<(), Error> {
        self.check([Owner::Entity, Owner::Relation].map(|owner| engine.tables.count(owner)))
    }

    /// [`Block::validate`] by the numbers of entities and relations.
    pub(crate) fn check(&self, [entity_count, relation_count]: [usize; 2]) -> Result<(), Error> {
        let Queries { missing, entities, relations } = self.queries;
        let answers = self.answers.unwrap_or(entities);
        if missing == Side::Relation {
            return Err(Error::RelationBlock);
        }
        if entities.len() != relations.len() || entities.len() != answers.len() {
            let (queries, relations, answers) = (entities.len(), relations.len(), answers.len());
            return Err(Error::UnequalBlock { queries, relations, answers });
        }
        let check = |ids: Option<u32>, count, side| match ids {
            Some(index) if index as usize >= count => Err(Error::IndexOutOfRange { side, index, count }),
            _ => Ok(()),
        };
        let most = match &self.candidates {
            Candidates::Range(range) => range.end.checked_sub(1),
            Candidates::List(list) => list.iter().copied().max(),
        };
        check(entities.iter().copied().max(), entity_count, "query")?;
        check(relations.iter().copied().max(), relation_count, "relation")?;
        check(answers.iter().copied().max(), entity_count, "answer")?;
        check(most, entity_count, "candidate")
    }
}

impl Engine {
    /// The scores of every query with every candidate, those of one query end to end.
    ///
    /// # Errors
    /// When a row number is out of range.
    ///
    /// # Panics
    /// When `scores` has not one place for each pair.
    pub fn score_block(
        &self,
        queries: Queries<'_>,
        candidates: Candidates<'_>,
        scores: &mut [f32],
    ) -> Result<(), Error> {
        assert_eq!(scores.len(), queries.len() * candidates.len(), "one score for each query and candidate");
        let block = Block { queries, candidates, answers: None };
        block.validate(self)?;
        self.pool.install(|| self.score_pairs(queries, &block.candidates.ids(), scores));
        Ok(())
    }

    fn score_pairs(&self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) {
        let Some(pairing) = self.pairing(queries.missing) else {
            return self.score_expanded(queries, candidates, scores);
        };
        if scores.is_empty() {
            return;
        }
        let kernels = self.part_kernels(queries.missing);
        let mut rows: Vec<&mut [f32]> = scores.chunks_mut(candidates.len()).collect();
        for members in groups(queries.relations, pairing.split.by_relation) {
            let relation = queries.relations[members[0]];
            let of_candidates = Half::candidates(self, pairing.split, kernels, candidates, relation).forward();
            let pick = |ids: &[u32]| members.iter().map(|index| ids[*index]).collect::<Vec<_>>();
            let (entities, relations) = (pick(queries.entities), pick(queries.relations));
            let queries = Queries { entities: &entities, relations: &relations, ..queries };
            let of_queries = Half::queries(self, pairing.split, kernels, queries).forward();
            let rows = members.iter().map(|index| std::mem::take(&mut rows[*index])).collect();
            compare::score(pairing, &of_queries, &of_candidates, rows);
        }
    }

    /// How pairs are compared where an end is missing; `None` where the score does not split.
    fn pairing(&self, missing: Side) -> Option<Pairing<'_>> {
        let split = self.model().split(missing)?;
        let kernels = &*self.compiled.kernels;
        Some(Pairing { split, kernels, tables: &self.tables, parameters: &self.parameters })
    }

    /// The kernels of the parts of the split for a missing end, which there must be.
    fn part_kernels(&self, missing: Side) -> &PartKernels {
        let splits = self.model().splits.iter().zip(&*self.part_kernels);
        let (_, kernels) = splits.into_iter().find(|(split, _)| split.missing == missing).expect("the score splits");
        kernels
    }
}
