//! Steps against negatives that the positives of a chunk share.

use super::Learner;
use super::size::{Count, Size};
use crate::gpu::engine::launch::word;
use crate::gpu::engine::stretch::{derivative_at, part_words};
use crate::gpu::{Device, DeviceError, End, Role, Source};
use crate::program::{Owner, Side, Split};

/// Which negatives positives share, and how their loss is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The ends that are asked for, in the order of their sets of negatives.
    pub missing: Vec<Side>,
    /// Positives that share a set, at least one.
    pub chunk: usize,
    /// Terms of the loss of each positive, and of each negative that counts.
    pub terms: [u32; 2],
    /// Whether derivatives are divided by the number of terms.
    pub mean: bool,
}

const ENDS: [End; 2] = [End::Query, End::Candidate];

/// What an array of a part is called here. Queries stand in the triples of the positives.
fn of_part(name: &str, missing: Side, end: End) -> String {
    match (name, end) {
        ("triples", End::Query) => name.to_owned(),
        ("triples" | "scalars" | "vectors", _) => format!("{name} of {end:?} for {missing:?}"),
        _ => name.to_owned(),
    }
}

/// What an array of pairs is called here.
fn of_pairs(name: &str, missing: Side) -> String {
    match name {
        "query_scalars" => of_part("scalars", missing, End::Query),
        "query_vectors" => of_part("vectors", missing, End::Query),
        "candidate_scalars" => of_part("scalars", missing, End::Candidate),
        "candidate_vectors" => of_part("vectors", missing, End::Candidate),
        "candidate_triples" => of_part("triples", missing, End::Candidate),
        "scores" => format!("scores for {missing:?}"),
        _ => name.to_owned(),
    }
}

/// What an array of a source's partials is called here, where it is not the owner's.
fn of_source(name: &str, source: Source, otherwise: impl Fn(&str) -> String) -> String {
    match (source, name) {
        (Source::Part(missing, end), "triples" | "scalars" | "vectors") => of_part(name, missing, end),
        _ => otherwise(name),
    }
}

fn borrowed(sets: &[(String, Count)]) -> Vec<(&str, Count)> {
    sets.iter().map(|(name, count)| (name.as_str(), *count)).collect()
}

/// How many items a part has.
fn items(end: End) -> Count {
    match end {
        End::Query => Count::POSITIVES,
        End::Candidate => Count::CANDIDATES,
    }
}

impl<D: Device> Learner<D> {
    /// The splits for the ends that are asked for.
    fn splits(&self) -> Vec<Split> {
        let missing = self.sharing.iter().flat_map(|sharing| &sharing.missing);
        let split = |missing: &Side| self.engine.model.split(*missing).expect("the score splits for each end").clone();
        missing.map(split).collect()
    }

    /// Each source of an owner's hits with its place among all and its side.
    fn sources(&self, owner: Owner) -> Vec<(usize, Source, Side)> {
        let all = Source::all(&self.splits()).into_iter().enumerate();
        let of_owner = all.filter(|(_, (_, side))| (owner == Owner::Relation) == (*side == Side::Relation));
        of_owner.map(|(number, (source, side))| (number, source, side)).collect()
    }

    /// How many sources there are of an owner's hits.
    pub(super) fn source_count(&self, owner: Owner) -> usize {
        if self.sharing.is_some() { self.sources(owner).len() } else { 1 }
    }

    /// The words and arrays that only shared negatives need, for the largest batch there is.
    pub(super) fn allocate_shared(&mut self, size: Size) -> Result<(), DeviceError> {
        let Some(sharing) = self.sharing.clone() else { return Ok(()) };
        self.words.set("sides", word(sharing.missing.len()));
        self.words.set("rival_terms", sharing.terms[1]);
        self.words.set("mean", u32::from(sharing.mean));
        self.words.set("candidates", word(size.negatives));
        ["side", "adds"].into_iter().for_each(|name| _ = self.words.set(name, 0));
        let splits = self.splits();
        let mut kept = 1;
        for split in &splits {
            for end in ENDS {
                let (part, count) = (split.parts()[end as usize], items(end).of(size));
                let words = [
                    ("triples", 3 * count),
                    ("scalars", part.scalars * count),
                    ("vectors", part_words(part, &self.engine.sizes, count)),
                ];
                let mut own = words.into_iter().filter(|(name, _)| end == End::Candidate || *name != "triples");
                own.try_for_each(|(name, words)| self.allocate(of_part(name, split.missing, end), words.max(1)))?;
                (0..part.outputs.len()).for_each(|output| _ = self.words.set(format!("derivative{output}"), 0));
            }
            self.allocate(of_pairs("scores", split.missing), size.pairs())?;
            kept = kept.max(split.comparison.pair_numbers().len());
        }
        self.allocate("pairs", kept * size.pairs())?;
        self.allocate("scale", 1)?;
        // So much fits arrays, so its numbers fit words.
        self.put_shared(size, 0, 0);
        Ok(())
    }

    /// Sets the words of a step that only shared negatives need.
    pub(super) fn put_shared(&mut self, size: Size, first: u32, number: u32) {
        let Some(Sharing { missing, terms, .. }) = &self.sharing else { return };
        let sides = word(missing.len());
        let words = [
            ("step", number),
            ("queries", word(size.positives)),
            ("chunk", word(size.chunk())),
            ("candidate_count", word(size.candidates())),
            ("first_loss", sides * first),
            ("terms", terms[0] * sides * word(size.positives)),
        ];
        words.into_iter().for_each(|(name, value)| _ = self.words.set(name, value));
    }

    /// The launches from the batch to the derivatives by its scores, and to what is scattered.
    pub(super) fn prepare_shared(&mut self) {
        let splits = self.splits();
        self.add(|role| matches!(role, Role::Sample { .. }), Count::POSITIVES, &[], str::to_owned);
        self.prepare_groups();
        self.add(|role| role == Role::Forward, Count::POSITIVES, &[], str::to_owned);
        for (number, split) in splits.iter().enumerate() {
            let (missing, side) = (split.missing, [("side", Count::Fixed(number))]);
            self.add(
                |role| role == Role::Negatives,
                Count::CANDIDATES,
                &side,
                |name| of_part(name, missing, End::Candidate),
            );
            for end in ENDS {
                self.add(|role| role == Role::Part(missing, end), items(end), &[], |name| of_part(name, missing, end));
            }
            self.add_tiles(Role::Compare(missing), Count::PairTiles, &[], missing);
            let filtered = self.arrays.number("known").is_some();
            let rivals = Role::Rivals { missing, filtered };
            self.add(|role| role == rivals, Count::POSITIVES, &side, |name| of_pairs(name, missing));
        }
        self.add(|role| role == Role::Terms, Count::Items(splits.len(), 0), &[], str::to_owned);
        for (number, split) in splits.iter().enumerate() {
            let sets = [("side", Count::Fixed(number)), ("adds", Count::Fixed(number.min(1)))];
            let place = |name: &str| of_pairs(name, split.missing);
            self.add(|role| matches!(role, Role::SharedLoss(_)), Count::POSITIVES, &sets, place);
        }
        if self.engine.kernel(Role::Adjoint).is_some() {
            self.add(|role| role == Role::Adjoint, Count::POSITIVES, &[], str::to_owned);
        }
        splits.iter().for_each(|split| self.prepare_learning(split));
    }

    /// The launches from the derivatives by an end's pairs to what its parts scatter.
    fn prepare_learning(&mut self, split: &Split) {
        let missing = split.missing;
        self.add_tiles(Role::Slopes(missing), Count::PairTiles, &[], missing);
        for (end, tiles) in ENDS.into_iter().zip([Count::QueryTiles, Count::CandidateTiles]) {
            let derivatives = self.derivatives(split, end);
            self.add_tiles(Role::Learn(missing, end), tiles, &borrowed(&derivatives), missing);
        }
        for end in ENDS {
            let adjoint = Role::PartAdjoint(missing, end);
            if self.engine.kernel(adjoint).is_some() {
                let derivatives = self.derivatives(split, end);
                let place = |name: &str| of_part(name, missing, end);
                self.add(|role| role == adjoint, items(end), &borrowed(&derivatives), place);
            }
        }
    }

    /// Where the derivatives by a part's outputs begin: where they do in the largest batch.
    fn derivatives(&self, split: &Split, end: End) -> Vec<(String, Count)> {
        let (part, count) = (split.parts()[end as usize], items(end).of(self.most()));
        let at = |output| Count::Fixed(derivative_at(part, &self.engine.sizes, count, output));
        (0..part.outputs.len()).map(|output| (format!("derivative{output}"), at(output))).collect()
    }

    /// Prepares the launch of a kernel for each tile.
    fn add_tiles(&mut self, role: Role, tiles: fn(usize) -> Count, sets: &[(&str, Count)], missing: Side) {
        let tile = self.engine.kernel(role).map_or(1, |loaded| loaded.artifact.schedule.tile);
        self.add(|it| it == role, tiles(tile as usize), sets, |name| of_pairs(name, missing));
    }

    /// The launches that list the hits of an owner's rows, source by source.
    pub(super) fn list_sources(&mut self, owner: Owner, place: impl Fn(&str) -> String) {
        let mut before = [0, 0];
        for (number, source, side) in self.sources(owner) {
            let (count, step) = match source {
                Source::Part(_, End::Candidate) => (Count::CANDIDATES, [0, 1]),
                Source::Triples | Source::Part(_, End::Query) => (Count::POSITIVES, [1, 0]),
            };
            let sets = [
                ("column", Count::Fixed(side.index())),
                ("source", Count::Fixed(number)),
                ("before", Count::Items(before[0], before[1])),
                ("hit_count", Count::Hits(owner)),
            ];
            self.add(|role| role == Role::ListSource, count, &sets, |name| of_source(name, source, &place));
            before = [before[0] + step[0], before[1] + step[1]];
        }
    }

    /// The launches that add up the gradient of an owner's pieces, source by source.
    pub(super) fn gather_sources(&mut self, owner: Owner, pieces: Count, place: impl Fn(&str) -> String) {
        let splits = self.splits();
        for (number, source, side) in self.sources(owner) {
            let (derivatives, count) = match source {
                Source::Triples => (Vec::new(), Count::POSITIVES),
                Source::Part(missing, end) => {
                    let split = splits.iter().find(|split| split.missing == missing).expect("one of the splits");
                    (self.derivatives(split, end), items(end))
                }
            };
            let mut sets = borrowed(&derivatives);
            sets.extend([("source", Count::Fixed(number)), ("batch", count)]);
            let own = Role::SourcePartial(source, side);
            self.add(|role| role == own, pieces, &sets, |name| of_source(name, source, &place));
        }
    }
}
