//! What NVIDIA's driver exports, with [the PTX machine](sptx_ptx_machine) in the place of a GPU: a program that is given
//! this library as `libcuda.so` runs its CUDA code where there is no GPU. By a second name, `libcublas.so`, the same file
//! is cuBLAS.
//!
//! It has what sptx's device calls and no more. A kernel that does what it must not do ends like one on a GPU: with
//! `CUDA_ERROR_ILLEGAL_ADDRESS`, now and ever after; what it did is told on standard error. With `SPTX_STAND_IN_LAUNCHES`
//! the GPU falls off the bus after so many launches, with `SPTX_STAND_IN_BYTES` it has as much memory. A handle that was
//! destroyed, or is of another kind, is refused wherever it is handed in.
//!
//! | Variable | For instance | What it is |
//! |---|---|---|
//! | `SPTX_STAND_IN_CUDA` | `12080` | the driver's CUDA |
//! | `SPTX_STAND_IN_PTX` | `8.7` | the newest PTX that the driver takes |
//! | `SPTX_STAND_IN_CAPABILITY` | `7.5` | the GPU's compute capability |
//! | `SPTX_STAND_IN_GRAPHS` | `none` | the driver makes no graphs ready |
//! | `SPTX_STAND_IN_CUBLAS` | `broken` | products of matrices fail |
//! | `SPTX_STAND_IN_TRACE` | `1` | calls are told by name on standard error |

mod blas;
mod code;
mod event;
mod gpu;
mod graph;
mod handles;
mod interface;
mod module;
mod trace;

use std::io;
use std::path::{Path, PathBuf};

pub use blas::Status;
pub use code::Code;

/// A copy of this library as `libcuda.so` in a folder, for a program that was built beside it. The folder then goes into
/// the program's `LD_LIBRARY_PATH`.
///
/// # Errors
/// When this library was not built beside the program, or cannot be copied.
pub fn install(program: &Path, folder: &Path) -> io::Result<PathBuf> {
    let name = "libsptx_stand_in_cuda.so";
    let beside = program.parent().unwrap_or(Path::new("."));
    let places = [beside.join(name), beside.join("deps").join(name)];
    let library = places.into_iter().find(|place| place.is_file());
    let library = library.ok_or_else(|| io::Error::other(format!("{name} is not beside {}", program.display())))?;
    let copy = folder.join("libcuda.so");
    std::fs::copy(library, &copy)?;
    Ok(copy)
}

/// The same file by a second name, as `libcublas.so`, beside what [`install`] gave: both have one memory.
///
/// # Errors
/// When the folder cannot be written to.
pub fn install_cublas(library: &Path) -> io::Result<()> {
    std::fs::hard_link(library, library.with_file_name("libcublas.so"))
}
