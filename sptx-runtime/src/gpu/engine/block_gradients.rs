//! The gradient of every query with every candidate.

use super::block::{PAIRS, picked, ranges};
use super::hits::Hits;
use super::launch::About;
use super::planes::Planes;
use super::{Engine, Gradients, OWNERS};
use crate::Error;
use crate::cpu::{Block, Candidates, Queries, groups};
use crate::gpu::{Device, End, Role};
use crate::program::{Side, Split};

impl<D: Device> Engine<D> {
    /// The gradient of `Σ upstream · score` over every query with every candidate, those of one query end to end, for the
    /// rows that the block touches. It has the same bits from run to run.
    ///
    /// # Errors
    /// When the score does not split for the missing end, a row number is out of range, the device has no room or is lost.
    ///
    /// # Panics
    /// When `upstream` has not one number for each pair, or the engine was given no kernel for a gradient that the model
    /// has.
    pub fn block_gradients(
        &mut self,
        queries: Queries<'_>,
        candidates: Candidates<'_>,
        upstream: &[f32],
    ) -> Result<Gradients, Error> {
        let each = candidates.len();
        assert_eq!(upstream.len(), queries.len() * each, "a derivative for each query and candidate");
        let block = Block { queries, candidates, answers: None };
        block.check(self.counts)?;
        let candidates = block.candidates.ids();
        let Some(split) = self.model.split(queries.missing).cloned() else {
            let (model, missing) = (self.model.name.clone(), queries.missing);
            return Err(Error::NoSplit { model, missing: if missing == Side::Head { "head" } else { "tail" } });
        };
        let mut sum = Gradients::empty(&self.model);
        if upstream.is_empty() {
            return Ok(sum);
        }
        let most = self.most_pairs(&split);
        for members in groups(queries.relations, split.by_relation) {
            let [entities, relations] = picked(queries, &members);
            let group = Queries { entities: &entities, relations: &relations, ..queries };
            for columns in ranges(each, self.most_learned(&split, End::Candidate).min(most)) {
                let rows = (most / columns.len()).clamp(1, self.most_learned(&split, End::Query));
                for range in ranges(members.len(), rows) {
                    let of = |member: &usize| upstream[member * each..][columns.clone()].iter();
                    let upstream: Vec<u32> =
                        members[range.clone()].iter().flat_map(of).map(|it| it.to_bits()).collect();
                    let queries = group.slice(range);
                    let found = self.tile_gradients(&split, queries, &candidates[columns.clone()], &upstream)?;
                    sum = found.into_iter().fold(sum, Gradients::plus);
                }
            }
        }
        Ok(sum)
    }

    /// How many pairs fit bindings, with what is kept of each.
    fn most_pairs(&self, split: &Split) -> usize {
        let words = split.comparison.pair_numbers().len().max(1);
        (self.device.capabilities().binding_words as usize / words).clamp(1, PAIRS)
    }

    /// How many queries or candidates fit bindings, with their gradients.
    fn most_learned(&self, split: &Split, end: End) -> usize {
        let part = split.parts()[end as usize];
        let row = OWNERS.map(|owner| Planes::of_owner(&self.model, &self.sizes, owner, 1).words).into_iter().max();
        let words = row.unwrap_or(0).max(2);
        self.most_items(part).min(self.device.capabilities().binding_words as usize / words).max(1)
    }

    /// The gradients by the queries and by the candidates of a block that fits the device's arrays.
    fn tile_gradients(
        &mut self,
        split: &Split,
        queries: Queries<'_>,
        candidates: &[u32],
        upstream: &[u32],
    ) -> Result<[Gradients; 2], Error> {
        let counts = [queries.len(), candidates.len()];
        self.put_candidates(split, queries, candidates)?;
        self.put_queries(split, queries)?;
        self.scores.put(&self.device, upstream)?;
        self.pairs.hold(&self.device, split.comparison.pair_numbers().len() * upstream.len())?;
        let [query_count, candidate_count] = counts;
        let about = About::Block { queries: query_count, candidates: candidate_count };
        self.launch_tiles(Role::Slopes(split.missing), counts, about)?;
        for end in [End::Query, End::Candidate] {
            let part = split.parts()[end as usize];
            let about = About::Learn { queries: query_count, candidates: candidate_count, end, part };
            self.launch_tiles(Role::Learn(split.missing, end), [counts[end as usize]], about)?;
        }
        let of_queries = self.part_gradients(split, End::Query, [queries.entities, queries.relations])?;
        let relations = vec![queries.relations[0]; candidates.len()];
        let of_candidates = self.part_gradients(split, End::Candidate, [candidates, &relations])?;
        Ok([of_queries, of_candidates])
    }

    /// The gradient by queries or by candidates, of which the derivatives by their outputs are at hand.
    fn part_gradients(
        &mut self,
        split: &Split,
        end: End,
        [entities, relations]: [&[u32]; 2],
    ) -> Result<Gradients, Error> {
        let (part, sides) = (split.parts()[end as usize], &split.sides()[end as usize]);
        let has_relations = sides.contains(&Side::Relation);
        let [entity_count, relation_count] = self.counts;
        let hits = [
            Hits::new([entities], entity_count, &mut self.stamps),
            Hits::new([if has_relations { relations } else { &[] }], relation_count, &mut self.stamps),
        ];
        self.put_hits(&hits)?;
        let count = entities.len();
        let adjoint = Role::PartAdjoint(split.missing, end);
        if self.kernel(adjoint).is_some() {
            self.launch(adjoint, count, About::Part(end, part))?;
        }
        for owner in OWNERS.into_iter().filter(|owner| self.trains(*owner)) {
            let hits = &hits[owner as usize];
            if hits.touched.is_empty() {
                continue;
            }
            let about = About::PartRows { count, end, part, owner, hits };
            self.launch(Role::PartPartial(split.missing, end, owner), hits.piece_count(), about)?;
            self.gather(owner, about, hits)?;
        }
        self.take_gradients(hits)
    }
}
