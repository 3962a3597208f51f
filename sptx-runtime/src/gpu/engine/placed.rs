//! Batches that lie in a device's memory.

use super::launch::About;
use super::{Engine, stretch};
use crate::Error;
use crate::cpu::Batch;
use crate::gpu::{Device, DeviceError, Role};

/// A batch in the device's memory, to be scored there as often as asked: what a measurement of the forward kernel launches,
/// with nothing that is sent or fetched between.
pub struct Placed<'a, D: Device> {
    engine: &'a Engine<D>,
    triples: usize,
}

impl<D: Device> Engine<D> {
    /// Puts a batch into the device's memory. Of one that is longer than the engine works on at a time, what it begins
    /// with: [`Placed::len`] says how much.
    ///
    /// # Errors
    /// When the batch's columns differ in length, a row number is out of range, the device has no room or is lost.
    pub fn placed(&mut self, batch: Batch<'_>) -> Result<Placed<'_, D>, Error> {
        batch.check(self.counts)?;
        let first = batch.stretches(self.stretch).next().unwrap_or(batch);
        Ok(self.place(first)?)
    }

    /// Puts what is worked on at a time into the device's memory.
    pub(super) fn place(&mut self, batch: Batch<'_>) -> Result<Placed<'_, D>, DeviceError> {
        let vector_words = batch.len() * stretch::vector_words(&self.model, &self.sizes);
        self.batch.put(&self.device, batch, self.model.scalars, vector_words)?;
        if self.groups(|role| matches!(role, Role::Forward | Role::Adjoint)) {
            self.batch.put_order(&self.device, batch)?;
        }
        self.saved.hold(&self.device, batch.len())?;
        Ok(Placed { engine: self, triples: batch.len() })
    }
}

impl<D: Device> Placed<'_, D> {
    /// Number of triples.
    pub fn len(&self) -> usize {
        self.triples
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.triples == 0
    }

    /// The device.
    pub fn device(&self) -> &D {
        &self.engine.device
    }

    /// Has the device score the batch, and leave what its gradient needs. It may still be under way when this returns.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn score(&self) -> Result<(), DeviceError> {
        self.engine.launch(Role::Forward, self.triples, About::Triples)
    }

    /// The scores that the device came to last.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn scores(&self) -> Result<Vec<f32>, DeviceError> {
        let mut words = vec![0; self.triples];
        let first = self.engine.model.score * self.triples;
        self.engine.device.read(self.engine.batch.scalars.buffer(), first, &mut words)?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }
}
