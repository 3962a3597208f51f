//! What an epoch visits, and the queries that come of it.

use sptx_runtime::cpu::Queries;
use sptx_runtime::program;

use crate::dataset::Triple;
use crate::evaluate::{Query, Side};
use crate::filter::KnownTriples;

/// What an epoch visits, each once.
#[derive(Debug)]
pub(super) enum Visits<'a> {
    /// True triples, as often as training has them.
    Triples(&'a [Triple]),
    /// The distinct queries that true triples answer.
    Queries(Vec<(Side, Query)>),
}

/// Queries for one end, each with the entity that answers it where there is a single one; in order of relation, since
/// relation rows are then read one after another.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) side: Side,
    pub(super) entities: Vec<u32>,
    pub(super) relations: Vec<u32>,
    /// The answers; of queries with several there are none.
    pub(super) answers: Vec<u32>,
}

/// Rows that stand in true triples, each as often as it does.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Occurring {
    pub(crate) entities: Vec<u32>,
    pub(crate) relations: Vec<u32>,
}

impl Visits<'_> {
    /// The distinct queries for some ends, in order of side, relation and entity.
    pub(super) fn queries(triples: &[Triple], sides: &[Side]) -> Self {
        let mut queries = Vec::new();
        for side in sides {
            let mut of_side: Vec<Query> = triples.iter().map(|triple| Query::of(*side, *triple).0).collect();
            of_side.sort_unstable_by_key(|query| (query.relation, query.entity));
            of_side.dedup();
            queries.extend(of_side.into_iter().map(|query| (*side, query)));
        }
        Self::Queries(queries)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Triples(triples) => triples.len(),
            Self::Queries(queries) => queries.len(),
        }
    }

    /// The queries of what stands at `order`, by the end that they ask for. Ends that none asks for are left out.
    pub(super) fn ask(&self, order: &[u32], sides: &[Side]) -> Vec<Asked> {
        let of_side = |side: Side| match self {
            Self::Triples(triples) => {
                let asked = order.iter().map(|index| Query::of(side, triples[*index as usize]));
                Asked::new(side, asked.map(|(query, answer)| (query, Some(answer))).collect())
            }
            Self::Queries(queries) => {
                let asked = order.iter().map(|index| queries[*index as usize]);
                Asked::new(side, asked.filter(|(it, _)| *it == side).map(|(_, query)| (query, None)).collect())
            }
        };
        sides.iter().map(|side| of_side(*side)).filter(|asked| !asked.entities.is_empty()).collect()
    }

    /// The rows of the true triples of what stands at `order`; `known` has the answers of queries.
    pub(super) fn occurring(&self, order: &[u32], known: Option<&KnownTriples>) -> Occurring {
        let mut occurring = Occurring::default();
        for index in order {
            match self {
                Self::Triples(triples) => occurring.add(triples[*index as usize]),
                Self::Queries(queries) => {
                    let (side, query) = queries[*index as usize];
                    let answers = known.map_or(&[][..], |known| known.answers(side, query));
                    answers.iter().for_each(|answer| occurring.add(query.fill(side, *answer)));
                }
            }
        }
        occurring
    }
}

impl Occurring {
    /// Counts one triple.
    pub(crate) fn add(&mut self, triple: Triple) {
        self.entities.extend([triple.head, triple.tail]);
        self.relations.push(triple.relation);
    }
}

impl Asked {
    fn new(side: Side, mut queries: Vec<(Query, Option<u32>)>) -> Self {
        queries.sort_by_key(|(query, _)| query.relation);
        Self {
            side,
            entities: queries.iter().map(|(query, _)| query.entity).collect(),
            relations: queries.iter().map(|(query, _)| query.relation).collect(),
            answers: queries.iter().filter_map(|(_, answer)| *answer).collect(),
        }
    }

    /// Number of queries.
    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    /// One of them.
    pub(super) fn query(&self, index: usize) -> Query {
        Query { entity: self.entities[index], relation: self.relations[index] }
    }

    /// As the engine takes them.
    pub(super) fn queries(&self) -> Queries<'_> {
        Queries { missing: missing(self.side), entities: &self.entities, relations: &self.relations }
    }
}

/// The end that is missing where a side is asked for.
pub(super) fn missing(side: Side) -> program::Side {
    match side {
        Side::Head => program::Side::Head,
        Side::Tail => program::Side::Tail,
    }
}
