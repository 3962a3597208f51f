//! What stays on the device from step to step, in and out: tables, and the optimizer's state.

use super::Learner;
use crate::cpu;
use crate::gpu::engine::arrays::Sharded;
use crate::gpu::{Device, DeviceError};

impl<D: Device> Learner<D> {
    /// Zeros for what the rule keeps.
    pub(super) fn allocate_state(&mut self) -> Result<(), DeviceError> {
        let (words, shards) = (self.engine.planes.words, self.engine.tables.shards());
        for _ in 0..self.rule.states() {
            self.states.push(Sharded::zeros(&self.engine.device, words, shards)?);
        }
        if !self.rule.needs_row() {
            return Ok(());
        }
        let mut words = 0;
        for slot in 0..self.engine.model.slots.len() {
            self.words.set(format!("sums{slot}"), words as u32);
            words += self.rows_of_slot(slot);
        }
        self.allocate("sums", words)
    }

    fn rows_of_slot(&self, slot: usize) -> usize {
        self.engine.counts[self.engine.model.slots[slot].owner as usize]
    }

    /// Takes the tables and the optimizer's state of an engine on the CPU, which has the same optimizer.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When the engine has another model, other sizes or another optimizer.
    pub fn upload(&mut self, host: &cpu::Engine) -> Result<(), DeviceError> {
        for plane in 0..self.engine.model.planes.len() {
            self.engine.set_plane(plane, &host.tables().export(plane))?;
        }
        let Some(state) = &host.optimizer else { return Ok(()) };
        assert_eq!(state.rule.kind(), self.rule.kind(), "the optimizer of the engine on the CPU");
        for (plane, buffers) in state.planes.iter().enumerate() {
            let (offset, lines, _) = self.engine.plane_place(plane);
            let layout = &host.tables().planes()[plane].layout;
            for (state, buffer) in self.states.iter().zip(buffers) {
                state.write(&self.engine.device, offset, &lines.pad(&layout.export(buffer.lines())))?;
            }
        }
        self.sums(&state.rows).try_for_each(|(offset, rows)| {
            let words: Vec<u32> = rows.iter().map(|sum| sum.to_bits()).collect();
            self.engine.device.write(self.array("sums"), offset, &words)
        })
    }

    /// Hands the tables and the optimizer's state to the engine on the CPU; waits for the steps under way.
    ///
    /// # Errors
    /// When the device is lost; then some of it may have been handed over.
    ///
    /// # Panics
    /// As [`Learner::upload`].
    pub fn download(&self, host: &mut cpu::Engine) -> Result<(), DeviceError> {
        for plane in 0..self.engine.model.planes.len() {
            host.tables_mut().import(plane, &self.engine.plane(plane)?);
        }
        let Some(mut state) = host.optimizer.take() else { return Ok(()) };
        let read = self.download_state(host, &mut state);
        host.optimizer = Some(state);
        read
    }

    fn download_state(&self, host: &cpu::Engine, state: &mut cpu::State) -> Result<(), DeviceError> {
        for (plane, buffers) in state.planes.iter_mut().enumerate() {
            let (offset, lines, count) = self.engine.plane_place(plane);
            let layout = &host.tables().planes()[plane].layout;
            for (state, buffer) in self.states.iter().zip(buffers) {
                let mut words = vec![0; count * lines.row_words()];
                state.read(&self.engine.device, offset, &mut words)?;
                layout.import(&lines.unpad(&words), buffer.lines_mut());
            }
        }
        let offsets: Vec<usize> = self.sums(&state.rows).map(|(offset, _)| offset).collect();
        let kept = state.rows.iter_mut().filter(|rows| !rows.is_empty());
        for (offset, rows) in offsets.into_iter().zip(kept) {
            let mut words = vec![0; rows.len()];
            self.engine.device.read(self.array("sums"), offset, &mut words)?;
            rows.iter_mut().zip(words).for_each(|(sum, word)| *sum = f32::from_bits(word));
        }
        Ok(())
    }

    /// What is kept of the rows of each slot, with where that begins in `sums`.
    fn sums<'a>(&self, rows: &'a [Vec<f32>]) -> impl Iterator<Item = (usize, &'a Vec<f32>)> + use<'a, D> {
        let mut next = 0;
        let begin = |slot| {
            let offset = next;
            next += self.rows_of_slot(slot);
            offset
        };
        let offsets: Vec<usize> = (0..rows.len()).map(begin).collect();
        offsets.into_iter().zip(rows).filter(|(_, rows)| !rows.is_empty())
    }
}
