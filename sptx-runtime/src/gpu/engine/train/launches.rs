//! The launches of a step, prepared once: which kernel, over how much, with which words and arrays.

use super::memory::Named;
use super::{Learner, OWNERS};
use crate::gpu::engine::launch::{numbered, word};
use crate::gpu::{BLOCK, DIGIT_BITS, Device, DeviceError, Role, RuleKind, most_pieces, sort_rounds};
use crate::program::{Constraint, Owner};

/// A launch that every step makes.
#[derive(Debug)]
pub(super) struct Launch {
    /// Its kernel, among those of the engine.
    kernel: usize,
    count: Count,
    /// Words that it sees otherwise than those before it.
    sets: Vec<(usize, u32)>,
    words: Vec<usize>,
    buffers: Vec<Array>,
}

/// Of what a kernel runs once for each, how many there are in a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    /// As many, whatever the batch: rows or pieces that are counted on the device.
    Fixed(usize),
    Positives,
    Triples,
    Hits(Owner),
    /// Hits, and the end behind the last.
    HitsAndEnd(Owner),
    /// Counts of digits in blocks of hits.
    Digits(Owner),
    /// Counts of rows and of pieces that begin in blocks.
    Boundaries(Owner),
}

/// An array.
#[derive(Clone, Copy, Debug)]
enum Array {
    /// A shard of the tables.
    Tables(usize),
    /// One of the learner's own.
    Own(usize),
}

/// How many hits of an owner's rows so many triples have.
pub(super) fn hits_of(owner: Owner, triples: usize) -> usize {
    match owner {
        Owner::Entity => 2 * triples,
        Owner::Relation => triples,
    }
}

/// The name of an array, of which each owner has its own where it is about rows.
pub(super) fn of_owner(name: &str, owner: Owner) -> String {
    match name {
        "hits" | "sorted" | "pieces" | "rows" | "touched" | "counts" | "partial" => format!("{name} of {owner:?}"),
        _ => name.to_owned(),
    }
}

impl Count {
    fn of(self, positives: usize, triples: usize) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::Positives => positives,
            Self::Triples => triples,
            Self::Hits(owner) => hits_of(owner, triples),
            Self::HitsAndEnd(owner) => hits_of(owner, triples) + 1,
            Self::Digits(owner) => hits_of(owner, triples).div_ceil(BLOCK) << DIGIT_BITS,
            Self::Boundaries(owner) => 2 * (hits_of(owner, triples) + 1).div_ceil(BLOCK),
        }
    }
}

impl<D: Device> Learner<D> {
    /// Prepares the launches of a step, in their order.
    pub(super) fn prepare(&mut self) {
        let rule = self.rule.kind();
        self.add(|role| matches!(role, Role::Sample { .. }), Count::Triples, &[], str::to_owned);
        self.add(|role| role == Role::Forward, Count::Triples, &[], str::to_owned);
        self.add(|role| matches!(role, Role::Loss(_)), Count::Positives, &[], str::to_owned);
        if self.engine.kernel(Role::Adjoint).is_some() {
            self.add(|role| role == Role::Adjoint, Count::Triples, &[], str::to_owned);
        }
        let owners: Vec<Owner> = OWNERS.into_iter().filter(|owner| self.changes(*owner)).collect();
        owners.iter().for_each(|owner| self.prepare_hits(*owner));
        for owner in owners {
            if self.engine.trains(owner) {
                let rows = self.rows_of(owner, rule);
                self.add(|role| role == Role::Update(owner, rule), rows, &[], |name| of_owner(name, owner));
            }
        }
        for slot in 0..self.engine.model.slots.len() {
            let role = Role::Constrain { slot, all: rule.is_dense() };
            if self.engine.kernel(role).is_some() {
                let owner = self.engine.model.slots[slot].owner;
                let rows = self.rows_of(owner, rule);
                self.add(|it| it == role, rows, &[], |name| of_owner(name, owner));
            }
        }
    }

    /// Whether a step changes rows of an owner: trains them, or sees to their constraints.
    fn changes(&self, owner: Owner) -> bool {
        let constrained = |constraints: &[Constraint]| constraints.iter().any(|it| *it != Constraint::Frozen);
        let slots = &self.engine.model.slots;
        self.engine.trains(owner) || slots.iter().any(|it| it.owner == owner && constrained(&it.constraints))
    }

    /// The rows that a step may change.
    fn rows_of(&self, owner: Owner, rule: RuleKind) -> Count {
        let rows = self.engine.counts[owner as usize];
        Count::Fixed(if rule.is_dense() { rows } else { rows.min(hits_of(owner, self.most_triples())) })
    }

    /// The launches that list, sort and cut an owner's hits, and add up the gradient of their pieces.
    fn prepare_hits(&mut self, owner: Owner) {
        let rows = self.engine.counts[owner as usize];
        let row_count = ("row_count", word(rows));
        let plain = |name: &str| of_owner(name, owner);
        let swapped = |name: &str| match name {
            "hits" => of_owner("sorted", owner),
            "sorted" => of_owner("hits", owner),
            _ => of_owner(name, owner),
        };
        self.add(|role| role == Role::List(owner), Count::Hits(owner), &[row_count], plain);
        let rounds = sort_rounds(word(rows));
        for round in 0..rounds {
            let shift = ("shift", round * DIGIT_BITS);
            let place: &dyn Fn(&str) -> String = if round.is_multiple_of(2) { &plain } else { &swapped };
            self.add(|role| role == Role::Histogram, Count::Hits(owner), &[shift], place);
            self.add(|role| role == Role::Scan, Count::Digits(owner), &[], place);
            self.add(|role| role == Role::Sort, Count::Hits(owner), &[shift], place);
        }
        let place: &dyn Fn(&str) -> String = if rounds.is_multiple_of(2) { &plain } else { &swapped };
        self.add(|role| role == Role::Boundaries, Count::HitsAndEnd(owner), &[row_count], place);
        self.add(|role| role == Role::Scan, Count::Boundaries(owner), &[], place);
        self.add(|role| role == Role::Cut, Count::HitsAndEnd(owner), &[row_count], place);
        if self.engine.trains(owner) {
            let pieces = Count::Fixed(most_pieces(hits_of(owner, self.most_triples()), rows));
            self.add(|role| role == Role::CountedPartial(owner), pieces, &[], place);
        }
    }

    /// Prepares the launch of a role's kernel; `place` says what the array of a name is called here.
    fn add(
        &mut self,
        is_role: impl Fn(Role) -> bool,
        count: Count,
        sets: &[(&str, u32)],
        place: impl Fn(&str) -> String,
    ) {
        let kernel = self.engine.kernels.iter().position(|loaded| is_role(loaded.artifact.role));
        let kernel =
            kernel.unwrap_or_else(|| panic!("{} was given too few kernels for a step", self.engine.model.name));
        let artifact = &self.engine.kernels[kernel].artifact;
        let unknown = |what, name: &str| -> ! {
            panic!("kernel `{}` asks for a {what} `{name}`, of which nothing is known", artifact.entry)
        };
        let number = |name: &str| self.words.number(name).unwrap_or_else(|| unknown("parameter", name));
        let array = |name: &str| match (name, numbered(name, "tables_")) {
            ("tables", _) => Array::Tables(0),
            (_, Some(shard)) => Array::Tables(shard),
            (_, None) => Array::Own(self.arrays.number(&place(name)).unwrap_or_else(|| unknown("buffer", name))),
        };
        let launch = Launch {
            kernel,
            count,
            words: artifact.parameters.iter().map(|it| number(&it.name)).collect(),
            buffers: artifact.buffers.iter().map(|it| array(&it.name)).collect(),
            sets: sets.iter().map(|(name, value)| (number(name), *value)).collect(),
        };
        self.launches.push(launch);
    }

    /// Makes all launches, of a batch of so many positives.
    pub(super) fn launch_all(&mut self, positives: usize) -> Result<(), DeviceError> {
        let Self { engine, words, arrays, launches, .. } = self;
        let (triples, mut values) = (positives * (1 + self.negatives), Vec::new());
        for launch in launches {
            let count = launch.count.of(positives, triples);
            words.put(self.count, word(count));
            launch.sets.iter().for_each(|(number, value)| words.put(*number, *value));
            values.clear();
            values.extend(launch.words.iter().map(|number| *words.get(*number)));
            let array = |array: &Array| -> &D::Buffer {
                match *array {
                    Array::Tables(shard) => engine.tables.shard(shard).expect("as many shards as kernels name"),
                    Array::Own(number) => arrays.get(number),
                }
            };
            let buffers: Vec<&D::Buffer> = launch.buffers.iter().map(array).collect();
            let loaded = &engine.kernels[launch.kernel];
            engine.device.launch(&loaded.kernel, loaded.artifact.workgroups(word(count)), &values, &buffers)?;
        }
        Ok(())
    }
}

/// The words that launches set, so that they have numbers.
pub(super) fn reserve(words: &mut Named<u32>) {
    for name in ["count", "batch", "positives", "first", "epoch", "scale", "shift", "row_count"] {
        words.set(name, 0);
    }
}
