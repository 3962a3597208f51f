//! What cuBLAS exports, as far as sptx calls it.

use std::ffi::{c_int, c_uint, c_void};

use super::exports;
use crate::blas::{Factor, Status, multiply};
use crate::gpu::gpu;

exports! { Status;
    cublasCreate_v2(handle: *mut *mut c_void) => {
        let made = gpu().blas.add(None);
        // SAFETY: the caller's place is valid for a handle.
        unsafe { handle.write(made) };
        Status::Success
    };

    cublasDestroy_v2(handle: *mut c_void) => Status::of(gpu().blas.remove(handle).map(|_| ()));

    cublasSetStream_v2(handle: *mut c_void, stream: *mut c_void) => {
        Status::of(gpu().on(stream).and_then(|gpu| gpu.blas.get(handle)).map(|own| *own = Some(stream.addr())))
    };

    cublasSgemm_v2(
        handle: *mut c_void,
        transposed: c_uint,
        transposed_right: c_uint,
        rows: c_int,
        columns: c_int,
        width: c_int,
        factor: *const f32,
        left: u64,
        left_stride: c_int,
        right: u64,
        right_stride: c_int,
        so_far: *const f32,
        out: u64,
        stride: c_int
    ) => {
        // SAFETY: the caller's numbers are the host's.
        let [factor, so_far] = [factor, so_far].map(|number| unsafe { number.read() });
        let left = Factor { address: left, stride: left_stride, is_transposed: transposed == 1 };
        let right = Factor { address: right, stride: right_stride, is_transposed: transposed_right == 1 };
        multiply(&mut gpu(), handle, [rows, columns, width], [left, right], [factor, so_far], (out, stride))
    };
}
