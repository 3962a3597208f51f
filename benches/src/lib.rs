//! Benchmarks of sptx and comparisons with its peers.
