//! A device in memory that does by hand what the kernels of [`model`](super::model) would, as the contract of the
//! buffers says, and nothing else: it finds everything by offsets and counts that it is given.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;

use super::model::{KEPT, PAIRS};
use crate::gpu::{Artifact, Capabilities, Device, DeviceError, GROUP, RUN_WORDS, RUNS_HEAD, Role, padded};
use crate::program::Owner;

/// The device.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) binding_words: u32,
    /// Each launch: its role, and of how many triples.
    pub(super) launches: RefCell<Vec<(Role, u32)>>,
}

impl Fake {
    pub(super) fn new(binding_words: u32) -> Self {
        Self { binding_words, launches: RefCell::default() }
    }
}

impl Device for Fake {
    type Buffer = RefCell<Vec<u32>>;
    type Kernel = Artifact;
    type Sequence = ();

    fn capabilities(&self) -> Capabilities {
        Capabilities { binding_words: self.binding_words, ..Capabilities::default() }
    }

    fn load(&self, artifact: &Artifact) -> Result<Artifact, DeviceError> {
        if artifact.text == "refuse" {
            return Err(DeviceError::Refused { entry: artifact.entry.clone(), reason: "as asked".to_owned() });
        }
        Ok(artifact.clone())
    }

    fn allocate(&self, words: usize) -> Result<RefCell<Vec<u32>>, DeviceError> {
        if words > self.binding_words as usize {
            return Err(DeviceError::OutOfMemory { bytes: 4 * words as u64, reason: "a small device".to_owned() });
        }
        Ok(RefCell::new(vec![0; words]))
    }

    fn write(&self, buffer: &RefCell<Vec<u32>>, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        buffer.borrow_mut()[at..][..words.len()].copy_from_slice(words);
        Ok(())
    }

    fn read(&self, buffer: &RefCell<Vec<u32>>, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        words.copy_from_slice(&buffer.borrow()[at..][..words.len()]);
        Ok(())
    }

    fn copy(&self, from: &Self::Buffer, to: &Self::Buffer, words: usize) -> Result<(), DeviceError> {
        to.borrow_mut()[..words].copy_from_slice(&from.borrow()[..words]);
        Ok(())
    }

    fn wait(&self) -> Result<(), DeviceError> {
        Ok(())
    }

    fn launch(
        &self,
        kernel: &Artifact,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&RefCell<Vec<u32>>],
    ) -> Result<(), DeviceError> {
        assert_eq!((kernel.parameters.len(), kernel.buffers.len()), (parameters.len(), buffers.len()));
        let names = kernel.parameters.iter().map(|word| word.name.as_str());
        let bindings = kernel.buffers.iter().map(|binding| binding.name.as_str());
        let launch = Launch {
            words: names.zip(parameters.iter().copied()).collect(),
            buffers: bindings.zip(buffers.iter().copied()).collect(),
        };
        let count = launch.word("count");
        assert_eq!(workgroups, count.div_ceil(kernel.rows as usize) as u32);
        let triples = launch.words.get("batch").copied().unwrap_or_default();
        self.launches.borrow_mut().push((kernel.role, triples));
        for row in 0..count {
            match kernel.role {
                Role::Forward => launch.forward(row),
                Role::Adjoint => launch.adjoint(row),
                Role::Partial(owner) => launch.partial(row, owner),
                Role::Join(owner) => launch.join(row, owner),
                Role::Gather(owner) => launch.gather(row, owner),
                Role::Clear => (4 * row..4 * row + 4).for_each(|at| launch.store("gradient", at, 0.0)),
                Role::Scatter => launch.scatter(row),
                other => unreachable!("the engine asks for {other:?}, but the model has no splits and makes no steps"),
            }
        }
        Ok(())
    }
}

/// One launch.
struct Launch<'a> {
    words: BTreeMap<&'a str, u32>,
    buffers: BTreeMap<&'a str, &'a RefCell<Vec<u32>>>,
}

/// The planes of an owner, by pair.
fn plane_of(pair: usize, owner: Owner) -> usize {
    match owner {
        Owner::Entity => PAIRS[pair].0,
        Owner::Relation => PAIRS[pair].1,
    }
}

impl Launch<'_> {
    fn word(&self, name: &str) -> usize {
        self.words[name] as usize
    }

    fn buffer(&self, name: &str) -> Ref<'_, Vec<u32>> {
        self.buffers[name].borrow()
    }

    fn store(&self, buffer: &str, at: usize, value: f32) {
        self.buffers[buffer].borrow_mut()[at] = value.to_bits();
    }

    /// Where the numbers of a row of a pair's planes are, and words of the row.
    fn columns(&self, pair: usize) -> (Vec<usize>, usize) {
        let (d, k) = (self.word("dim0"), self.word("dim1"));
        match pair {
            0 => (vec![0], 1),
            1 => ((0..d).collect(), padded(d)),
            _ => ((0..d).flat_map(|line| (0..k).map(move |column| line * padded(k) + column)).collect(), d * padded(k)),
        }
    }

    fn table(&self, at: usize) -> f32 {
        let Some(shard) = self.words.get("tables_shard") else { return f32::from_bits(self.buffer("tables")[at]) };
        let shard = *shard as usize;
        f32::from_bits(self.buffer(&format!("tables_{}", at / shard))[at % shard])
    }

    fn rows_of(&self, triple: usize) -> [usize; 3] {
        let triples = self.word("batch");
        [0, 1, 2].map(|column| self.buffer("triples")[column * triples + triple] as usize)
    }

    fn residual(&self, pair: usize, triple: usize) -> Vec<f32> {
        let [head, relation, tail] = self.rows_of(triple);
        let (columns, row_words) = self.columns(pair);
        let [entities, relations] =
            [Owner::Entity, Owner::Relation].map(|owner| self.word(&format!("plane{}", plane_of(pair, owner))));
        let entry = |offset: usize, row: usize, column: &usize| self.table(offset + row * row_words + column);
        let residual = |column: &usize| {
            entry(entities, head, column) + entry(relations, relation, column) - entry(entities, tail, column)
        };
        columns.iter().map(residual).collect()
    }

    fn scale(&self) -> f32 {
        f32::from_bits(self.words["parameter0"])
    }

    fn forward(&self, triple: usize) {
        let squares = (0..3).flat_map(|pair| self.residual(pair, triple)).map(|residual| residual * residual);
        let triples = self.word("batch");
        self.store("scalars", triple, f32::NAN);
        self.store("scalars", triples + triple, self.scale() * squares.sum::<f32>());
    }

    /// Leaves the derivative in the first scalar, and one pair's residuals as a vector.
    fn adjoint(&self, triple: usize) {
        let triples = self.word("batch");
        let upstream = f32::from_bits(self.buffer("scalars")[2 * triples + triple]);
        self.store("scalars", triple, 2.0 * self.scale() * upstream);
        for (column, residual) in self.residual(KEPT.0, triple).into_iter().enumerate() {
            self.store("vectors", self.kept(triple) + column, residual);
        }
    }

    /// Where the vector of a triple is: behind all those of the first vector.
    fn kept(&self, triple: usize) -> usize {
        self.word("batch") * padded(self.word("dim1")) + triple * padded(self.word("dim0"))
    }

    fn partial(&self, piece: usize, owner: Owner) {
        let [from, until] = [0, 1].map(|end| self.buffer("pieces")[2 * (piece + end)] as usize);
        assert!(from < until && until - from <= 32, "a piece has 1 to 32 hits, not {from}..{until}");
        let hits = self.buffer("hits")[from..until].to_vec();
        assert!(hits.is_sorted_by(|a, b| a < b), "in the order of the batch: {hits:?}");
        let (per_triple, sides) = if owner == Owner::Entity { (2, [0, 2]) } else { (1, [1, 1]) };
        let row_of = |hit: &u32| self.rows_of(*hit as usize / per_triple)[sides[*hit as usize % per_triple]];
        assert!(hits.iter().all(|hit| row_of(hit) == row_of(&hits[0])), "hits of one row");
        for pair in 0..PAIRS.len() {
            let (columns, row_words) = self.columns(pair);
            let at = self.word(&format!("partial{}", plane_of(pair, owner))) + piece * row_words;
            (0..row_words).for_each(|word| self.store("partial", at + word, f32::NAN));
            let mut sums = vec![0.0; columns.len()];
            for hit in &hits {
                let (triple, is_tail) = (*hit as usize / per_triple, *hit as usize % per_triple == 1);
                let derivative = f32::from_bits(self.buffer("scalars")[triple]) * if is_tail { -1.0 } else { 1.0 };
                let residual = self.partial_residual(pair, triple);
                sums.iter_mut().zip(residual).for_each(|(sum, residual)| *sum += derivative * residual);
            }
            columns.iter().zip(sums).for_each(|(column, sum)| self.store("partial", at + column, sum));
        }
    }

    fn scatter(&self, triple: usize) {
        for pair in 0..PAIRS.len() {
            let (columns, row_words) = self.columns(pair);
            let offset = self.word(&format!("gradient{}", plane_of(pair, Owner::Entity)));
            for (end, sign) in [1.0, -1.0].into_iter().enumerate() {
                let derivative = f32::from_bits(self.buffer("scalars")[triple]) * sign;
                let row = offset + self.buffer("positions")[2 * triple + end] as usize * row_words;
                for (column, residual) in columns.iter().zip(self.partial_residual(pair, triple)) {
                    let so_far = f32::from_bits(self.buffer("gradient")[row + column]);
                    self.store("gradient", row + column, so_far + derivative * residual);
                }
            }
        }
    }

    fn partial_residual(&self, pair: usize, triple: usize) -> Vec<f32> {
        if pair != KEPT.0 {
            return self.residual(pair, triple);
        }
        let kept = self.kept(triple);
        self.buffer("vectors")[kept..][..self.word("dim0")].iter().map(|word| f32::from_bits(*word)).collect()
    }

    fn join(&self, group: usize, owner: Owner) {
        let (first, behind) = (group * GROUP, (group + 1) * GROUP);
        let [row, last] = [first, behind - 1].map(|piece| self.buffer("pieces")[2 * piece + 1]);
        if row != last {
            return;
        }
        for pair in 0..PAIRS.len() {
            let (columns, row_words) = self.columns(pair);
            for column in columns {
                let at = |piece| self.word(&format!("partial{}", plane_of(pair, owner))) + piece * row_words + column;
                let sum = (first..behind).map(|piece| f32::from_bits(self.buffer("partial")[at(piece)])).sum();
                self.store("partial", at(first), sum);
            }
        }
    }

    fn gather(&self, row: usize, owner: Owner) {
        let [from, until] = [0, 1].map(|end| self.buffer("runs")[RUNS_HEAD + (row + end) * RUN_WORDS + 1] as usize);
        assert!(from < until, "a touched row has a piece");
        let of = |piece: &usize| self.buffer("pieces")[2 * piece + 1] as usize == row;
        assert!((from..until).all(|piece| of(&piece)) && !of(&until), "the pieces of row {row}");
        let mut pieces: Vec<usize> = (from..until).collect();
        // A group's first piece stands for all of it.
        for first in (from.next_multiple_of(GROUP)..until).step_by(GROUP).filter(|first| first + GROUP <= until) {
            pieces.retain(|piece| *piece <= first || first + GROUP <= *piece);
        }
        for pair in 0..PAIRS.len() {
            let (columns, row_words) = self.columns(pair);
            let [partial, gradient] =
                ["partial", "gradient"].map(|name| self.word(&format!("{name}{}", plane_of(pair, owner))));
            (0..row_words).for_each(|word| self.store("gradient", gradient + row * row_words + word, f32::NAN));
            for column in columns {
                let pieces = pieces.iter();
                let sum =
                    pieces.map(|piece| f32::from_bits(self.buffer("partial")[partial + piece * row_words + column]));
                self.store("gradient", gradient + row * row_words + column, sum.sum());
            }
        }
    }
}
