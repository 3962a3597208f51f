//! The graph that measurements run on.

use std::path::Path;

use sptx::train::{
    Corruption, Dataset, Purpose, Sampler, SamplerOptions, Sides, Stream, Triple, Vocabulary, uniform_f64,
};

use crate::command::data;
use crate::command::failure::Failure;

/// A graph of some size, whose entities and relations are in as unequally many triples as those of real graphs are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Synthetic {
    pub(super) entities: u32,
    pub(super) relations: u32,
    pub(super) triples: u32,
}

/// The size of fb15k-237.
pub(super) const FB15K237: Synthetic = Synthetic { entities: 14_541, relations: 237, triples: 272_115 };

/// The one of rank k is drawn as 1 / (k + OFFSET): that of fb15k-237 which is in most triples is in a few hundredths of them.
const OFFSET: f64 = 10.0;

/// The graph in a folder, or a synthetic one.
pub(super) fn load(folder: Option<&Path>, synthetic: Synthetic, seed: u64) -> Result<Dataset, Failure> {
    match folder {
        Some(folder) => data::load(folder),
        None => synthetic.draw(seed),
    }
}

/// What draws one negative for each positive, the head or the tail by its relation's likelihood.
pub(super) fn sampler(dataset: &Dataset, seed: u64) -> Sampler<'_> {
    let options = SamplerOptions { negatives: 1, corruption: Corruption::Bernoulli, sides: Sides::Both, resamples: 0 };
    let [entities, relations] = counts(dataset).map(|count| count as u32);
    Sampler::new(seed, options, dataset.train(), entities, relations, None)
}

/// Numbers of entities and of relations.
pub(super) fn counts(dataset: &Dataset) -> [usize; 2] {
    [dataset.entities().len(), dataset.relations().len()]
}

impl Synthetic {
    fn draw(self, seed: u64) -> Result<Dataset, Failure> {
        let stream = Stream::new(seed, Purpose::Order);
        let [of_entities, of_relations] = [self.entities, self.relations].map(Ranks::new);
        let triple = |index: u32| {
            let ends = stream.block([index, 1, 0], 0);
            let [a, b, ..] = stream.block([index, 2, 0], 0);
            let [head, tail] = [[ends[0], ends[1]], [ends[2], ends[3]]].map(|words| of_entities.draw(words));
            Triple { head, relation: of_relations.draw([a, b]), tail }
        };
        let names =
            |prefix: char, count: u32| -> Vec<String> { (0..count).map(|it| format!("{prefix}{it}")).collect() };
        let [entities, relations] = [names('e', self.entities), names('r', self.relations)];
        let vocabulary = |names: &[String]| names.iter().map(String::as_str).collect::<Vocabulary>();
        let triples = [(0..self.triples).map(triple).collect(), Vec::new(), Vec::new()];
        Ok(Dataset::new("synthetic", vocabulary(&entities), vocabulary(&relations), triples)?)
    }
}

/// Rows that are drawn unequally often.
struct Ranks {
    /// For each rank the likelihood of it and those before it.
    sums: Vec<f64>,
}

impl Ranks {
    fn new(count: u32) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = (0..count)
            .map(|rank| {
                sum += 1.0 / (f64::from(rank) + OFFSET);
                sum
            })
            .collect();
        sums.iter_mut().for_each(|it| *it /= sum);
        Self { sums }
    }

    /// A row. Those of neighbouring ranks lie apart.
    fn draw(&self, words: [u32; 2]) -> u32 {
        let rank = self.sums.partition_point(|sum| *sum < uniform_f64(words)).min(self.sums.len() - 1);
        // A step that shares no factor with the number of rows goes through all of them.
        let (count, step) = (self.sums.len() as u64, coprime(self.sums.len() as u64));
        (rank as u64 * step % count) as u32
    }
}

/// A number of about 0.6 times `count` that shares no factor with it.
fn coprime(count: u64) -> u64 {
    let shares = |candidate: u64| {
        let (mut a, mut b) = (count, candidate);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a != 1
    };
    (count * 3 / 5 + 1..).find(|candidate| !shares(*candidate)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Ranks, Synthetic};

    #[test]
    fn some_rows_are_in_many_triples() {
        let graph = Synthetic { entities: 500, relations: 7, triples: 20_000 }.draw(3).unwrap();
        assert_eq!((graph.entities().len(), graph.relations().len(), graph.train().len()), (500, 7, 20_000));
        let mut hits = BTreeMap::new();
        graph.train().iter().for_each(|triple| *hits.entry(triple.head).or_insert(0) += 1);
        let most = hits.values().copied().max().unwrap();
        assert!(most > 200 && most < 2000 && hits.len() > 400, "{most} of {}", hits.len());
    }

    #[test]
    fn every_rank_has_a_row_of_its_own() {
        for count in [1, 2, 10, 237] {
            let step = super::coprime(u64::from(count));
            let rows: std::collections::BTreeSet<u64> =
                (0..u64::from(count)).map(|rank| rank * step % u64::from(count)).collect();
            assert_eq!(rows.len(), count as usize);
            assert!(Ranks::new(count).draw([u32::MAX, u32::MAX]) < count);
        }
    }
}
