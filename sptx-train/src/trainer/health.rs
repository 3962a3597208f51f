//! Where values that are not finite lie.

use sptx_runtime::cpu::Engine;

use super::Trainer;
use crate::run_error::RunError;

impl Trainer {
    /// The error for a loss that is not finite, of the batch after those that are done, with the tables that may have
    /// made it so.
    pub(super) fn non_finite(&self, loss: f64) -> RunError {
        RunError::NonFinite {
            epoch: self.progress.epoch + 1,
            batch: self.progress.batch + 1,
            loss,
            tables: non_finite_tables(&self.engine),
            changed: self.device.is_some(),
        }
    }
}

/// The planes with values that are not finite: name, number of such rows, the first of them.
fn non_finite_tables(engine: &Engine) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for plane in 0..engine.model().planes.len() {
        let rows = engine.tables().export(plane);
        let len = engine.tables().planes()[plane].layout.row_len().max(1);
        let is_bad = |row: &[f32]| row.iter().any(|value| !value.is_finite());
        let mut bad = rows.chunks_exact(len).enumerate().filter(|(_, row)| is_bad(row)).map(|(index, _)| index);
        if let Some(first) = bad.next() {
            found.push((engine.model().plane_name(plane), 1 + bad.count(), first));
        }
    }
    found
}
