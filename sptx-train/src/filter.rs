//! Which triples are known to be true.

use rayon::slice::ParallelSliceMut;
use rustc_hash::FxHashMap;

use crate::dataset::{Dataset, Triple};
use crate::evaluate::{Query, Side};

/// An index of true triples: the answers to (head, relation, ?) and to (?, relation, tail).
///
/// The filtered protocol (Bordes et al., 2013) leaves known answers other than the one asked for out of a ranking, and
/// a filtered sampler draws no known triple as a negative. Memory: 8 bytes a distinct triple, and about 24 bytes a
/// distinct pair on each side.
///
/// ```
/// use sptx_train::{KnownTriples, Triple};
/// let known = KnownTriples::new([Triple::new(0, 0, 2), Triple::new(0, 0, 1), Triple::new(0, 0, 1)]);
/// assert_eq!(known.tails(0, 0), [1, 2]);
/// assert_eq!(known.heads(0, 2), [0]);
/// assert!(known.contains(Triple::new(0, 0, 1)) && !known.contains(Triple::new(1, 0, 1)));
/// ```
#[derive(Clone, Debug)]
pub struct KnownTriples {
    tails: Answers,
    heads: Answers,
}

impl KnownTriples {
    /// Indexes `triples`, in any order; those that stand twice count once.
    pub fn new(triples: impl IntoIterator<Item = Triple>) -> Self {
        let triples: Vec<Triple> = triples.into_iter().collect();
        let tails = triples.iter().map(|triple| (key(triple.head, triple.relation), triple.tail)).collect();
        let heads = triples.iter().map(|triple| (key(triple.tail, triple.relation), triple.head)).collect();
        KnownTriples { tails: Answers::new(tails), heads: Answers::new(heads) }
    }

    /// Indexes train, valid and test: the filter of the evaluation protocol.
    pub fn of_dataset(dataset: &Dataset) -> Self {
        KnownTriples::new(dataset.triples())
    }

    /// The known tails of (`head`, `relation`, ?), in order and each once.
    pub fn tails(&self, head: u32, relation: u32) -> &[u32] {
        self.tails.get(key(head, relation))
    }

    /// The known heads of (?, `relation`, `tail`), in order and each once.
    pub fn heads(&self, relation: u32, tail: u32) -> &[u32] {
        self.heads.get(key(tail, relation))
    }

    /// The known answers to a query for one end, in order and each once.
    pub fn answers(&self, side: Side, query: Query) -> &[u32] {
        match side {
            Side::Head => self.heads(query.relation, query.entity),
            Side::Tail => self.tails(query.entity, query.relation),
        }
    }

    /// Whether `triple` is known to be true.
    pub fn contains(&self, triple: Triple) -> bool {
        self.tails(triple.head, triple.relation).binary_search(&triple.tail).is_ok()
    }

    /// The number of distinct triples.
    pub fn len(&self) -> usize {
        self.tails.values.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The sorted answers of all pairs end to end, and where those of each pair lie.
#[derive(Clone, Debug)]
struct Answers {
    values: Vec<u32>,
    places: FxHashMap<u64, Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    len: u32,
}

impl Answers {
    fn new(mut pairs: Vec<(u64, u32)>) -> Self {
        pairs.par_sort_unstable();
        pairs.dedup();
        let mut places = FxHashMap::default();
        let mut start = 0;
        for group in pairs.chunk_by(|left, right| left.0 == right.0) {
            // The answers of a pair are distinct ids of 32 bits, and never all of them.
            places.insert(group[0].0, Place { start, len: group.len() as u32 });
            start += group.len();
        }
        Answers { values: pairs.into_iter().map(|(_, value)| value).collect(), places }
    }

    fn get(&self, key: u64) -> &[u32] {
        self.places.get(&key).map_or(&[], |place| &self.values[place.start..place.start + place.len as usize])
    }
}

fn key(entity: u32, relation: u32) -> u64 {
    u64::from(entity) << 32 | u64::from(relation)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_a_scan(triples in prop::collection::vec((0u32..6, 0u32..3, 0u32..6), 0..60)) {
            let triples: Vec<Triple> = triples.into_iter().map(|(h, r, t)| Triple::new(h, r, t)).collect();
            let known = KnownTriples::new(triples.iter().copied());
            for entity in 0..7 {
                for relation in 0..4 {
                    let scan = |answer: fn(&Triple) -> (u32, u32)| {
                        let mut found: Vec<u32> = triples
                            .iter()
                            .filter(|triple| triple.relation == relation)
                            .filter_map(|triple| (answer(triple).0 == entity).then_some(answer(triple).1))
                            .collect();
                        found.sort_unstable();
                        found.dedup();
                        found
                    };
                    prop_assert_eq!(known.tails(entity, relation), scan(|triple| (triple.head, triple.tail)));
                    prop_assert_eq!(known.heads(relation, entity), scan(|triple| (triple.tail, triple.head)));
                    for tail in 0..7 {
                        let triple = Triple::new(entity, relation, tail);
                        prop_assert_eq!(known.contains(triple), triples.contains(&triple));
                    }
                }
            }
            let mut distinct = triples;
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(known.len(), distinct.len());
        }
    }
}
