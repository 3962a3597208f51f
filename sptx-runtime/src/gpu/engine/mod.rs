//! A model on a GPU's device, whichever it is.

mod arrays;
mod best;
mod block;
mod block_gradients;
mod gradients;
mod hits;
mod launch;
mod placed;
mod planes;
mod product;
mod ranks;
mod saved;
mod stretch;
mod train;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use gradients::Gradients;
pub use placed::Placed;
pub use ranks::{Answers, Standing};
pub use train::{BatchPlace, Filter, Learner, LearnerSetup, NegativesSetup, PositiveLoss, Sharing};

use super::{Artifact, Device, DeviceError, GROUP, Role};
use crate::Error;
use crate::cpu::{self, Batch, bind_parameters, check_symmetric};
use crate::program::{Model, Owner};
use arrays::{Grown, Sharded};
use hits::Hits;
use launch::About;
use planes::{Lines, Planes};
use saved::SavedColumns;

/// Triples that are worked on at a time at most; fewer where a binding has no room for what they need.
const MOST_TRIPLES: usize = 1 << 16;

/// What an [`Engine`] is made from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The model.
    pub model: Model,
    /// The sizes of its dimensions, as [`Model::bind`] gives them.
    pub sizes: Vec<usize>,
    /// Number of entities.
    pub entities: usize,
    /// Number of relations.
    pub relations: usize,
    /// Values of the model's parameters, by name; the others keep their defaults.
    pub parameters: BTreeMap<String, f64>,
    /// The kernels, for the device: one of each role that the model has. Scores need [`Role::Forward`] alone.
    pub artifacts: Vec<Artifact>,
}

/// A model with its tables in a device's memory, ready to score and to give gradients.
///
/// Batches of any length are worked on in stretches of a length that depends on the model, its sizes and the device's
/// largest binding alone.
#[derive(Debug)]
pub struct Engine<D: Device> {
    device: D,
    model: Model,
    sizes: Vec<usize>,
    counts: [usize; 2],
    parameters: Vec<f32>,
    kernels: Vec<Loaded<D::Kernel>>,
    planes: Planes,
    tables: Sharded<D::Buffer>,
    batch: ItemArrays<D::Buffer>,
    saved: SavedColumns<D::Buffer>,
    /// Of a block's queries and of its candidates.
    parts: [ItemArrays<D::Buffer>; 2],
    scores: Grown<D::Buffer>,
    pairs: Grown<D::Buffer>,
    ranking: ranks::Arrays<D::Buffer>,
    owners: [OwnerArrays<D::Buffer>; 2],
    stamps: Vec<u32>,
    stretch: usize,
}

/// A kernel on its device.
#[derive(Debug)]
struct Loaded<K> {
    artifact: Artifact,
    kernel: K,
}

/// What a program over triples reads and leaves.
#[derive(Debug)]
struct ItemArrays<B> {
    triples: Grown<B>,
    grouped: Grown<B>,
    scalars: Grown<B>,
    vectors: Grown<B>,
}

impl<B> Default for ItemArrays<B> {
    fn default() -> Self {
        let [triples, grouped, scalars, vectors] = [const { None::<B> }; 4].map(|_| Grown::default());
        Self { triples, grouped, scalars, vectors }
    }
}

impl<B> ItemArrays<B> {
    /// Sees to room for a batch of a program with so many scalars a triple and words of vectors in all, and writes the
    /// batch.
    fn put<D: Device<Buffer = B>>(
        &mut self,
        device: &D,
        batch: Batch<'_>,
        scalars: usize,
        vector_words: usize,
    ) -> Result<(), DeviceError> {
        let count = batch.len();
        self.triples.hold(device, 3 * count)?;
        self.scalars.hold(device, scalars * count)?;
        self.vectors.hold(device, vector_words)?;
        let columns = batch.columns().into_iter().enumerate();
        columns.into_iter().try_for_each(|(column, rows)| device.write(self.triples.buffer(), column * count, rows))
    }

    /// Writes the order of the batch's relations, for kernels that work on groups of triples.
    fn put_order<D: Device<Buffer = B>>(&mut self, device: &D, batch: Batch<'_>) -> Result<(), DeviceError> {
        let mut order: Vec<u32> = (0..batch.len() as u32).collect();
        order.sort_by_key(|triple| batch.relations[*triple as usize]);
        self.grouped.put(device, &order)
    }
}

/// What the gradient of one owner's rows needs.
#[derive(Debug)]
struct OwnerArrays<B> {
    hits: Grown<B>,
    pieces: Grown<B>,
    runs: Grown<B>,
    partial: Grown<B>,
    gradient: Grown<B>,
    positions: Grown<B>,
}

impl<B> Default for OwnerArrays<B> {
    fn default() -> Self {
        let [hits, pieces, runs, partial, gradient, positions] = [const { None::<B> }; 6].map(|_| Grown::default());
        Self { hits, pieces, runs, partial, gradient, positions }
    }
}

impl<D: Device> Engine<D> {
    /// Tables of zeros, and the kernels made ready.
    ///
    /// # Errors
    /// When parameters or sizes do not fit the model, the device has no room for the tables, or it refuses a kernel.
    ///
    /// # Panics
    /// When there are more or fewer sizes than the model has dimensions.
    pub fn new(device: D, setup: Setup) -> Result<Self, Error> {
        let Setup { model, sizes, entities, relations, parameters, artifacts } = setup;
        assert_eq!(sizes.len(), model.dims.len(), "a size for each dimension of {}", model.name);
        check_symmetric(&model, &sizes)?;
        let parameters = bind_parameters(&model, &parameters)?;
        let counts = [entities, relations];
        let planes = Planes::of_tables(&model, &sizes, counts);
        let tables = allocate_tables(&device, planes.words, table_shards(&artifacts))?;
        let saved = SavedColumns::of(&artifacts, &sizes);
        let load = |artifact: Artifact| Ok(Loaded { kernel: device.load(&artifact)?, artifact });
        let kernels = artifacts.into_iter().map(load).collect::<Result<_, DeviceError>>()?;
        let room = device.capabilities().binding_words as usize;
        let saved_room = (room / saved.words().max(1)).max(1);
        let stretch = stretch::triples(&model, &sizes, room).min(saved_room).min(MOST_TRIPLES);
        Ok(Self {
            device,
            model,
            sizes,
            counts,
            parameters,
            kernels,
            planes,
            tables,
            batch: ItemArrays::default(),
            saved,
            parts: [ItemArrays::default(), ItemArrays::default()],
            scores: Grown::default(),
            pairs: Grown::default(),
            ranking: ranks::Arrays::default(),
            owners: [OwnerArrays::default(), OwnerArrays::default()],
            stamps: Vec::new(),
            stretch,
        })
    }

    /// An engine with the model, the parameters and the tables of one on the CPU.
    ///
    /// # Errors
    /// As [`Engine::new`], and when the device is lost.
    pub fn like(host: &cpu::Engine, device: D, artifacts: Vec<Artifact>) -> Result<Self, Error> {
        let model = host.model().clone();
        let [entities, relations] = OWNERS.map(|owner| host.tables().count(owner));
        let names = model.parameters.iter().map(|parameter| parameter.name.clone());
        let parameters = names.zip(host.parameters.iter().map(|value| f64::from(*value))).collect();
        let sizes = sizes_of(host);
        let mut engine = Self::new(device, Setup { model, sizes, entities, relations, parameters, artifacts })?;
        for plane in 0..engine.model.planes.len() {
            engine.set_plane(plane, &host.tables().export(plane))?;
        }
        Ok(engine)
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The device.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// Sets the rows of a plane, one after another, without padding.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there is no such plane, or `rows` has another length than it.
    pub fn set_plane(&mut self, plane: usize, rows: &[f32]) -> Result<(), DeviceError> {
        let (offset, lines, count) = self.plane_place(plane);
        assert_eq!(rows.len(), count * lines.row_len(), "numbers of `{}`", self.model.plane_name(plane));
        self.tables.write(&self.device, offset, &lines.pad(rows))
    }

    /// The rows of a plane, one after another, without padding.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there is no such plane.
    pub fn plane(&self, plane: usize) -> Result<Vec<f32>, DeviceError> {
        let (offset, lines, count) = self.plane_place(plane);
        let mut words = vec![0; count * lines.row_words()];
        self.tables.read(&self.device, offset, &mut words)?;
        Ok(lines.unpad(&words))
    }

    /// Where a plane begins in the tables, how its rows lie, and how many there are.
    fn plane_place(&self, plane: usize) -> (usize, Lines, usize) {
        let offset = self.planes.offsets[plane].expect("tables have every plane");
        (offset, Lines::of(self.model.planes[plane].shape, &self.sizes), self.counts[self.model.owner(plane) as usize])
    }

    /// The scores of a batch of triples.
    ///
    /// # Errors
    /// When the batch's columns differ in length, a row number is out of range, the device has no room or is lost.
    pub fn score(&mut self, batch: Batch<'_>) -> Result<Vec<f32>, Error> {
        batch.check(self.counts)?;
        let mut scores = Vec::with_capacity(batch.len());
        for part in batch.stretches(self.stretch) {
            let placed = self.place(part)?;
            placed.score()?;
            scores.extend(placed.scores()?);
        }
        Ok(scores)
    }

    /// The gradient of `Σ upstreamᵢ · scoreᵢ` for the rows that the batch touches. It has the same bits from run to run,
    /// unless the kernels add atomically (`Backward::Atomic`).
    ///
    /// # Errors
    /// As [`Engine::score`].
    ///
    /// # Panics
    /// When `upstream` is not as long as the batch, or the engine was given no kernel for a gradient that the model has.
    pub fn gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<Gradients, Error> {
        assert_eq!(upstream.len(), batch.len(), "a derivative for each triple");
        batch.check(self.counts)?;
        let mut sum = Gradients::empty(&self.model);
        for (part, upstream) in batch.stretches(self.stretch).zip(upstream.chunks(self.stretch)) {
            sum = sum.plus(self.stretch_gradients(part, upstream)?);
        }
        Ok(sum)
    }

    /// The gradient of one stretch.
    fn stretch_gradients(&mut self, batch: Batch<'_>, upstream: &[f32]) -> Result<Gradients, Error> {
        let [entities, relations] = self.counts;
        let ends = [batch.heads, batch.tails];
        let of_entities = if self.kernel(Role::Scatter).is_some() { Hits::unsorted } else { Hits::new };
        let hits =
            [of_entities(ends, entities, &mut self.stamps), Hits::new([batch.relations], relations, &mut self.stamps)];
        self.put_hits(&hits)?;
        self.place(batch)?.score()?;
        let upstream: Vec<u32> = upstream.iter().map(|value| value.to_bits()).collect();
        self.device.write(self.batch.scalars.buffer(), self.model.upstream * batch.len(), &upstream)?;
        self.backward(batch.len(), &hits)?;
        self.take_gradients(hits)
    }
}

/// The sizes of the dimensions of an engine on the CPU, as [`Model::bind`] gives them.
pub fn sizes_of(host: &cpu::Engine) -> Vec<usize> {
    host.tables().tilings().iter().map(|tiling| tiling.tiles().iter().map(|tile| tile.width).sum()).collect()
}

/// Words that the tables of an engine on the CPU take in a device's memory, as [`table_words`](super::table_words) counts
/// them.
pub fn table_words_of(host: &cpu::Engine) -> usize {
    let [entities, relations] = OWNERS.map(|owner| host.tables().count(owner));
    super::table_words(host.model(), &sizes_of(host), entities, relations)
}

/// In how many buffers the kernels want the tables: `tables`, or `tables_0`, `tables_1` and so on.
fn table_shards(artifacts: &[Artifact]) -> usize {
    let names = artifacts.iter().flat_map(|artifact| &artifact.buffers).map(|binding| &binding.name);
    names.filter_map(|name| launch::numbered(name, "tables_")).max().map_or(1, |last| last + 1)
}

fn allocate_tables<D: Device>(device: &D, words: usize, shards: usize) -> Result<Sharded<D::Buffer>, DeviceError> {
    let most = device.capabilities().binding_words as usize;
    let too_large = |reason: String| DeviceError::OutOfMemory { bytes: 4 * words as u64, reason };
    if u32::try_from(words).is_err() {
        return Err(too_large("kernels number the words of the tables by 32 bits".to_owned()));
    }
    if words.div_ceil(shards).next_multiple_of(4) > most {
        return Err(too_large(format!("a binding has at most {} bytes", 4 * most as u64)));
    }
    Sharded::zeros(device, words, shards)
}

/// Both owners, in the order of their arrays.
const OWNERS: [Owner; 2] = [Owner::Entity, Owner::Relation];

impl<D: Device> Engine<D> {
    /// Whether a kernel of these roles works on groups of triples in the order of their relations.
    fn groups(&self, is_role: impl Fn(Role) -> bool) -> bool {
        let mut artifacts = self.kernels.iter().map(|loaded| &loaded.artifact).filter(|it| is_role(it.role));
        artifacts.any(|artifact| artifact.buffers.iter().any(|binding| binding.name == "grouped"))
    }

    /// Whether some plane of an owner is trained.
    fn trains(&self, owner: Owner) -> bool {
        (0..self.model.planes.len()).any(|plane| self.model.owner(plane) == owner && self.model.is_trained(plane))
    }

    fn put_hits(&mut self, hits: &[Hits; 2]) -> Result<(), DeviceError> {
        for owner in OWNERS.into_iter().filter(|owner| self.trains(*owner)).collect::<Vec<_>>() {
            let hits = &hits[owner as usize];
            if hits.touched.is_empty() {
                continue;
            }
            let words = |rows| Planes::of_owner(&self.model, &self.sizes, owner, rows).words;
            let (partial, gradient) = (words(hits.piece_count()), words(hits.touched.len()));
            let arrays = &mut self.owners[owner as usize];
            arrays.partial.hold(&self.device, partial)?;
            arrays.gradient.hold(&self.device, gradient)?;
            arrays.hits.put(&self.device, &hits.hits)?;
            arrays.pieces.put(&self.device, &hits.pieces)?;
            arrays.runs.put(&self.device, &hits.runs)?;
            arrays.positions.put(&self.device, &hits.positions)?;
        }
        Ok(())
    }

    /// Leaves the gradient of each owner's rows in its `gradient`.
    fn backward(&self, triples: usize, hits: &[Hits; 2]) -> Result<(), DeviceError> {
        if self.kernel(Role::Adjoint).is_some() {
            self.launch(Role::Adjoint, triples, About::Triples)?;
        }
        for owner in OWNERS.into_iter().filter(|owner| self.trains(*owner)) {
            let hits = &hits[owner as usize];
            let about = About::Rows { triples, owner, hits };
            if !hits.positions.is_empty() {
                let words = Planes::of_owner(&self.model, &self.sizes, owner, hits.touched.len()).words;
                self.launch(Role::Clear, words / 4, about)?;
                self.launch(Role::Scatter, triples, about)?;
                continue;
            }
            self.launch(Role::Partial(owner), hits.piece_count(), about)?;
            self.gather(owner, about, hits)?;
        }
        Ok(())
    }

    /// Adds the pieces of an owner's rows up.
    fn gather(&self, owner: Owner, about: About<'_>, hits: &Hits) -> Result<(), DeviceError> {
        if hits.piece_count() >= GROUP {
            self.launch(Role::Join(owner), hits.piece_count() / GROUP, about)?;
        }
        self.launch(Role::Gather(owner), hits.touched.len(), about)
    }

    fn take_gradients(&self, hits: [Hits; 2]) -> Result<Gradients, Error> {
        let mut gradients = Gradients::empty(&self.model);
        for owner in OWNERS.into_iter().filter(|owner| self.trains(*owner)) {
            let arrays = &self.owners[owner as usize];
            let planes = Planes::of_owner(&self.model, &self.sizes, owner, hits[owner as usize].touched.len());
            let mut words = vec![0; planes.words];
            if !words.is_empty() {
                self.device.read(arrays.gradient.buffer(), 0, &mut words)?;
            }
            for (plane, offset) in planes.offsets.iter().enumerate() {
                let Some(offset) = *offset else { continue };
                let lines = Lines::of(self.model.planes[plane].shape, &self.sizes);
                let row_words = hits[owner as usize].touched.len() * lines.row_words();
                gradients.planes[plane].row_len = lines.row_len();
                gradients.planes[plane].values = lines.unpad(&words[offset..][..row_words]);
            }
        }
        gradients.touched = hits.map(|hits| hits.touched);
        Ok(gradients)
    }
}
