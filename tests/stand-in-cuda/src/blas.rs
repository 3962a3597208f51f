//! Products of matrices, stored by columns.

use std::ffi::{c_int, c_void};

use super::Code;
use super::gpu::{Gpu, variable};

/// A result, as cuBLAS numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// It worked.
    Success = 0,
    /// A handle of nothing.
    NotInitialized = 1,
    /// An argument makes no sense.
    InvalidValue = 7,
    /// It did not work.
    ExecutionFailed = 13,
}

impl Status {
    /// The status that stands for a result.
    pub(crate) fn of(result: Result<(), Code>) -> Self {
        match result {
            Ok(()) => Self::Success,
            Err(Code::InvalidHandle) => Self::NotInitialized,
            Err(Code::InvalidValue) => Self::InvalidValue,
            Err(_) => Self::ExecutionFailed,
        }
    }
}

/// A factor of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor {
    pub(crate) address: u64,
    /// Numbers from one column, as it is stored, to the next.
    pub(crate) stride: c_int,
    pub(crate) is_transposed: bool,
}

impl Factor {
    /// The numbers of `rows` by `columns`, row by row.
    fn read(self, gpu: &mut Gpu, rows: usize, columns: usize) -> Result<Vec<f32>, Code> {
        let (down, across) = if self.is_transposed { (columns, rows) } else { (rows, columns) };
        let stride = usize::try_from(self.stride).map_err(|_| Code::InvalidValue)?;
        if stride < down.max(1) {
            return Err(Code::InvalidValue);
        }
        let words = gpu.words(self.address, 4 * (stride * across.saturating_sub(1) + down))?;
        let at = |row: usize, column: usize| match self.is_transposed {
            true => row * stride + column,
            false => column * stride + row,
        };
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Ok(places.map(|(row, column)| f32::from_bits(words[at(row, column)])).collect())
    }
}

/// `out = factor · left · right + so_far · out`.
pub(crate) fn multiply(
    gpu: &mut Gpu,
    handle: *mut c_void,
    sizes: [c_int; 3],
    [left, right]: [Factor; 2],
    [factor, so_far]: [f32; 2],
    (out, stride): (u64, c_int),
) -> Status {
    if variable("SPTX_STAND_IN_CUBLAS").is_some_and(|cublas| cublas == "broken") {
        return Status::ExecutionFailed;
    }
    let mut work = || {
        gpu.check()?;
        // Without a stream of its own it would work by another one than sptx's.
        gpu.blas.get(handle)?.ok_or(Code::InvalidValue)?;
        let [rows, columns, width] = sizes.map(|size| usize::try_from(size).unwrap_or(0));
        let (left, right) = (left.read(gpu, rows, width)?, right.read(gpu, width, columns)?);
        let stride = usize::try_from(stride).unwrap_or(0);
        if stride < rows.max(1) {
            return Err(Code::InvalidValue);
        }
        let words = gpu.words(out, 4 * (stride * columns.saturating_sub(1) + rows))?;
        for column in 0..columns {
            for row in 0..rows {
                let terms = (0..width).map(|k| left[row * width + k] * right[k * columns + column]);
                let place = &mut words[column * stride + row];
                let before = if so_far == 0.0 { 0.0 } else { so_far * f32::from_bits(*place) };
                *place = (factor * terms.sum::<f32>() + before).to_bits();
            }
        }
        Ok(())
    };
    Status::of(work())
}
