//! Batches: positives with their negatives, as the engine takes them.

use sptx_runtime::cpu;

use crate::dataset::Triple;
use crate::sampler::Sampler;

/// A batch whose buffers are used again: positives first, then the negatives of each positive in turn.
///
/// The positives of a batch are in order of relation, and in the epoch's order within a relation: relation rows are
/// then read one after another. Which negatives a positive gets depends on its position in the epoch, not on this.
#[derive(Debug, Default)]
pub(crate) struct TrainingBatch {
    heads: Vec<u32>,
    relations: Vec<u32>,
    tails: Vec<u32>,
    positives: usize,
    drawn: Vec<Triple>,
    sorted: Vec<u32>,
    starts: Vec<u32>,
}

impl TrainingBatch {
    /// Fills the batch with the positives `order`, which stand from `first` on in the order of `epoch`.
    pub(crate) fn fill(&mut self, train: &[Triple], order: &[u32], epoch: u32, first: u32, sampler: &Sampler<'_>) {
        self.drawn.clear();
        self.drawn.extend(order.iter().map(|index| train[*index as usize]));
        self.positives = order.len();
        self.sort();
        let negatives = sampler.draw(epoch, first, &self.drawn);
        let Self { heads, relations, tails, drawn, sorted, .. } = self;
        column(heads, drawn, sorted, |triple| triple.head, &negatives.heads);
        column(relations, drawn, sorted, |triple| triple.relation, &negatives.relations);
        column(tails, drawn, sorted, |triple| triple.tail, &negatives.tails);
    }

    /// Finds the order by relation: a counting sort, stable.
    fn sort(&mut self) {
        let most = self.drawn.iter().map(|triple| triple.relation).max().map_or(0, |relation| relation as usize + 1);
        self.starts.clear();
        self.starts.resize(most + 1, 0);
        for triple in &self.drawn {
            self.starts[triple.relation as usize + 1] += 1;
        }
        for relation in 0..most {
            self.starts[relation + 1] += self.starts[relation];
        }
        self.sorted.clear();
        self.sorted.resize(self.drawn.len(), 0);
        for (index, triple) in self.drawn.iter().enumerate() {
            let place = &mut self.starts[triple.relation as usize];
            self.sorted[*place as usize] = index as u32;
            *place += 1;
        }
    }

    /// The number of positives.
    pub(crate) fn positives(&self) -> usize {
        self.positives
    }

    /// The triples.
    pub(crate) fn triples(&self) -> cpu::Batch<'_> {
        cpu::Batch { heads: &self.heads, relations: &self.relations, tails: &self.tails }
    }
}

/// One column of the batch: of the positives in their new order, then of the negatives in the same order.
fn column(out: &mut Vec<u32>, positives: &[Triple], sorted: &[u32], of: fn(&Triple) -> u32, negatives: &[u32]) {
    let each = negatives.len() / positives.len().max(1);
    out.clear();
    out.extend(sorted.iter().map(|index| of(&positives[*index as usize])));
    for index in sorted {
        let start = *index as usize * each;
        out.extend_from_slice(&negatives[start..start + each]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::SamplerOptions;

    #[test]
    fn negatives_follow_their_positive() {
        let train: Vec<Triple> = (0..50).map(|i| Triple::new(i, i * 7 % 5, 49 - i)).collect();
        let options = SamplerOptions { negatives: 3, ..SamplerOptions::default() };
        let sampler = Sampler::new(1, options, &train, 50, 5, None);
        let order: Vec<u32> = (0..40).rev().collect();
        let mut batch = TrainingBatch::default();
        batch.fill(&train, &order, 2, 4, &sampler);
        let triples = batch.triples();
        assert_eq!((batch.positives(), triples.len()), (40, 160));
        assert!(triples.relations[..40].is_sorted());
        for index in 0..40 {
            let positive = (triples.heads[index], triples.tails[index]);
            for rival in 40 + 3 * index..43 + 3 * index {
                assert_eq!(triples.relations[rival], triples.relations[index]);
                assert!((triples.heads[rival] == positive.0) != (triples.tails[rival] == positive.1));
            }
        }
    }
}
