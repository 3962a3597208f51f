//! The model zoo of sptx: declarations and the kernels compiled from them.
