//! Many candidates at once: blocks of queries against candidates, scored and trained on.
//!
//! A query is a triple with one end missing; a block asks every one of its queries of every one of its candidates. Where
//! the compiler could split the score ([`Split`](crate::program::Split)), a query and a candidate are each worked out
//! once and then compared; otherwise ([`expand`]) every pair is a triple.
//!
//! A step goes through a block by *stretches* of queries, so that no more than [`PAIRS`] scores are kept at a time,
//! whatever the number of candidates. Which queries make up a stretch does not depend on the number of threads.

mod expand;
mod step;

use std::ops::Range;

use super::engine::Engine;
use crate::Error;
use crate::program::{Owner, Side};

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
    pub(super) fn slice(self, range: Range<usize>) -> Self {
        Self { entities: &self.entities[range.clone()], relations: &self.relations[range], ..self }
    }

    /// Puts what belongs to queries and to candidates in the order (head, tail).
    pub(super) fn ends<T>(self, known: T, missing: T) -> [T; 2] {
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
    pub(super) fn ids(&self) -> Vec<u32> {
        match self {
            Self::Range(range) => range.clone().collect(),
            Self::List(list) => list.to_vec(),
        }
    }
}

impl Block<'_> {
    /// Checks that lists are equally long and that every number is a row.
    fn validate(&self, engine: &Engine) -> Result<(), Error> {
        let Queries { missing, entities, relations } = self.queries;
        let answers = self.answers.unwrap_or(entities);
        if missing == Side::Relation {
            return Err(Error::RelationBlock);
        }
        if entities.len() != relations.len() || entities.len() != answers.len() {
            let (queries, relations, answers) = (entities.len(), relations.len(), answers.len());
            return Err(Error::UnequalBlock { queries, relations, answers });
        }
        let check = |ids: Option<u32>, owner, side| {
            let count = engine.tables.count(owner);
            match ids {
                Some(index) if index as usize >= count => Err(Error::IndexOutOfRange { side, index, count }),
                _ => Ok(()),
            }
        };
        let most = match &self.candidates {
            Candidates::Range(range) => range.end.checked_sub(1),
            Candidates::List(list) => list.iter().copied().max(),
        };
        check(entities.iter().copied().max(), Owner::Entity, "query")?;
        check(relations.iter().copied().max(), Owner::Relation, "relation")?;
        check(answers.iter().copied().max(), Owner::Entity, "answer")?;
        check(most, Owner::Entity, "candidate")
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
}
