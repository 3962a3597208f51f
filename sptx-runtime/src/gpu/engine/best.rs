//! The best entities of queries, found where the scores are.

use std::cmp::Reverse;
use std::ops::Range;

use super::Engine;
use super::block::{Held, ranges};
use super::ranks::{ROUNDS, numbered};
use crate::Error;
use crate::cpu::{Block, Candidates, Queries};
use crate::gpu::{Device, DeviceError, Role, score_of_merit};
use crate::program::Owner;

impl<D: Device> Engine<D> {
    /// Whether lists of the `count` best of each query fit the device, and are shorter than all of its scores.
    pub fn keeps(&self, count: usize) -> bool {
        let entities = self.counts[Owner::Entity as usize];
        let words = self.list_words(count.min(entities));
        words < entities && words <= self.device.capabilities().binding_words as usize
    }

    /// Words of one query's lists.
    fn list_words(&self, kept: usize) -> usize {
        kept.saturating_mul(2 * self.lanes(Role::Best))
    }

    /// The `count` best of all entities for each query, the best first, of equal scores the lower number, with their
    /// scores. NaN is no score. `excluded` has for each query, ascending, the entities that are left out.
    ///
    /// # Errors
    /// When a row number is out of range, the device has no room (where it does not [keep](Self::keeps) so many) or is
    /// lost.
    ///
    /// # Panics
    /// When there are not as many lists as queries, or the engine was given no kernels for it.
    pub fn best(
        &mut self,
        queries: Queries<'_>,
        count: usize,
        excluded: &[&[u32]],
    ) -> Result<Vec<Vec<(u32, f32)>>, Error> {
        assert_eq!(excluded.len(), queries.len(), "a list for each query");
        let entities = self.all_entities();
        let block = Block { queries, candidates: Candidates::Range(0..entities.len() as u32), answers: None };
        block.check(self.counts)?;
        let kept = count.min(entities.len());
        if kept == 0 {
            return Ok(vec![Vec::new(); queries.len()]);
        }
        let most = self.device.capabilities().binding_words as usize / self.list_words(kept);
        let mut found = Vec::with_capacity(queries.len());
        for range in ranges(queries.len(), most.max(1)) {
            let lists = &excluded[range.clone()];
            found.extend(self.best_of_some(queries.slice(range), kept, lists, &entities)?);
        }
        Ok(found)
    }

    /// The same of queries whose lists fit one binding.
    fn best_of_some(
        &mut self,
        queries: Queries<'_>,
        kept: usize,
        excluded: &[&[u32]],
        entities: &[u32],
    ) -> Result<Vec<Vec<(u32, f32)>>, DeviceError> {
        let order = self.query_groups(queries).concat();
        let pairs = Excluded::new(&order, excluded);
        self.ranking.excluded.put(&self.device, &pairs.words)?;
        let each = self.list_words(kept);
        let mut words = vec![0; queries.len() * each];
        self.ranking.best.put(&self.device, &words)?;
        self.each_held(queries, entities, &mut |engine, held| {
            let these = pairs.of(held);
            let told = [("pair_count", pairs.len()), ("first_pair", these.start)];
            engine.launch_held(Role::Exclude, these.len(), held, &told)?;
            engine.keep_best(held, kept)
        })?;
        self.device.read(self.ranking.best.buffer(), 0, &mut words)?;
        let mut found = vec![Vec::new(); queries.len()];
        for (query, lists) in order.into_iter().zip(words.chunks(each)) {
            found[query] = joined(lists, kept);
        }
        Ok(found)
    }

    /// Keeps the best of the candidates that these scores have.
    fn keep_best(&self, held: &Held<'_>, kept: usize) -> Result<(), DeviceError> {
        let levels = kept.ilog2() as usize;
        let most = ROUNDS / (levels + 1) * self.lanes(Role::Best);
        for part in ranges(held.columns.len(), most) {
            let [from, until] = [part.start, part.end].map(|place| held.columns.start + place);
            let words = [("from", from), ("until", until), ("kept", kept), ("levels", levels)];
            self.launch_held(Role::Best, held.members.len(), held, &words)?;
        }
        Ok(())
    }
}

/// The best of a query's lists, the best first.
fn joined(lists: &[u32], kept: usize) -> Vec<(u32, f32)> {
    let mut entries: Vec<[u32; 2]> = lists.chunks(2).map(|entry| [entry[0], entry[1]]).collect();
    entries.sort_unstable_by_key(|[merit, candidate]| (Reverse(*merit), *candidate));
    let scored = entries.into_iter().filter_map(|[merit, candidate]| Some((candidate, score_of_merit(merit)?)));
    scored.take(kept).collect()
}

/// What is left out, in the order in which queries are scored.
struct Excluded {
    /// The queries' numbers, then the candidates.
    words: Vec<u32>,
}

impl Excluded {
    fn new(order: &[usize], excluded: &[&[u32]]) -> Self {
        let listed = || (0..).zip(order).map(|(number, query)| (number, excluded[*query]));
        let ids = |list: &[u32]| list.chunk_by(|a, b| a == b).map(|same| same[0]).collect::<Vec<_>>();
        let numbers = listed().flat_map(|(number, list)| vec![number; ids(list).len()]);
        let candidates = listed().flat_map(|(_, list)| ids(list));
        Self { words: numbers.chain(candidates).collect() }
    }

    fn len(&self) -> usize {
        self.words.len() / 2
    }

    /// The pairs of queries whose scores are held.
    fn of(&self, held: &Held<'_>) -> Range<usize> {
        numbered(&self.words[..self.len()], held)
    }
}
