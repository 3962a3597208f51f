//! The order of an epoch, and negatives: triples that are false, or very likely so.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use crate::category::Cardinality;
use crate::config::Sides;
use crate::dataset::Triple;
use crate::filter::KnownTriples;
use crate::philox::{Purpose, Stream, bounded};

/// The order in which epoch `epoch` visits `count` positives: a permutation of `0..count`, a function of the arguments.
///
/// ```
/// let order = sptx_train::epoch_order(7, 0, 100);
/// assert_eq!(order, sptx_train::epoch_order(7, 0, 100));
/// assert_ne!(order, sptx_train::epoch_order(7, 1, 100));
/// ```
pub fn epoch_order(seed: u64, epoch: u32, count: u32) -> Vec<u32> {
    let stream = Stream::new(seed, Purpose::Order);
    let mut order: Vec<u32> = (0..count).collect();
    // Fisher and Yates' shuffle, as Durstenfeld (1964) has it.
    for last in (1..count).rev() {
        let [high, low, _, _] = stream.block([last, 0, epoch], 0);
        order.swap(last as usize, bounded([high, low], last + 1) as usize);
    }
    order
}

/// The place of a set of negatives that positives share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeSet {
    /// The epoch.
    pub epoch: u32,
    /// The batch within the epoch.
    pub batch: u32,
    /// The set within the batch, below 2^24: a batch has one for each chunk and each end that is asked for.
    pub set: u32,
}

/// `count` uniform entities that the positives of a chunk share as negatives, drawn with replacement.
///
/// A function of the arguments; `entity_count` must not be 0 for the ids to mean anything.
///
/// ```
/// use sptx_train::{NegativeSet, shared_negatives};
/// let shared = shared_negatives(7, NegativeSet { epoch: 0, batch: 3, set: 1 }, 1000, 14_541);
/// assert!(shared.len() == 1000 && shared.iter().all(|&entity| entity < 14_541));
/// ```
pub fn shared_negatives(seed: u64, place: NegativeSet, count: u32, entity_count: u32) -> Vec<u32> {
    let stream = Stream::new(seed, Purpose::SharedNegatives);
    let draw = |index| {
        let [high, low, _, _] = stream.block([index, place.batch, place.epoch], place.set);
        bounded([high, low], entity_count)
    };
    (0..count).map(draw).collect()
}

/// Which side of a positive is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Corruption {
    /// Head or tail with equal likelihood.
    #[default]
    Uniform,
    /// The head with likelihood tph / (tph + hpt) of the positive's relation (Wang et al., 2014), so that fewer
    /// negatives are true.
    Bernoulli,
}

/// How negatives are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplerOptions {
    /// Which side is replaced, where both may be.
    pub corruption: Corruption,
    /// Which sides may be replaced.
    pub sides: Sides,
    /// The negatives of each positive.
    pub negatives: u32,
    /// How often, at most, a negative that is a known triple is drawn anew; 0 leaves negatives unfiltered.
    ///
    /// The last draw is kept, known or not: a relation that joins everything has no negatives, and a sampler must end.
    pub resamples: u32,
}

impl Default for SamplerOptions {
    fn default() -> Self {
        SamplerOptions { corruption: Corruption::Uniform, sides: Sides::Both, negatives: 1, resamples: 0 }
    }
}

/// Negatives, one array a column; those of one positive lie together, in the order of the positives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negatives {
    /// The heads.
    pub heads: Vec<u32>,
    /// The relations.
    pub relations: Vec<u32>,
    /// The tails.
    pub tails: Vec<u32>,
}

/// Draws negatives by replacing the head or the tail of positives with a uniform entity.
///
/// What is drawn is a function of the seed, the epoch, the positive's position in the epoch's order, the negative's
/// number and the attempt: not of the batch size, of the number of threads, or of what was drawn before. The
/// replacement is never the entity it replaces, unless there is only one entity.
///
/// ```
/// use sptx_train::{KnownTriples, Sampler, SamplerOptions, Triple};
/// let train = [Triple::new(0, 0, 1), Triple::new(1, 0, 2)];
/// let known = KnownTriples::new(train);
/// let options = SamplerOptions { negatives: 4, resamples: 10, ..SamplerOptions::default() };
/// let sampler = Sampler::new(7, options, &train, 3, 1, Some(&known));
/// let negatives = sampler.draw(0, 0, &train);
/// assert_eq!(negatives.heads.len(), 8);
/// assert_eq!(negatives, sampler.draw(0, 0, &train));
/// ```
#[derive(Clone, Debug)]
pub struct Sampler<'a> {
    stream: Stream,
    options: SamplerOptions,
    entity_count: u32,
    /// By relation: the head is replaced where the random word is below this, of 2^32.
    head_thresholds: Vec<u64>,
    known: Option<&'a KnownTriples>,
}

impl<'a> Sampler<'a> {
    /// A sampler over `entity_count` entities, for positives whose relations are below `relation_count`.
    ///
    /// `train` gives the Bernoulli likelihoods; `known` is what a filtered sampler avoids, usually the training
    /// triples alone, since a sampler that avoids test triples has seen them.
    ///
    /// # Panics
    /// Where a triple's relation is not below `relation_count`; a [`Dataset`](crate::Dataset) has no such triple.
    pub fn new(
        seed: u64,
        options: SamplerOptions,
        train: &[Triple],
        entity_count: u32,
        relation_count: u32,
        known: Option<&'a KnownTriples>,
    ) -> Self {
        let even = |probability| vec![probability; relation_count as usize];
        let probabilities = match (options.sides, options.corruption) {
            (Sides::Tail, Corruption::Uniform | Corruption::Bernoulli) => even(0.0),
            (Sides::Head, Corruption::Uniform | Corruption::Bernoulli) => even(1.0),
            (Sides::Both, Corruption::Uniform) => even(0.5),
            (Sides::Both, Corruption::Bernoulli) => Cardinality::of_relations(train, relation_count as usize)
                .iter()
                .map(Cardinality::head_probability)
                .collect(),
        };
        let head_thresholds = probabilities.into_iter().map(|p: f64| (p * (1u64 << 32) as f64) as u64).collect();
        Sampler { stream: Stream::new(seed, Purpose::Negatives), options, entity_count, head_thresholds, known }
    }

    /// By relation, the likelihood that the head is replaced, of 2^32: it is where a random word is below.
    pub fn head_thresholds(&self) -> &[u64] {
        &self.head_thresholds
    }

    /// The negatives of `positives`, which stand from `first_position` on in the order of epoch `epoch`.
    ///
    /// # Panics
    /// Where a positive's relation is not below the sampler's number of relations.
    pub fn draw(&self, epoch: u32, first_position: u32, positives: &[Triple]) -> Negatives {
        let each = self.options.negatives as usize;
        let draw = |index: usize| {
            let position = first_position.wrapping_add((index / each) as u32);
            self.negative(positives[index / each], [position, (index % each) as u32, epoch])
        };
        let rows: Vec<Triple> = (0..each * positives.len()).into_par_iter().with_min_len(256).map(draw).collect();
        Negatives {
            heads: rows.iter().map(|triple| triple.head).collect(),
            relations: rows.iter().map(|triple| triple.relation).collect(),
            tails: rows.iter().map(|triple| triple.tail).collect(),
        }
    }

    fn negative(&self, positive: Triple, index: [u32; 3]) -> Triple {
        let mut negative = self.corrupt(positive, index, 0);
        let Some(known) = self.known else { return negative };
        for attempt in 1..=self.options.resamples {
            if !known.contains(negative) {
                break;
            }
            negative = self.corrupt(positive, index, attempt);
        }
        negative
    }

    fn corrupt(&self, positive: Triple, index: [u32; 3], attempt: u32) -> Triple {
        let [side, high, low, _] = self.stream.block(index, attempt);
        let replacement = |replaced| self.other_entity([high, low], replaced);
        if u64::from(side) < self.head_thresholds[positive.relation as usize] {
            Triple { head: replacement(positive.head), ..positive }
        } else {
            Triple { tail: replacement(positive.tail), ..positive }
        }
    }

    /// A uniform entity among those that are not `replaced`.
    fn other_entity(&self, words: [u32; 2], replaced: u32) -> u32 {
        if self.entity_count < 2 {
            return replaced;
        }
        let drawn = bounded(words, self.entity_count - 1);
        if drawn >= replaced { drawn + 1 } else { drawn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn star(count: u32) -> Vec<Triple> {
        (1..=count).map(|tail| Triple::new(0, 0, tail)).collect()
    }

    fn options(corruption: Corruption, negatives: u32, resamples: u32) -> SamplerOptions {
        SamplerOptions { corruption, negatives, resamples, ..SamplerOptions::default() }
    }

    fn triples(negatives: &Negatives) -> Vec<Triple> {
        let Negatives { heads, relations, tails } = negatives;
        heads.iter().zip(relations).zip(tails).map(|((&h, &r), &t)| Triple::new(h, r, t)).collect()
    }

    #[test]
    fn an_order_is_a_permutation() {
        for count in [0, 1, 2, 1000] {
            let mut order = epoch_order(1, 2, count);
            order.sort_unstable();
            assert_eq!(order, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_position_is_as_likely() {
        let mut counts = [0u32; 4];
        for epoch in 0..8000 {
            counts[epoch_order(5, epoch, 4).iter().position(|&id| id == 0).expect("a permutation")] += 1;
        }
        assert!(counts.iter().all(|count| (1850..2150).contains(count)), "{counts:?}");
    }

    #[test]
    fn batches_and_threads_do_not_matter() {
        let train = star(2000);
        let sampler = Sampler::new(9, options(Corruption::Uniform, 3, 0), &train, 2001, 1, None);
        let whole = sampler.draw(4, 0, &train);
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        assert_eq!(whole, single.install(|| sampler.draw(4, 0, &train)));
        let mut parts = triples(&sampler.draw(4, 0, &train[..700]));
        parts.extend(triples(&sampler.draw(4, 700, &train[700..])));
        assert_eq!(triples(&whole), parts);
        assert_ne!(whole, sampler.draw(5, 0, &train));
    }

    #[test]
    fn exactly_one_side_changes() {
        let train = star(50);
        let sampler = Sampler::new(9, options(Corruption::Uniform, 20, 0), &train, 51, 1, None);
        for (negative, positive) in triples(&sampler.draw(0, 0, &train)).chunks(20).zip(&train) {
            for negative in negative {
                assert_ne!(negative.head == positive.head, negative.tail == positive.tail);
                assert!(negative.head < 51 && negative.tail < 51);
            }
        }
    }

    #[test]
    fn one_side_alone_is_replaced_where_it_is_asked_for() {
        let train = star(50);
        for sides in [Sides::Head, Sides::Tail] {
            let options = SamplerOptions { sides, ..options(Corruption::Uniform, 20, 0) };
            let sampler = Sampler::new(9, options, &train, 51, 1, None);
            for (negative, positive) in triples(&sampler.draw(0, 0, &train)).chunks(20).zip(&train) {
                assert!(negative.iter().all(|it| (it.tail == positive.tail) == (sides == Sides::Head)));
            }
        }
    }

    #[test]
    fn sets_of_shared_negatives_differ_and_are_even() {
        let at = |epoch, batch, set| shared_negatives(1, NegativeSet { epoch, batch, set }, 4000, 8);
        let set = at(0, 0, 0);
        assert_eq!(set, at(0, 0, 0));
        assert!([at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)].iter().all(|other| *other != set));
        let counts = (0..8).map(|entity| set.iter().filter(|id| **id == entity).count());
        assert!(counts.into_iter().all(|count| (420..580).contains(&count)));
    }

    #[test]
    fn bernoulli_replaces_the_head_as_often_as_it_should() {
        // One head with 50 tails: tph 50, hpt 1, so the head is replaced with likelihood 50/51.
        let train = star(50);
        let share = |corruption| {
            let sampler = Sampler::new(3, options(corruption, 400, 0), &train, 51, 1, None);
            let drawn = triples(&sampler.draw(0, 0, &train));
            drawn.iter().filter(|negative| negative.head != 0).count() as f64 / drawn.len() as f64
        };
        assert!((share(Corruption::Bernoulli) - 50.0 / 51.0).abs() < 0.004);
        assert!((share(Corruption::Uniform) - 0.5).abs() < 0.015);
    }

    #[test]
    fn filtered_negatives_are_not_known() {
        let train = star(8);
        let known = KnownTriples::new(train.iter().copied());
        let filtered = Sampler::new(3, options(Corruption::Uniform, 100, 64), &train, 12, 1, Some(&known));
        assert!(triples(&filtered.draw(0, 0, &train)).iter().all(|&negative| !known.contains(negative)));
        let plain = Sampler::new(3, options(Corruption::Uniform, 100, 0), &train, 12, 1, Some(&known));
        assert!(triples(&plain.draw(0, 0, &train)).iter().any(|&negative| known.contains(negative)));
    }

    #[test]
    fn a_complete_graph_ends() {
        let train: Vec<Triple> = (0..9).map(|i| Triple::new(i / 3, 0, i % 3)).collect();
        let known = KnownTriples::new(train.iter().copied());
        let sampler = Sampler::new(3, options(Corruption::Uniform, 2, 5), &train, 3, 1, Some(&known));
        assert_eq!(sampler.draw(0, 0, &train).heads.len(), 18);
        let lonely = Sampler::new(3, options(Corruption::Uniform, 1, 5), &[], 1, 1, None);
        assert_eq!(triples(&lonely.draw(0, 0, &[Triple::new(0, 0, 0)])), [Triple::new(0, 0, 0)]);
    }
}
