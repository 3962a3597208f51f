//! Every query with every candidate.

use std::ops::Range;

use super::launch::About;
use super::stretch::part_words;
use super::{Engine, Loaded};
use crate::Error;
use crate::cpu::{Batch, Block, Candidates, Pairs, Queries, groups};
use crate::gpu::{Device, DeviceError, End, Role};
use crate::program::{Part, Split};

/// Scores kept at a time, at most; fewer where a binding has no room for them.
pub(super) const PAIRS: usize = 1 << 22;

impl<D: Device> Engine<D> {
    /// The scores of every query with every candidate, those of one query end to end.
    ///
    /// # Errors
    /// When a row number is out of range, the device has no room or is lost.
    ///
    /// # Panics
    /// When `scores` has not one place for each pair.
    pub fn score_block(
        &mut self,
        queries: Queries<'_>,
        candidates: Candidates<'_>,
        scores: &mut [f32],
    ) -> Result<(), Error> {
        assert_eq!(scores.len(), queries.len() * candidates.len(), "one score for each query and candidate");
        let block = Block { queries, candidates, answers: None };
        block.check(self.counts)?;
        let candidates = block.candidates.ids();
        if scores.is_empty() {
            return Ok(());
        }
        match self.model.split(queries.missing).cloned() {
            Some(split) => self.score_split(&split, queries, &candidates, scores),
            None => self.score_expanded(queries, &candidates, scores),
        }
    }

    /// Pairs as triples, for scores that do not split.
    fn score_expanded(&mut self, queries: Queries<'_>, candidates: &[u32], scores: &mut [f32]) -> Result<(), Error> {
        let each = candidates.len();
        let step = self.stretch.div_ceil(each);
        for (number, scores) in scores.chunks_mut(step * each).enumerate() {
            let first = number * step;
            let pairs = Pairs::of(queries.slice(first..first + scores.len() / each), candidates);
            scores.copy_from_slice(&self.score(pairs.batch())?);
        }
        Ok(())
    }

    fn score_split(
        &mut self,
        split: &Split,
        queries: Queries<'_>,
        candidates: &[u32],
        scores: &mut [f32],
    ) -> Result<(), Error> {
        let most = self.device.capabilities().binding_words as usize;
        for members in groups(queries.relations, split.by_relation) {
            let [entities, relations] = picked(queries, &members);
            let group = Queries { entities: &entities, relations: &relations, ..queries };
            for columns in ranges(candidates.len(), self.most_items(&split.candidate)) {
                self.put_candidates(split, group, &candidates[columns.clone()])?;
                let rows = (PAIRS.min(most) / columns.len()).clamp(1, self.most_items(&split.query));
                for range in ranges(members.len(), rows) {
                    let found = self.compare(split, group.slice(range.clone()), columns.len())?;
                    for (member, row) in members[range].iter().zip(found.chunks(columns.len())) {
                        scores[member * candidates.len()..][columns.clone()].copy_from_slice(row);
                    }
                }
            }
        }
        Ok(())
    }

    /// How many queries or candidates fit bindings.
    pub(super) fn most_items(&self, part: &Part) -> usize {
        // Four of them take no padding between the derivatives by one output and by the next.
        let words = [3, part.scalars, part_words(part, &self.sizes, 4).div_ceil(4)].into_iter().max().unwrap_or(1);
        (self.device.capabilities().binding_words as usize / words).clamp(1, PAIRS)
    }

    pub(super) fn put_candidates(
        &mut self,
        split: &Split,
        queries: Queries<'_>,
        candidates: &[u32],
    ) -> Result<(), DeviceError> {
        let known = vec![0; candidates.len()];
        let relations = vec![queries.relations[0]; candidates.len()];
        let [heads, tails] = queries.ends(&known[..], candidates);
        self.put_part(split, End::Candidate, Batch { heads, relations: &relations, tails })
    }

    fn put_part(&mut self, split: &Split, end: End, batch: Batch<'_>) -> Result<(), DeviceError> {
        let part = split.parts()[end as usize];
        let words = part_words(part, &self.sizes, batch.len());
        self.parts[end as usize].put(&self.device, batch, part.scalars, words)?;
        self.launch(Role::Part(split.missing, end), batch.len(), About::Part(end, part))
    }

    pub(super) fn put_queries(&mut self, split: &Split, queries: Queries<'_>) -> Result<(), DeviceError> {
        let missing = vec![0; queries.len()];
        let [heads, tails] = queries.ends(queries.entities, &missing);
        self.put_part(split, End::Query, Batch { heads, relations: queries.relations, tails })
    }

    /// The scores of some queries with the candidates at hand.
    fn compare(&mut self, split: &Split, queries: Queries<'_>, candidates: usize) -> Result<Vec<f32>, DeviceError> {
        self.put_queries(split, queries)?;
        let mut words = vec![0; queries.len() * candidates];
        self.scores.hold(&self.device, words.len())?;
        let role = Role::Compare(split.missing);
        self.launch_tiles(role, [queries.len(), candidates], About::Block { queries: queries.len(), candidates })?;
        self.device.read(self.scores.buffer(), 0, &mut words)?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }

    /// Launches a kernel for each tile of a grid of so many ends.
    pub(super) fn launch_tiles<const N: usize>(
        &self,
        role: Role,
        ends: [usize; N],
        about: About<'_>,
    ) -> Result<(), DeviceError> {
        let Some(Loaded { artifact, .. }) = self.kernel(role) else {
            panic!("{} was given no kernel of {role:?}", self.model.name)
        };
        let tile = artifact.schedule.tile as usize;
        self.launch(role, ends.into_iter().map(|count| count.div_ceil(tile)).product(), about)
    }
}

/// The entities and the relations of some queries.
pub(super) fn picked(queries: Queries<'_>, members: &[usize]) -> [Vec<u32>; 2] {
    [queries.entities, queries.relations].map(|ids| members.iter().map(|index| ids[*index]).collect())
}

/// `0..count` in parts of at most `most`.
pub(super) fn ranges(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(most).map(move |first| first..count.min(first + most))
}
