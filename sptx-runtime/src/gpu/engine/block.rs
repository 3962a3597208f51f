//! Every query with every candidate.

use std::ops::Range;

use super::Engine;
use super::launch::About;
use super::stretch::part_words;
use crate::Error;
use crate::cpu::{Batch, Block, Candidates, Pairs, Queries, groups};
use crate::gpu::{Device, DeviceError, End, Role};
use crate::program::{Part, Split};

/// Scores kept at a time, at most; fewer where a binding has no room for them.
pub(super) const PAIRS: usize = 1 << 22;

/// Scores of some queries with some candidates, where the device holds them.
pub(super) struct Held<'a> {
    /// The places of the queries, row by row.
    pub(super) members: &'a [usize],
    /// How many queries came before these.
    pub(super) first: usize,
    /// The places of the candidates, each a column.
    pub(super) columns: Range<usize>,
    /// In which buffer they are.
    pub(super) place: Place,
    /// The word where they begin.
    pub(super) at: usize,
}

impl Held<'_> {
    /// What a kernel is told of them.
    pub(super) fn word(&self, name: &str) -> Option<usize> {
        Some(match name {
            "scores0" => self.at,
            "candidates" => self.columns.len(),
            "first_query" => self.first,
            "first_candidate" => self.columns.start,
            _ => return None,
        })
    }
}

/// Where scores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In `scores`, where comparisons leave them.
    Compared,
    /// Among the scalars of pairs that were scored as triples.
    Triples,
}

/// What is done with scores while the device holds them.
pub(super) type Visit<'a, D> = &'a mut dyn FnMut(&Engine<D>, &Held<'_>) -> Result<(), DeviceError>;

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
        let take = &mut |engine: &Self, held: &Held<'_>| {
            let mut words = vec![0; held.members.len() * held.columns.len()];
            engine.device.read(engine.held(held.place), held.at, &mut words)?;
            for (member, row) in held.members.iter().zip(words.chunks(held.columns.len())) {
                let places = &mut scores[member * candidates.len()..][held.columns.clone()];
                places.iter_mut().zip(row).for_each(|(score, word)| *score = f32::from_bits(*word));
            }
            Ok(())
        };
        Ok(self.each_held(queries, &candidates, take)?)
    }

    /// The places of queries in the order in which they are scored, those together that share what is done for a
    /// candidate.
    pub(super) fn query_groups(&self, queries: Queries<'_>) -> Vec<Vec<usize>> {
        let by_relation = self.model.split(queries.missing).is_some_and(|split| split.by_relation);
        groups(queries.relations, by_relation)
    }

    /// Scores every query with every candidate, a stretch of queries with a stretch of candidates at a time. All queries
    /// of a [group](Self::query_groups) meet some candidates before the next ones, which are those of higher places.
    pub(super) fn each_held(
        &mut self,
        queries: Queries<'_>,
        candidates: &[u32],
        visit: Visit<'_, D>,
    ) -> Result<(), DeviceError> {
        if queries.is_empty() || candidates.is_empty() {
            return Ok(());
        }
        let split = self.model.split(queries.missing).cloned();
        let mut first = 0;
        for members in self.query_groups(queries) {
            let [entities, relations] = picked(queries, &members);
            let group = Queries { entities: &entities, relations: &relations, ..queries };
            for columns in ranges(candidates.len(), self.most_columns(split.as_ref())) {
                let candidates = &candidates[columns.clone()];
                if let Some(split) = &split {
                    self.put_candidates(split, group, candidates)?;
                }
                for range in ranges(members.len(), self.most_rows(split.as_ref(), columns.len())) {
                    let some = group.slice(range.clone());
                    let (place, at) = match &split {
                        Some(split) => (Place::Compared, self.compare(split, some, columns.len())?),
                        None => (Place::Triples, self.score_pairs(some, candidates)?),
                    };
                    let (members, first) = (&members[range.clone()], first + range.start);
                    visit(self, &Held { members, first, columns: columns.clone(), place, at })?;
                }
            }
            first += members.len();
        }
        Ok(())
    }

    /// The buffer of scores.
    pub(super) fn held(&self, place: Place) -> &D::Buffer {
        match place {
            Place::Compared => self.scores.buffer(),
            Place::Triples => self.batch.scalars.buffer(),
        }
    }

    /// How many candidates are at hand at a time.
    fn most_columns(&self, split: Option<&Split>) -> usize {
        split.map_or(self.stretch, |split| self.most_items(&split.candidate))
    }

    /// How many queries meet so many candidates at a time.
    fn most_rows(&self, split: Option<&Split>, columns: usize) -> usize {
        let Some(split) = split else { return (self.stretch / columns).max(1) };
        let most = PAIRS.min(self.device.capabilities().binding_words as usize);
        (most / columns).clamp(1, self.most_items(&split.query))
    }

    /// Scores pairs as triples, where scores do not split; gives the word where the scores begin.
    fn score_pairs(&mut self, queries: Queries<'_>, candidates: &[u32]) -> Result<usize, DeviceError> {
        let pairs = Pairs::of(queries, candidates);
        self.place(pairs.batch())?.score()?;
        Ok(self.model.score * pairs.batch().len())
    }

    /// How many queries or candidates fit bindings.
    pub(super) fn most_items(&self, part: &Part) -> usize {
        // Four of them take no padding between the derivatives by one output and by the next.
        let words = [3, part.scalars, part_words(part, &self.sizes, 4).div_ceil(4)].into_iter().max().unwrap_or(1);
        let most = self.device.capabilities().binding_words as usize;
        let fits = |count: &usize| part_words(part, &self.sizes, *count) <= most;
        // Other numbers take some, so that a few fewer may fit.
        (1..=(most / words).clamp(1, PAIRS)).rev().find(fits).unwrap_or(1)
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
        let [forward, adjoint] = [Role::Part(split.missing, end), Role::PartAdjoint(split.missing, end)];
        if self.groups(|role| role == forward || role == adjoint) {
            self.parts[end as usize].put_order(&self.device, batch)?;
        }
        self.launch(Role::Part(split.missing, end), batch.len(), About::Part(end, part))
    }

    pub(super) fn put_queries(&mut self, split: &Split, queries: Queries<'_>) -> Result<(), DeviceError> {
        let missing = vec![0; queries.len()];
        let [heads, tails] = queries.ends(queries.entities, &missing);
        self.put_part(split, End::Query, Batch { heads, relations: queries.relations, tails })
    }

    /// Scores some queries with the candidates at hand; gives the word where the scores begin.
    fn compare(&mut self, split: &Split, queries: Queries<'_>, candidates: usize) -> Result<usize, DeviceError> {
        self.put_queries(split, queries)?;
        self.scores.hold(&self.device, queries.len() * candidates)?;
        let (role, counts) = (Role::Compare(split.missing), [queries.len(), candidates]);
        if !self.multiply(split, counts)? {
            self.launch_tiles(role, counts, About::Block { queries: queries.len(), candidates })?;
        }
        Ok(0)
    }

    /// Launches a kernel for each tile of a grid of so many ends.
    pub(super) fn launch_tiles<const N: usize>(
        &self,
        role: Role,
        ends: [usize; N],
        about: About<'_>,
    ) -> Result<(), DeviceError> {
        let tile = self.loaded(role).artifact.schedule.tile as usize;
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
