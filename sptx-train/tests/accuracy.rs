//! What the default settings reach on `umls`, where it is at hand: in `../shared/data`, or where `SPTX_DATA` says.

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use common::runs::model;
use sptx_train::{Config, Dataset, RankMetrics, Silent, Split, Trainer};

fn test_metrics(name: &str) -> Option<RankMetrics> {
    let near = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("SPTX_DATA").map_or_else(near, PathBuf::from).join("umls");
    if !folder.is_dir() {
        common::skip("data", &format!("no folder {}", folder.display()));
        return None;
    }
    let dataset = Arc::new(Dataset::load(folder).expect("a dataset"));
    let mut trainer = Trainer::new(model(name), dataset, Config::defaults_for(name)).expect("a trainer");
    trainer.train(&mut Silent).expect("trained");
    Some(trainer.finish(None).expect("metrics")[&Split::Test].both.realistic)
}

#[test]
fn transe_hits_at_10() {
    let Some(metrics) = test_metrics("transe") else { return };
    assert!(metrics.hits_at_10 >= 0.95, "{metrics:?}");
}

#[test]
fn complex_mean_reciprocal_rank() {
    let Some(metrics) = test_metrics("complex") else { return };
    assert!(metrics.mean_reciprocal_rank >= 0.88, "{metrics:?}");
}

#[test]
fn a_model_in_the_unit_ball_learns() {
    let Some(metrics) = test_metrics("transd") else { return };
    assert!(metrics.hits_at_10 >= 0.85, "{metrics:?}");
}
