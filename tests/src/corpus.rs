//! The scores that every engine is tried on: the zoo with all its choices, and random ones.

use std::path::{Path, PathBuf};

use sptx_codegen::ir::{Gradient, Score};
use sptx_codegen::{compile, sema, syntax};
use sptx_runtime::program::Model;

/// Every zoo model, with every combination of its choices.
///
/// # Panics
/// When a declaration does not compile.
pub fn zoo() -> Vec<Score> {
    scores_in("../kernels-generated/models")
}

/// Every model of `tests/models`, with every combination of its choices.
///
/// # Panics
/// When a declaration does not compile.
pub fn papers() -> Vec<Score> {
    scores_in("models")
}

fn scores_in(folder: &str) -> Vec<Score> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sptx"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the folder holds models");
    files.iter().flat_map(|path| scores_of(path)).collect()
}

fn scores_of(path: &Path) -> Vec<Score> {
    let text = std::fs::read_to_string(path).expect("a model can be read");
    let file = syntax::parse_str(&path.display().to_string(), &text).unwrap_or_else(|errors| panic!("{errors}"));
    let variants = sema::analyze_every_choice(&file).unwrap_or_else(|errors| panic!("{errors}"));
    variants.into_iter().flatten().collect()
}

/// Random well-typed scores: `count` of them, or as many as the variable `SPTX_SEEDS` says, for a longer search.
pub fn some_random_scores(count: u64) -> Vec<Score> {
    let asked = std::env::var("SPTX_SEEDS").ok().and_then(|text| text.parse().ok());
    random_scores(0..asked.unwrap_or(count))
}

/// Random well-typed scores, one per seed.
pub fn random_scores(seeds: std::ops::Range<u64>) -> Vec<Score> {
    seeds.map(sptx_codegen::testing::random_score).collect()
}

/// A score's gradient and program.
pub fn lowered(declared: &Score) -> (Gradient, Model) {
    let compiled = compile(declared.clone());
    let model = compiled.program();
    (compiled.gradient, model)
}
