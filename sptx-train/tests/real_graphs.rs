//! The public benchmark graphs, where they are at hand: in `../shared/data`, or where `SPTX_DATA` says.

mod common;

use std::path::PathBuf;

use common::{Function, skip};
use sptx_train::{Dataset, EvaluateOptions, Evaluator, Split};

/// Name, entities, relations, and the triples of train, valid and test.
const GRAPHS: [(&str, usize, usize, [usize; 3]); 5] = [
    ("fb15k-237", 14_541, 237, [272_115, 17_535, 20_466]),
    ("wn18rr", 40_943, 11, [86_835, 3_034, 3_134]),
    ("wn18", 40_943, 18, [141_442, 5_000, 5_000]),
    ("umls", 135, 46, [5_216, 652, 661]),
    ("nations", 14, 55, [1_592, 199, 201]),
];

fn load(name: &str) -> Option<Dataset> {
    let near = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("SPTX_DATA").map_or_else(near, PathBuf::from).join(name);
    if !folder.is_dir() {
        skip("data", &format!("no folder {}", folder.display()));
        return None;
    }
    Some(Dataset::load(folder).expect("a dataset"))
}

#[test]
fn counts_are_the_published_ones() {
    for (name, entities, relations, splits) in GRAPHS {
        let Some(dataset) = load(name) else { continue };
        assert_eq!((dataset.entities().len(), dataset.relations().len()), (entities, relations), "{name}");
        assert_eq!(Split::ALL.map(|split| dataset.split(split).len()), splits, "{name}");
    }
}

#[test]
fn strangers_stay() {
    let Some(dataset) = load("fb15k-237") else { return };
    // 36 entities are in valid and test only, 29 of them in test: a known trait of this graph.
    assert_eq!(dataset.unseen_entities().len(), 36);
    assert_eq!(dataset.summary().test.also_in_train, 0);
}

#[test]
fn a_constant_model_is_no_good_on_a_real_graph() {
    let Some(dataset) = load("umls") else { return };
    let scorer = Function { entities: 135, score: |_, _, _| 1.0 };
    let metrics =
        Evaluator::new(&dataset).evaluate(&scorer, Split::Test, &EvaluateOptions::default()).expect("metrics");
    assert_eq!(metrics.both.optimistic.mean_reciprocal_rank, 1.0);
    assert!(metrics.both.realistic.mean_reciprocal_rank < 0.05, "{:?}", metrics.both.realistic);
}
