//! Optimizer state, out and in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::engine::Engine;
use crate::table::{Buffer, Layout};

/// One part of an optimizer's state, to be saved beside the tables.
#[derive(Clone, Debug)]
pub struct StateColumn<'a> {
    /// `state0.entity.v` for what is kept of each parameter, `rows.entity.v` for what is kept of each row.
    pub name: String,
    source: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Plane(&'a Layout, &'a Buffer),
    Rows(&'a [f32]),
}

impl<'a> StateColumn<'a> {
    /// How many numbers it has.
    pub fn count(&self) -> usize {
        match self.source {
            Source::Plane(layout, _) => layout.rows() * layout.row_len(),
            Source::Rows(rows) => rows.len(),
        }
    }

    /// The numbers.
    pub fn values(&self) -> Cow<'a, [f32]> {
        match self.source {
            Source::Plane(layout, buffer) => layout.export(buffer.lines()).into(),
            Source::Rows(rows) => rows.into(),
        }
    }
}

impl Engine {
    /// The optimizer's state, a part at a time, so that saving it takes little memory.
    pub fn optimizer_state(&self) -> Vec<StateColumn<'_>> {
        let Some(state) = &self.optimizer else { return Vec::new() };
        let planes = state.planes.iter().enumerate().flat_map(|(plane, buffers)| {
            let layout = &self.tables.planes()[plane].layout;
            buffers.iter().enumerate().map(move |(number, buffer)| StateColumn {
                name: plane_column(number, &self.model().plane_name(plane)),
                source: Source::Plane(layout, buffer),
            })
        });
        let kept = state.rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let rows = kept.map(|(slot, rows)| StateColumn {
            name: row_column(&self.model().slot_name(slot)),
            source: Source::Rows(rows),
        });
        planes.chain(rows).collect()
    }

    /// Restores what [`Engine::optimizer_state`] gave, after [`Engine::set_optimizer`] with the same rule.
    ///
    /// # Errors
    /// The name of a column that `saved` lacks or has in another length.
    pub fn restore_optimizer_state(&mut self, saved: &BTreeMap<String, Vec<f32>>) -> Result<(), String> {
        for column in self.optimizer_state() {
            if saved.get(&column.name).is_none_or(|values| values.len() != column.count()) {
                return Err(column.name);
            }
        }
        let Some(state) = &mut self.optimizer else { return Ok(()) };
        let model = &self.compiled.model;
        for (plane, buffers) in state.planes.iter_mut().enumerate() {
            let layout = &self.tables.planes()[plane].layout;
            for (number, buffer) in buffers.iter_mut().enumerate() {
                layout.import(&saved[&plane_column(number, &model.plane_name(plane))], buffer.lines_mut());
            }
        }
        for (slot, rows) in state.rows.iter_mut().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            rows.copy_from_slice(&saved[&row_column(&model.slot_name(slot))]);
        }
        Ok(())
    }
}

fn plane_column(number: usize, plane: &str) -> String {
    format!("state{number}.{plane}")
}

fn row_column(slot: &str) -> String {
    format!("rows.{slot}")
}
