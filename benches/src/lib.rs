//! Benchmarks of sptx and comparisons with its peers.
//!
//! `cargo bench -p sptx-benches` times scores and steps of some models, compiled and interpreted. `cargo run --release -p
//! sptx-benches --bin epoch -- --data DIR` times an epoch in SparseTransX's regime, and prints what a rival's script does.
