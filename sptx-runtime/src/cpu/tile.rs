//! One tile of a stage that scatters, for updates that follow at once.

use super::batch::{Batch, Touched};
use super::gradients::owner_index;
use crate::kernel::{ColumnsInput, ColumnsOutput, CompiledModel, Direction};
use crate::program::Columns;
use crate::table::{Buffer, Line, Tile};

/// What the tiles of a stage share.
pub(super) struct TileContext<'a> {
    pub(super) compiled: &'a CompiledModel,
    pub(super) index: usize,
    pub(super) stage: &'a Columns,
    pub(super) batch: Batch<'a>,
    pub(super) targets: [&'a [u32]; 3],
    pub(super) touched: &'a [Touched; 2],
    pub(super) scalars: &'a [&'a [f32]],
    pub(super) parameters: &'a [f32],
}

impl TileContext<'_> {
    pub(super) fn rows(&self, plane: usize) -> &Touched {
        &self.touched[owner_index(self.compiled.model.owner(plane))]
    }

    /// The gradient tile of each plane that the stage scatters to, in `scratch`; empty for other planes.
    pub(super) fn gradients<'s>(
        &self,
        item: &TileItem<'_>,
        tile: Tile,
        scratch: &'s mut Buffer,
    ) -> Vec<&'s mut [Line]> {
        let planes = self.compiled.model.planes.len();
        let needed = |plane: usize| {
            if self.stage.scatters_to(plane) { self.rows(plane).len() * tile.lines() } else { 0 }
        };
        let total: usize = item.planes.iter().map(|it| needed(it.plane)).sum();
        let mut rest = scratch.at_least(total);
        rest.fill(Line::ZERO);
        let mut gradients: Vec<&mut [Line]> = (0..planes).map(|_| <&mut [Line]>::default()).collect();
        let mut rows: Vec<&[Line]> = vec![&[]; planes];
        for PlaneTile { plane, lines, .. } in &item.planes {
            rows[*plane] = lines;
            gradients[*plane] = rest.split_off_mut(..needed(*plane)).unwrap_or_default();
        }
        let input = ColumnsInput {
            triples: self.batch.columns(),
            targets: self.targets,
            width: tile.width,
            lines: tile.lines(),
            rows: &rows,
            scalars: self.scalars,
            parameters: self.parameters,
            vectors: &[],
        };
        let output = ColumnsOutput { reduced: &mut [], stored: &mut [], gradients: &mut gradients };
        self.compiled.kernels.columns(Direction::Backward, self.index, input, output);
        gradients
    }
}

/// The tile of each plane of a dimension, with its optimizer state.
#[derive(Default)]
pub(super) struct TileItem<'a> {
    pub(super) planes: Vec<PlaneTile<'a>>,
}

/// The tile of one plane.
pub(super) struct PlaneTile<'a> {
    pub(super) plane: usize,
    pub(super) lines: &'a mut [Line],
    pub(super) states: Vec<&'a mut [Line]>,
}
