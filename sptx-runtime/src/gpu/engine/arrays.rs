//! Arrays of words in a device's memory.

use crate::gpu::{Device, DeviceError};

/// An array that grows with what it has to hold. Growing forgets what it held.
#[derive(Debug)]
pub(super) struct Grown<B> {
    buffer: Option<B>,
    words: usize,
}

impl<B> Default for Grown<B> {
    fn default() -> Self {
        Self { buffer: None, words: 0 }
    }
}

impl<B> Grown<B> {
    /// Sees to room for so many words, at least one.
    pub(super) fn hold<D: Device<Buffer = B>>(&mut self, device: &D, words: usize) -> Result<(), DeviceError> {
        if self.buffer.is_none() || self.words < words {
            let most = device.capabilities().binding_words as usize;
            let roomy = words.next_power_of_two().min(most).max(words);
            self.buffer = None;
            self.buffer = Some(device.allocate(roomy)?);
            self.words = roomy;
        }
        Ok(())
    }

    /// The same, and writes them.
    pub(super) fn put<D: Device<Buffer = B>>(&mut self, device: &D, words: &[u32]) -> Result<(), DeviceError> {
        self.hold(device, words.len())?;
        device.write(self.buffer(), 0, words)
    }

    /// The buffer.
    ///
    /// # Panics
    /// When it never [held](Self::hold) anything.
    pub(super) fn buffer(&self) -> &B {
        self.buffer.as_ref().expect("a batch sees to room before it launches")
    }
}

/// An array cut into buffers of equal length, so that each fits one binding.
#[derive(Debug)]
pub(super) struct Sharded<B> {
    shards: Vec<B>,
    shard_words: usize,
}

impl<B> Sharded<B> {
    /// Zeros.
    pub(super) fn zeros<D: Device<Buffer = B>>(device: &D, words: usize, shards: usize) -> Result<Self, DeviceError> {
        let shard_words = words.div_ceil(shards).next_multiple_of(4).max(4);
        let shards = (0..shards).map(|_| device.allocate(shard_words)).collect::<Result<_, _>>()?;
        Ok(Self { shards, shard_words })
    }

    /// Words of a shard.
    pub(super) fn shard_words(&self) -> usize {
        self.shard_words
    }

    /// Number of shards.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// A shard.
    pub(super) fn shard(&self, shard: usize) -> Option<&B> {
        self.shards.get(shard)
    }

    /// Writes words from the word `at` on.
    pub(super) fn write<D: Device<Buffer = B>>(
        &self,
        device: &D,
        mut at: usize,
        mut words: &[u32],
    ) -> Result<(), DeviceError> {
        while !words.is_empty() {
            let (shard, within) = (at / self.shard_words, at % self.shard_words);
            let (now, later) = words.split_at(words.len().min(self.shard_words - within));
            device.write(&self.shards[shard], within, now)?;
            (at, words) = (at + now.len(), later);
        }
        Ok(())
    }

    /// Reads words from the word `at` on.
    pub(super) fn read<D: Device<Buffer = B>>(
        &self,
        device: &D,
        mut at: usize,
        mut words: &mut [u32],
    ) -> Result<(), DeviceError> {
        while !words.is_empty() {
            let (shard, within) = (at / self.shard_words, at % self.shard_words);
            let (now, later) = words.split_at_mut(words.len().min(self.shard_words - within));
            device.read(&self.shards[shard], within, now)?;
            (at, words) = (at + now.len(), later);
        }
        Ok(())
    }
}
