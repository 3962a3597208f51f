//! Benchmarks of sptx and comparisons with its peers.
//!
//! `cargo bench -p sptx-benches` times scores and steps of some models, compiled and interpreted. `cargo run --release -p
//! sptx-benches --bin epoch -- --data DIR` times an epoch in SparseTransX's regime, and prints what a rival's script does.
//!
//! `cargo bench -p sptx-benches --bench ranks` times what ranking costs beside scoring. `benches/python/pykeen_eval.py`
//! evaluates one model by PyKEEN and by `sptx eval`, in turns; its first lines say how to run it. `cargo run --release -p
//! sptx-benches --bin synthetic -- --entities 2000000 --out DIR` writes a graph of any size, with skewed degrees.
//! GPU kernels are measured beside copies and rivals by `sptx gpu-check --part measure,rivals`.
