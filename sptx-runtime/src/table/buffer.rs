//! Memory in lines of 64 bytes.

use bytemuck::{Pod, Zeroable};

/// 16 floats, aligned to 64 bytes: a cache line, an AVX-512 register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

impl Line {
    /// Floats in a line.
    pub const LEN: usize = 16;
    /// Sixteen zeros.
    pub const ZERO: Self = Self([0.0; Self::LEN]);

    /// Lines that hold `floats` floats.
    pub fn count(floats: usize) -> usize {
        floats.div_ceil(Self::LEN)
    }
}

/// A vector of lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffer {
    lines: Vec<Line>,
}

impl Buffer {
    /// `lines` lines of zeros.
    pub fn zeros(lines: usize) -> Self {
        Self { lines: bytemuck::zeroed_vec(lines) }
    }

    /// Makes the buffer at least `lines` long and returns that many lines, whatever they hold.
    pub fn at_least(&mut self, lines: usize) -> &mut [Line] {
        if self.lines.len() < lines {
            self.lines = bytemuck::zeroed_vec(lines);
        }
        &mut self.lines[..lines]
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines, to write.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// The floats of all lines.
    pub fn floats(&self) -> &[f32] {
        bytemuck::cast_slice(&self.lines)
    }

    /// The floats of all lines, to write.
    pub fn floats_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}
