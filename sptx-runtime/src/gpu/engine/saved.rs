//! Columns that the forward kernel saves for those of the gradient.

use std::collections::BTreeMap;

use super::arrays::Grown;
use crate::gpu::{Artifact, Device, DeviceError, Role, saved_words};

/// What is saved, and the array that holds it for a batch.
#[derive(Debug)]
pub(super) struct SavedColumns<B> {
    /// The dimension of each, and words of a triple.
    values: Vec<(usize, usize)>,
    array: Grown<B>,
}

impl<B> SavedColumns<B> {
    /// What the forward kernel has parameters for.
    pub(super) fn of(artifacts: &[Artifact], sizes: &[usize]) -> Self {
        let mut values = BTreeMap::new();
        for artifact in artifacts.iter().filter(|artifact| artifact.role == Role::Forward) {
            let places = artifact.parameters.iter().filter_map(|word| place(&word.name));
            for (number, dim) in places.filter(|(_, dim)| *dim < sizes.len()) {
                values.insert(number, (dim, saved_words(&artifact.schedule, sizes[dim])));
            }
        }
        Self { values: values.into_values().collect(), array: Grown::default() }
    }

    /// Words of a triple.
    pub(super) fn words(&self) -> usize {
        self.values.iter().map(|(_, words)| words).sum()
    }

    /// Sees to room for a batch.
    pub(super) fn hold<D: Device<Buffer = B>>(&mut self, device: &D, triples: usize) -> Result<(), DeviceError> {
        self.array.hold(device, triples * self.words())
    }

    /// The array.
    pub(super) fn buffer(&self) -> &B {
        self.array.buffer()
    }

    /// The parameters, and their values for a batch of so many triples.
    pub(super) fn words_of(&self, triples: usize) -> impl Iterator<Item = (String, usize)> {
        let before = |number: usize| self.values[..number].iter().map(|(_, words)| words).sum::<usize>();
        self.values.iter().enumerate().flat_map(move |(number, (dim, words))| {
            [(format!("saved{number}_{dim}"), triples * before(number)), (format!("saved_words{dim}"), *words)]
        })
    }

    /// The value of a parameter, for a batch of so many triples.
    pub(super) fn word(&self, name: &str, triples: usize) -> Option<usize> {
        self.words_of(triples).find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// The number of columns, and their dimension, of which a parameter says where they begin.
fn place(name: &str) -> Option<(usize, usize)> {
    let (number, dim) = name.strip_prefix("saved")?.split_once('_')?;
    Some((number.parse().ok()?, dim.parse().ok()?))
}
