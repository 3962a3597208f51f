//! Optimizer state, out and in.

use std::collections::BTreeMap;

use super::engine::Engine;

impl Engine {
    /// The optimizer's state as named columns of numbers, to be saved beside the tables: `adam.0.entity.v`, ….
    pub fn optimizer_state(&self) -> Vec<(String, Vec<f32>)> {
        let Some(state) = &self.optimizer else { return Vec::new() };
        let mut named = Vec::new();
        for (plane, buffers) in state.planes.iter().enumerate() {
            for (number, buffer) in buffers.iter().enumerate() {
                let layout = &self.tables.planes()[plane].layout;
                named
                    .push((format!("state{number}.{}", self.model().plane_name(plane)), layout.export(buffer.lines())));
            }
        }
        for (slot, rows) in state.rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            named.push((format!("rows.{}", self.model().slot_name(slot)), rows.clone()));
        }
        named
    }

    /// Restores what [`Engine::optimizer_state`] gave, after [`Engine::set_optimizer`] with the same rule. Returns the
    /// name of a column that `saved` lacks or has in another length.
    ///
    /// # Errors
    /// The name of the missing column.
    pub fn restore_optimizer_state(&mut self, saved: &BTreeMap<String, Vec<f32>>) -> Result<(), String> {
        for (name, current) in self.optimizer_state() {
            if saved.get(&name).is_none_or(|values| values.len() != current.len()) {
                return Err(name);
            }
        }
        let Some(state) = &mut self.optimizer else { return Ok(()) };
        for (plane, buffers) in state.planes.iter_mut().enumerate() {
            for (number, buffer) in buffers.iter_mut().enumerate() {
                let layout = &self.tables.planes()[plane].layout;
                let name = format!("state{number}.{}", self.compiled.model.plane_name(plane));
                layout.import(&saved[&name], buffer.lines_mut());
            }
        }
        for (slot, rows) in state.rows.iter_mut().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            rows.copy_from_slice(&saved[&format!("rows.{}", self.compiled.model.slot_name(slot))]);
        }
        Ok(())
    }
}
