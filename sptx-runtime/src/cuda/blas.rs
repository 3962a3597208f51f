//! Products of matrices by cuBLAS, where it is installed.

use std::sync::Arc;

use cudarc::cublas::{result, sys};
use cudarc::driver::CudaStream;

/// What cuBLAS is called through.
#[derive(Debug)]
pub(super) struct Blas {
    handle: sys::cublasHandle_t,
    stream: Arc<CudaStream>,
}

// SAFETY: a handle belongs to no thread.
unsafe impl Send for Blas {}

/// A matrix that is stored by rows: where it begins, its rows, and numbers from one row to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) address: u64,
    pub(super) rows: usize,
    pub(super) stride: usize,
}

/// A number as cuBLAS has it.
fn int(number: usize) -> Option<i32> {
    number.try_into().ok()
}

impl Blas {
    /// cuBLAS, working by a stream; none where its library is not found or does not start.
    pub(super) fn new(stream: &Arc<CudaStream>) -> Option<Self> {
        // SAFETY: the library is opened and closed again; opening it runs its initialisers, which cuBLAS's are made for.
        if !unsafe { sys::is_culib_present() } {
            return None;
        }
        stream.context().bind_to_thread().ok()?;
        let blas = Self { handle: result::create_handle().ok()?, stream: Arc::clone(stream) };
        // SAFETY: both handles are live; the stream is kept as long as the other.
        unsafe { result::set_stream(blas.handle, stream.cu_stream().cast()) }.ok()?;
        Some(blas)
    }

    /// `out = left · rightᵀ` over the first `width` columns, in f32 throughout, which is what cuBLAS does unless it is asked
    /// for less; or adds that to `out`. Whether cuBLAS took it.
    ///
    /// # Safety
    /// The matrices lie in memory of the stream's device that is freed in the order of the stream, each row with `width`
    /// numbers, `out` with as many columns as `right` has rows and without gaps; and `out` overlaps no other.
    pub(super) unsafe fn multiply(&mut self, [left, right]: [Stored; 2], width: usize, out: u64, adds: bool) -> bool {
        let sizes = [left.rows, right.rows, width, left.stride, right.stride].map(int);
        let [Some(rows), Some(columns), Some(width), Some(left_stride), Some(right_stride)] = sizes else {
            return false;
        };
        if self.stream.context().bind_to_thread().is_err() {
            return false;
        }
        // cuBLAS stores by columns. So it sees each matrix transposed: the product that it is asked for is
        // `outᵀ = right · leftᵀ`, of which it has `rightᵀ` and `leftᵀ`.
        let (transposed, plain) = (sys::cublasOperation_t::CUBLAS_OP_T, sys::cublasOperation_t::CUBLAS_OP_N);
        let (one, so_far) = (1.0, f32::from(u8::from(adds)));
        let pointer = |address: u64| std::ptr::with_exposed_provenance_mut::<f32>(address as usize);
        // SAFETY: the handle is live; the matrices are as the caller says; the two factors are the host's, which is where
        // cuBLAS takes them from unless it is told otherwise.
        unsafe {
            result::sgemm(
                self.handle,
                transposed,
                plain,
                columns,
                rows,
                width,
                &one,
                pointer(right.address),
                right_stride,
                pointer(left.address),
                left_stride,
                &so_far,
                pointer(out),
                columns,
            )
        }
        .is_ok()
    }
}

impl Drop for Blas {
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        _ = self.stream.context().bind_to_thread();
        // SAFETY: the handle was made and is destroyed once.
        _ = unsafe { result::destroy_handle(self.handle) };
    }
}
