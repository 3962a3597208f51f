//! Where the elements of a plane are.

use super::Line;

/// A stretch of columns (or of matrix rows) that one thread works on at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Its first column.
    pub start: usize,
    /// Its number of columns.
    pub width: usize,
}

impl Tile {
    /// Lines that hold its columns.
    pub fn lines(self) -> usize {
        Line::count(self.width)
    }
}

/// The tiles of a dimension: a function of its size alone, so that sums over tiles do not depend on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiling {
    size: usize,
    tiles: Vec<Tile>,
}

impl Tiling {
    /// The tiles of a dimension of `size` columns: 64 wide, narrower where there would be too few to share out.
    pub fn of(size: usize) -> Self {
        let width = match size {
            0..=63 => 16,
            64..=191 => 32,
            _ => 64,
        };
        let tiles = (0..size).step_by(width).map(|start| Tile { start, width: width.min(size - start) }).collect();
        Self { size, tiles }
    }

    /// Number of columns.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The tiles, in order.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Lines of all tiles of one row.
    pub fn lines(&self) -> usize {
        self.tiles.iter().map(|tile| tile.lines()).sum()
    }
}

/// What one row is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// One float; rows are packed.
    Scalar,
    /// One float per column.
    Vector,
    /// Matrix rows of this many floats.
    Matrix { across: usize },
}

/// Where the elements of a plane are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    kind: Kind,
    rows: usize,
    tiles: Vec<Tile>,
}

impl Layout {
    /// `rows` numbers, packed.
    pub fn scalars(rows: usize) -> Self {
        Self { kind: Kind::Scalar, rows, tiles: vec![Tile { start: 0, width: 1 }] }
    }

    /// `rows` vectors.
    pub fn vectors(rows: usize, tiling: &Tiling) -> Self {
        Self { kind: Kind::Vector, rows, tiles: tiling.tiles.clone() }
    }

    /// `rows` matrices of `down.size()` rows of `across` columns.
    pub fn matrices(rows: usize, down: &Tiling, across: usize) -> Self {
        Self { kind: Kind::Matrix { across }, rows, tiles: down.tiles.clone() }
    }

    /// The same layout for another number of rows.
    pub fn with_rows(&self, rows: usize) -> Self {
        Self { rows, ..self.clone() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a row is one number, rows packed.
    pub fn is_scalar(&self) -> bool {
        self.kind == Kind::Scalar
    }

    /// The tiles of a row.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Floats of one row, padding left out.
    pub fn row_len(&self) -> usize {
        let columns: usize = self.tiles.iter().map(|tile| tile.width).sum();
        match self.kind {
            Kind::Scalar | Kind::Vector => columns,
            Kind::Matrix { across } => columns * across,
        }
    }

    /// The shape of one row: empty, `[columns]`, or `[down, across]`.
    pub fn row_shape(&self) -> Vec<usize> {
        let columns: usize = self.tiles.iter().map(|tile| tile.width).sum();
        match self.kind {
            Kind::Scalar => Vec::new(),
            Kind::Vector => vec![columns],
            Kind::Matrix { across } => vec![columns, across],
        }
    }

    /// Lines of one row of a tile.
    pub fn row_lines(&self, tile: usize) -> usize {
        match self.kind {
            Kind::Scalar => 0,
            Kind::Vector => self.tiles[tile].lines(),
            Kind::Matrix { across } => self.tiles[tile].width * Line::count(across),
        }
    }

    /// Lines of all rows of a tile.
    pub fn tile_lines(&self, tile: usize) -> usize {
        match self.kind {
            Kind::Scalar => Line::count(self.rows),
            Kind::Vector | Kind::Matrix { .. } => self.rows * self.row_lines(tile),
        }
    }

    /// Lines of the whole plane.
    pub fn lines(&self) -> usize {
        (0..self.tiles.len()).map(|tile| self.tile_lines(tile)).sum()
    }

    /// The lines of each tile.
    pub fn split<'a>(&self, mut lines: &'a [Line]) -> Vec<&'a [Line]> {
        (0..self.tiles.len()).map(|tile| lines.split_off(..self.tile_lines(tile)).unwrap_or_default()).collect()
    }

    /// The lines of each tile, to write.
    pub fn split_mut<'a>(&self, mut lines: &'a mut [Line]) -> Vec<&'a mut [Line]> {
        (0..self.tiles.len()).map(|tile| lines.split_off_mut(..self.tile_lines(tile)).unwrap_or_default()).collect()
    }

    /// Copies one row out of the plane.
    pub fn read_row(&self, lines: &[Line], row: usize, out: &mut [f32]) {
        let floats: &[f32] = bytemuck::cast_slice(lines);
        self.for_each_run(row, |at, from, len| out[at..at + len].copy_from_slice(&floats[from..from + len]));
    }

    /// Copies one row into the plane.
    pub fn write_row(&self, row: usize, values: &[f32], lines: &mut [Line]) {
        let floats: &mut [f32] = bytemuck::cast_slice_mut(lines);
        self.for_each_run(row, |at, to, len| floats[to..to + len].copy_from_slice(&values[at..at + len]));
    }

    /// All rows, one after another, without padding.
    pub fn export(&self, lines: &[Line]) -> Vec<f32> {
        let len = self.row_len();
        let mut out = vec![0.0; self.rows * len];
        for (row, values) in out.chunks_exact_mut(len.max(1)).enumerate() {
            self.read_row(lines, row, values);
        }
        out
    }

    /// Sets all rows from [`Layout::export`]'s form.
    ///
    /// # Panics
    /// When `values` has another length than the plane.
    pub fn import(&self, values: &[f32], lines: &mut [Line]) {
        let len = self.row_len();
        assert_eq!(values.len(), self.rows * len, "a plane of {} rows of {len} floats", self.rows);
        for (row, values) in values.chunks_exact(len.max(1)).enumerate() {
            self.write_row(row, values, lines);
        }
    }

    /// Calls `run(position in the row, position in the plane, length)` for each contiguous run of a row.
    fn for_each_run(&self, row: usize, mut run: impl FnMut(usize, usize, usize)) {
        let mut first_line = 0;
        for (tile, span) in self.tiles.iter().enumerate() {
            let at = (first_line + row * self.row_lines(tile)) * Line::LEN;
            match self.kind {
                Kind::Scalar => run(0, row, 1),
                Kind::Vector => run(span.start, at, span.width),
                Kind::Matrix { across } => {
                    let stride = Line::count(across) * Line::LEN;
                    (0..span.width).for_each(|i| run((span.start + i) * across, at + i * stride, across));
                }
            }
            first_line += self.tile_lines(tile);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(layout: &Layout) {
        let values: Vec<f32> = (0..layout.rows() * layout.row_len()).map(|i| i as f32 + 1.0).collect();
        let mut lines = vec![Line::ZERO; layout.lines()];
        layout.import(&values, &mut lines);
        assert_eq!(layout.export(&lines), values);
        let floats: &[f32] = bytemuck::cast_slice(&lines);
        assert_eq!(floats.iter().filter(|x| **x != 0.0).count(), values.len(), "padding stays zero");
    }

    #[test]
    fn export_undoes_import() {
        for size in [1, 3, 16, 63, 64, 100, 128, 257, 1024] {
            for rows in [1, 2, 7] {
                round_trip(&Layout::vectors(rows, &Tiling::of(size)));
                round_trip(&Layout::matrices(rows, &Tiling::of(size.min(100)), 5));
                round_trip(&Layout::scalars(rows * 13));
            }
        }
    }

    #[test]
    fn tiles_cover_every_column_once() {
        for size in 1..600 {
            let tiling = Tiling::of(size);
            let mut next = 0;
            for tile in tiling.tiles() {
                assert_eq!(tile.start, next);
                assert!(tile.width >= 1);
                next += tile.width;
            }
            assert_eq!(next, size);
        }
    }
}
