//! Training on a device.

mod launches;
mod memory;
mod setup;
mod shared;
mod size;
mod state;

use std::ops::Range;

pub use setup::{Filter, LearnerSetup, NegativesSetup};
pub use shared::Sharing;

use super::arrays::Sharded;
use super::planes::Planes;
use super::{Engine, OWNERS, stretch};
use crate::Error;
use crate::cpu;
use crate::gpu::{Device, DeviceError, SOURCE_BIT, histogram_words, most_pieces, pieces_words, runs_words};
use crate::optimizer::{Rule, Step};
use crate::program::Owner;
use launches::{LAID_OUT_AS_TABLES, Launch, of_owner, reserve};
use memory::Named;
use size::Size;

/// A model that is trained on a device, on triples against negatives of their own or against negatives that they share.
///
/// Tables, the optimizer's state and the triples stay in the device's memory. An epoch sends its order; a step sends
/// numbers, and its launches are prepared once. Steps have the same bits from run to run.
pub struct Learner<D: Device> {
    engine: Engine<D>,
    rule: Rule,
    /// Negatives of each positive, or of each set that is shared.
    negatives: usize,
    sharing: Option<Sharing>,
    /// Positives of a batch at most.
    batch: usize,
    words: Named<u32>,
    /// The number of the word `count`.
    count: usize,
    /// The number of the word `workgroups`.
    workgroups: usize,
    arrays: Named<D::Buffer>,
    /// What the rule keeps of each number, laid out as the tables are.
    states: Vec<Sharded<D::Buffer>>,
    launches: Vec<Launch>,
    /// What the device keeps of the launches of a step.
    sequence: D::Sequence,
}

/// A batch: where it stands in an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchPlace {
    /// The epoch, for the random numbers.
    pub epoch: u32,
    /// Its number in the epoch.
    pub number: u32,
    /// The place of its first positive in the epoch's order.
    pub first: u32,
    /// Its positives: at least one, and not more than the learner was made for.
    pub positives: usize,
    /// What the derivatives of the loss are multiplied by, where that is not counted on the device.
    pub scale: f32,
}

/// What a positive's loss has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositiveLoss {
    /// The sum of its terms.
    pub sum: f32,
    /// Whether its scores are finite numbers.
    pub finite: bool,
    /// How many negatives count against it.
    pub rivals: usize,
}

impl<D: Device> Learner<D> {
    /// A learner with the model, the parameters, the tables and the optimizer's state of an engine on the CPU.
    ///
    /// # Errors
    /// When the device has no room for the tables or for the arrays of a batch, refuses a kernel, or is lost.
    ///
    /// # Panics
    /// When a kernel that a step needs is not among the artifacts, or lists of triples differ in length.
    pub fn like(host: &cpu::Engine, device: D, setup: LearnerSetup<'_>) -> Result<Self, Error> {
        let LearnerSetup { artifacts, facts, negatives, sharing, loss, rule, batch } = setup;
        let mut words = Named::default();
        reserve(&mut words);
        let mut learner = Self {
            engine: Engine::like(host, device, artifacts)?,
            rule,
            negatives: negatives.each as usize,
            sharing,
            batch,
            count: words.set("count", 0),
            workgroups: words.set("workgroups", 0),
            words,
            arrays: Named::default(),
            states: Vec::new(),
            launches: Vec::new(),
            sequence: D::Sequence::default(),
        };
        learner.put_facts(facts)?;
        learner.put_negatives(negatives)?;
        learner.put_model();
        loss.iter().for_each(|(name, value)| _ = learner.words.set(*name, value.to_bits()));
        let first = Step { learning_rate: 0.0, weight_decay: 0.0, number: 1, penalty: None };
        learner.put_coefficients(first);
        learner.allocate_batch()?;
        learner.allocate_shared(learner.most())?;
        learner.allocate_state()?;
        learner.prepare();
        learner.upload(host)?;
        Ok(learner)
    }

    /// The engine, for scores by the tables as they are.
    pub fn engine(&mut self) -> &mut Engine<D> {
        &mut self.engine
    }

    /// Begins an epoch that visits the facts in this order.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there are more than there are facts.
    pub fn begin_epoch(&mut self, order: &[u32]) -> Result<(), DeviceError> {
        self.engine.device.write(self.array("order"), 0, order)
    }

    /// One step. It may still be under way when this returns; what it finds is in [`Learner::losses`].
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When the batch is larger than was said, or the step has a penalty: there is no kernel for one.
    pub fn step(&mut self, place: BatchPlace, step: Step<'_>) -> Result<(), DeviceError> {
        let BatchPlace { epoch, number, first, positives, scale } = place;
        assert!((1..=self.batch).contains(&positives), "{positives} positives of a batch of {}", self.batch);
        assert!(step.penalty.is_none(), "no kernel adds a penalty");
        // What a batch has fits bindings, so its numbers fit words.
        let size = self.size(positives);
        let words = [
            ("batch", size.triples() as u32),
            ("positives", positives as u32),
            ("first", first),
            ("epoch", epoch),
            ("scale", scale.to_bits()),
        ];
        words.into_iter().for_each(|(name, word)| _ = self.words.set(name, word));
        self.put_coefficients(step);
        self.put_shared(size, first, number);
        self.launch_all(size)
    }

    /// The losses of the positives that stand at these places in the epoch's order; waits for the steps under way.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there are fewer facts.
    pub fn losses(&self, places: Range<usize>) -> Result<Vec<PositiveLoss>, DeviceError> {
        let each = self.loss_words();
        let mut words = vec![0; each * places.len()];
        self.engine.device.read(self.array("losses"), each * places.start, &mut words)?;
        let numbers: Vec<f32> = words.into_iter().map(f32::from_bits).collect();
        Ok(numbers.chunks_exact(each).map(|own| self.loss(own)).collect())
    }

    /// Words of a positive's loss.
    fn loss_words(&self) -> usize {
        self.sharing.as_ref().map_or(2, |sharing| 3 * sharing.missing.len())
    }

    /// What a positive's words say: for one loss or for each end the loss, how many scores are not finite, and where
    /// negatives are shared how many of them count.
    fn loss(&self, words: &[f32]) -> PositiveLoss {
        let rows = words.chunks_exact(if self.sharing.is_some() { 3 } else { 2 });
        let rivals = |row: &[f32]| row.get(2).map_or(self.negatives, |rivals| *rivals as usize);
        PositiveLoss {
            sum: rows.clone().map(|row| row[0]).sum(),
            finite: rows.clone().all(|row| row[0].is_finite() && row[1] == 0.0),
            rivals: rows.map(rivals).sum(),
        }
    }

    fn array(&self, name: &str) -> &D::Buffer {
        self.arrays.get(self.arrays.number(name).expect("every learner has the array"))
    }

    /// The largest batch.
    fn most(&self) -> Size {
        self.size(self.batch)
    }

    /// A batch of so many positives.
    fn size(&self, positives: usize) -> Size {
        let shared = self.sharing.as_ref().map(|sharing| [sharing.chunk, sharing.missing.len()]);
        Size { positives, negatives: self.negatives, shared }
    }

    fn allocate(&mut self, name: impl Into<String>, words: usize) -> Result<(), DeviceError> {
        let buffer = self.engine.device.allocate(words)?;
        self.arrays.set(name, buffer);
        Ok(())
    }

    fn put(&mut self, name: &str, words: &[u32]) -> Result<(), DeviceError> {
        self.allocate(name, words.len())?;
        self.engine.device.write(self.array(name), 0, words)
    }

    fn put_facts(&mut self, facts: [&[u32]; 3]) -> Result<(), DeviceError> {
        let count = facts[0].len();
        assert!(facts.iter().all(|column| column.len() == count), "as many heads as relations and tails");
        self.put("facts", &facts.concat())?;
        self.words.set("fact_count", count as u32);
        self.allocate("order", count)?;
        self.allocate("losses", self.loss_words() * count)
    }

    fn put_negatives(&mut self, negatives: NegativesSetup<'_>) -> Result<(), DeviceError> {
        let NegativesSetup { seed, each, thresholds, filter } = negatives;
        let halves = |word: &u64| [*word as u32, (*word >> 32) as u32];
        self.put("thresholds", &thresholds.iter().flat_map(halves).collect::<Vec<_>>())?;
        let [key0, key1] = halves(&seed);
        let entities = self.engine.counts[Owner::Entity as usize] as u32;
        for (name, word) in [("negatives", each), ("entities", entities), ("key0", key0), ("key1", key1)] {
            self.words.set(name, word);
        }
        if let Some(Filter { known, resamples }) = filter {
            self.put("known", &known.concat())?;
            self.words.set("known_count", known[0].len() as u32);
            self.words.set("resamples", resamples);
        }
        Ok(())
    }

    /// The words of the model and of its tables.
    fn put_model(&mut self) {
        let Self { engine, words, .. } = self;
        engine.sizes.iter().enumerate().for_each(|(dim, size)| _ = words.set(format!("dim{dim}"), *size as u32));
        let parameters = engine.parameters.iter().enumerate();
        parameters.for_each(|(number, value)| _ = words.set(format!("parameter{number}"), value.to_bits()));
        put_offsets(words, "plane", &engine.planes);
        for name in LAID_OUT_AS_TABLES {
            words.set(format!("{name}_shard"), engine.tables.shard_words() as u32);
        }
        words.set("all", 0);
    }

    fn put_coefficients(&mut self, step: Step<'_>) {
        let numbers = self.rule.coefficients(step);
        for (name, number) in numbers.named() {
            self.words.set(name, number.to_bits());
        }
    }

    /// The arrays of a batch, for the largest there is.
    fn allocate_batch(&mut self) -> Result<(), DeviceError> {
        let most = self.most();
        if most.hit_numbers() > 1 << SOURCE_BIT {
            let reason = format!("a step numbers its hits by {SOURCE_BIT} bits");
            return Err(DeviceError::OutOfMemory { bytes: 8 * most.hits(Owner::Entity) as u64, reason });
        }
        let triples = most.triples();
        let (scalars, vectors) =
            (self.engine.model.scalars, stretch::vector_words(&self.engine.model, &self.engine.sizes));
        self.allocate("triples", 3 * triples)?;
        if self.engine.groups(|_| true) {
            ["grouped", "sorted into groups"].into_iter().try_for_each(|name| self.allocate(name, 2 * triples))?;
        }
        self.allocate("scalars", scalars * triples)?;
        self.allocate("vectors", vectors * triples)?;
        self.allocate("saved", self.engine.saved.words() * triples)?;
        // Where columns begin that are saved of the largest batch, they begin of every batch.
        let Self { engine, words, .. } = self;
        engine.saved.words_of(triples).for_each(|(name, value)| _ = words.set(name, value as u32));
        self.allocate("histogram", histogram_words(most.hits(Owner::Entity)))?;
        for owner in OWNERS {
            let (hits, rows) = (most.hits(owner), self.engine.counts[owner as usize]);
            let (touched, pieces) = (rows.min(hits), most_pieces(hits, rows * self.source_count(owner)));
            let partial = Planes::of_owner(&self.engine.model, &self.engine.sizes, owner, pieces);
            put_offsets(&mut self.words, "partial", &partial);
            let arrays = [
                ("hits", 2 * hits),
                ("sorted", 2 * hits),
                ("pieces", pieces_words(pieces)),
                ("runs", runs_words(touched)),
                ("partial", partial.words),
            ];
            arrays.into_iter().try_for_each(|(name, words)| self.allocate(of_owner(name, owner), words))?;
        }
        Ok(())
    }
}

/// Sets the words that say where planes begin.
fn put_offsets(words: &mut Named<u32>, prefix: &str, planes: &Planes) {
    for (plane, offset) in planes.offsets.iter().enumerate() {
        if let Some(offset) = offset {
            words.set(format!("{prefix}{plane}"), *offset as u32);
        }
    }
}
