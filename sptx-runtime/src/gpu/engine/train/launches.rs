//! The launches of a step, prepared once: which kernel, over how much, with which words and arrays.

use super::memory::Named;
use super::size::{Count, Size};
use super::{Learner, OWNERS};
use crate::gpu::engine::launch::{numbered, word};
use crate::gpu::{self, DIGIT_BITS, Device, DeviceError, GROUP, Role, RuleKind, most_pieces, sort_rounds};
use crate::program::{Constraint, Owner, Side};

/// A launch that every step makes.
#[derive(Debug)]
pub(super) struct Launch {
    /// Its kernel, among those of the engine.
    kernel: usize,
    count: Count,
    /// Words that it sees otherwise than those before it.
    sets: Vec<(usize, Count)>,
    words: Vec<usize>,
    buffers: Vec<Array>,
}

/// An array.
#[derive(Clone, Copy, Debug)]
enum Array {
    /// A shard of the tables.
    Tables(usize),
    /// A shard of what the rule keeps, by its number.
    State(usize, usize),
    /// One of the learner's own.
    Own(usize),
}

/// What is laid out as the tables are, with them first.
pub(super) const LAID_OUT_AS_TABLES: [&str; 3] = ["tables", "state0", "state1"];

/// Which of what is laid out as the tables are an array is, and which shard of it.
fn laid_out_as_tables(name: &str) -> Option<(usize, usize)> {
    LAID_OUT_AS_TABLES.iter().enumerate().find_map(|(number, own)| {
        let shard = if name == *own { Some(0) } else { numbered(name, &format!("{own}_")) };
        shard.map(|shard| (number, shard))
    })
}

/// The name of an array, of which each owner has its own where it is about rows.
pub(super) fn of_owner(name: &str, owner: Owner) -> String {
    match name {
        "hits" | "sorted" | "pieces" | "runs" | "partial" => format!("{name} of {owner:?}"),
        _ => name.to_owned(),
    }
}

/// What the array of a name is called after so many rounds of sorting, each of which exchanges two of them.
fn after_rounds(rounds: u32, owner: Owner) -> impl Fn(&str) -> String + Copy {
    move |name| match name {
        "hits" if !rounds.is_multiple_of(2) => of_owner("sorted", owner),
        "sorted" if !rounds.is_multiple_of(2) => of_owner("hits", owner),
        _ => of_owner(name, owner),
    }
}

impl<D: Device> Learner<D> {
    /// Prepares the launches of a step, in their order.
    pub(super) fn prepare(&mut self) {
        let rule = self.rule.kind();
        match self.sharing {
            Some(_) => self.prepare_shared(),
            None => self.prepare_own(),
        }
        let owners: Vec<Owner> = OWNERS.into_iter().filter(|owner| self.changes(*owner)).collect();
        owners.iter().for_each(|owner| self.prepare_hits(*owner));
        for owner in owners {
            if self.engine.trains(owner) {
                let rows = self.rows_of(owner, rule);
                let place = self.sorted(owner);
                self.add(|role| role == Role::Update(owner, rule), rows, &[], place);
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

    /// The launches from the batch to the derivatives by its scores, where positives have negatives of their own.
    fn prepare_own(&mut self) {
        self.add(|role| matches!(role, Role::Sample { .. }), Count::Triples, &[], str::to_owned);
        self.prepare_groups();
        self.add(|role| role == Role::Forward, Count::Triples, &[], str::to_owned);
        self.add(|role| matches!(role, Role::Loss(_)), Count::POSITIVES, &[], str::to_owned);
        if self.engine.kernel(Role::Adjoint).is_some() {
            self.add(|role| role == Role::Adjoint, Count::Triples, &[], str::to_owned);
        }
    }

    /// Whether a step changes rows of an owner: trains them, or sees to their constraints.
    fn changes(&self, owner: Owner) -> bool {
        let constrained = |constraints: &[Constraint]| constraints.iter().any(|it| *it != Constraint::Frozen);
        let slots = &self.engine.model.slots;
        self.engine.trains(owner) || slots.iter().any(|it| it.owner == owner && constrained(&it.constraints))
    }

    /// What the array of a name is called once an owner's hits are sorted.
    fn sorted(&self, owner: Owner) -> impl Fn(&str) -> String + Copy + use<D> {
        after_rounds(sort_rounds(word(self.engine.counts[owner as usize])), owner)
    }

    /// The rows that a step may change.
    fn rows_of(&self, owner: Owner, rule: RuleKind) -> Count {
        let rows = self.engine.counts[owner as usize];
        Count::Fixed(if rule.is_dense() { rows } else { rows.min(self.most().hits(owner)) })
    }

    /// The launches that list, sort and cut an owner's hits, and add up the gradient of their pieces.
    fn prepare_hits(&mut self, owner: Owner) {
        let rows = self.engine.counts[owner as usize];
        let row_count = ("row_count", Count::Fixed(rows));
        let unsorted = after_rounds(0, owner);
        match self.sharing {
            Some(_) => self.list_sources(owner, unsorted),
            None => self.add(|role| role == Role::List(owner), Count::Hits(owner), &[row_count], unsorted),
        }
        let places: [&dyn Fn(&str) -> String; 2] = [&after_rounds(0, owner), &after_rounds(1, owner)];
        self.sort(sort_rounds(word(rows)), [Count::Hits(owner), Count::Digits(owner)], places);
        let place = self.sorted(owner);
        self.add(|role| role == Role::Boundaries, Count::HitsAndEnd(owner), &[row_count], place);
        self.add(|role| role == Role::Scan, Count::Boundaries(owner), &[], place);
        self.add(|role| role == Role::Cut, Count::HitsAndEnd(owner), &[row_count], place);
        if self.engine.trains(owner) {
            let most = most_pieces(self.most().hits(owner), rows * self.source_count(owner));
            let pieces = Count::Fixed(most);
            match self.sharing {
                Some(_) => self.gather_sources(owner, pieces, place),
                None => self.add(|role| role == Role::CountedPartial(owner), pieces, &[], place),
            }
            self.add(|role| role == Role::Join(owner), Count::Fixed(most / GROUP), &[], place);
        }
    }

    /// The rounds that sort so many hits, of which there are so many counts of digits. `places` say what the arrays are
    /// called in every other round.
    fn sort(&mut self, rounds: u32, [hits, digits]: [Count; 2], places: [&dyn Fn(&str) -> String; 2]) {
        for round in 0..rounds {
            let shift = ("shift", Count::Fixed((round * DIGIT_BITS) as usize));
            let place = places[(round % 2) as usize];
            self.add(|role| role == Role::Histogram, hits, &[shift], place);
            self.add(|role| role == Role::Scan, digits, &[], place);
            self.add(|role| role == Role::Sort, hits, &[shift], place);
        }
    }

    /// The launches that put the triples of a batch in the order of their relations, where kernels work on groups of them.
    pub(super) fn prepare_groups(&mut self) {
        if !self.engine.groups(|_| true) {
            return;
        }
        let last = self.engine.counts[Owner::Relation as usize].saturating_sub(1);
        let rounds = sort_rounds(word(last));
        // In whichever array they begin, they end in `grouped`.
        let [first, second] = if rounds.is_multiple_of(2) { ["hits", "sorted"] } else { ["sorted", "hits"] };
        let named = |name: &str, own: &str| match name {
            "hits" | "sorted" if name == own => "grouped".to_owned(),
            "hits" | "sorted" => "sorted into groups".to_owned(),
            _ => name.to_owned(),
        };
        let (plain, swapped) = (|name: &str| named(name, first), |name: &str| named(name, second));
        let relation = ("column", Count::Fixed(Side::Relation.index()));
        let sets = [relation, ("source", Count::Fixed(0)), ("before", Count::Fixed(0)), ("hit_count", Count::Triples)];
        self.add(|role| role == Role::ListSource, Count::Triples, &sets, plain);
        self.sort(rounds, [Count::Triples, Count::DigitsOfTriples], [&plain, &swapped]);
    }

    /// Prepares the launch of a role's kernel; `place` says what the array of a name is called here.
    pub(super) fn add(
        &mut self,
        is_role: impl Fn(Role) -> bool,
        count: Count,
        sets: &[(&str, Count)],
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
        let array = |name: &str| match laid_out_as_tables(name) {
            Some((0, shard)) => Array::Tables(shard),
            Some((above, shard)) => Array::State(above - 1, shard),
            None => Array::Own(self.arrays.number(&place(name)).unwrap_or_else(|| unknown("buffer", name))),
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

    /// Makes all launches, of a batch of this size.
    pub(super) fn launch_all(&mut self, size: Size) -> Result<(), DeviceError> {
        let Self { engine, words, arrays, states, launches, sequence, .. } = self;
        let buffer = |array: &Array| -> &D::Buffer {
            match *array {
                Array::Tables(shard) => engine.tables.shard(shard).expect("as many shards as kernels name"),
                Array::State(number, shard) => states[number].shard(shard).expect("as many as tables have"),
                Array::Own(number) => arrays.get(number),
            }
        };
        let buffers: Vec<&D::Buffer> = launches.iter().flat_map(|launch| &launch.buffers).map(buffer).collect();
        let workgroups = |launch: &Launch| {
            let count = word(launch.count.of(size));
            (count, engine.kernels[launch.kernel].artifact.workgroups(count))
        };
        let mut values = Vec::new();
        for launch in launches.iter() {
            let (count, workgroups) = workgroups(launch);
            words.put(self.count, count);
            words.put(self.workgroups, workgroups);
            launch.sets.iter().for_each(|(number, value)| words.put(*number, word(value.of(size))));
            values.extend(launch.words.iter().map(|number| *words.get(*number)));
        }
        let capabilities = engine.device.capabilities();
        let (mut buffers, mut values) = (&buffers[..], &values[..]);
        let made = launches.iter().map(|launch| {
            let loaded = &engine.kernels[launch.kernel];
            gpu::Launch {
                kernel: &loaded.kernel,
                workgroups: loaded.artifact.launched(workgroups(launch).1, &capabilities),
                parameters: first(&mut values, launch.words.len()),
                buffers: first(&mut buffers, launch.buffers.len()),
            }
        });
        engine.device.launch_all(sequence, &made.collect::<Vec<_>>())
    }
}

/// Takes so many from the beginning of a list.
fn first<'a, T>(list: &mut &'a [T], count: usize) -> &'a [T] {
    let (first, rest) = list.split_at(count);
    *list = rest;
    first
}

/// The words that launches set, so that they have numbers.
pub(super) fn reserve(words: &mut Named<u32>) {
    let launched = ["count", "workgroups", "batch", "positives", "first", "epoch", "scale", "shift", "row_count"];
    let listed = ["column", "source", "before", "hit_count"];
    launched.into_iter().chain(listed).for_each(|name| _ = words.set(name, 0));
}
