//! The metrics against an independent, plain evaluation in Python.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Function, skip};
use serde_json::Value;
use sptx_train::{CandidateScorer, Dataset, EvaluateOptions, Evaluator, Purpose, Split, Stream, Vocabulary, bounded};

const ENTITIES: u32 = 40;
const RELATIONS: u32 = 6;
const WIDTH: usize = 4;

/// Vectors of eighths: sums and products of them are exact in f32, so both sides see the same scores and ties.
fn vectors(rows: u32, lane: u32) -> Vec<Vec<f32>> {
    let stream = Stream::new(1, Purpose::Initial);
    let value = |row, column| {
        let [high, low, _, _] = stream.block([row, column, lane], 0);
        (bounded([high, low], 5) as f32 - 2.0) / 8.0
    };
    (0..rows).map(|row| (0..WIDTH as u32).map(|column| value(row, column)).collect()).collect()
}

fn lines(lane: u32, count: u32) -> String {
    let stream = Stream::new(2, Purpose::Order);
    let line = |row| {
        let [a, b, c, d] = stream.block([row, 0, lane], 0);
        let [head, tail] = [bounded([a, b], ENTITIES), bounded([c, d], ENTITIES)];
        // Relations of low number have few tails, so that every category occurs.
        let relation = bounded([d, a], RELATIONS);
        let tail = if relation < 2 { tail % 4 } else { tail };
        let head = if relation.is_multiple_of(2) { head % 5 } else { head };
        format!("e{head}\trelation {relation}\te{tail}\n")
    };
    (0..count).map(line).collect()
}

fn names_tsv(names: &Vocabulary) -> String {
    names.iter().enumerate().map(|(id, name)| format!("{id}\t{name}\n")).collect()
}

fn safetensors(entities: &[Vec<f32>], relations: &[Vec<f32>]) -> Vec<u8> {
    let entity_bytes = entities.len() * WIDTH * 4;
    let relation_bytes = relations.len() * WIDTH * 4;
    let header = serde_json::json!({
        "entity.v": {"dtype": "F32", "shape": [entities.len(), WIDTH], "data_offsets": [0, entity_bytes]},
        "relation.v":
            {"dtype": "F32", "shape": [relations.len(), WIDTH], "data_offsets": [entity_bytes, entity_bytes + relation_bytes]},
    })
    .to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(entities.iter().chain(relations).flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn python() -> Option<&'static str> {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    found.then_some("python3")
}

fn reference(python: &str, folder: &Path, model: &str, split: Split, raw: bool) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/evaluate.py");
    let mut command = Command::new(python);
    command.arg(script).arg(folder).args(["--model", model, "--split", split.name()]);
    command.arg("--embeddings").arg(folder.join("model.safetensors"));
    command.arg("--entities").arg(folder.join("entities.tsv"));
    command.arg("--relations").arg(folder.join("relations.tsv"));
    command.args(raw.then_some("--raw"));
    let output = command.output().expect("python3 was found");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Compares two JSON trees, numbers nearly and all else exactly, and counts the numbers.
fn compare(ours: &Value, theirs: &Value, at: &str) -> usize {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{at}");
            let theirs = |key| theirs.get(key).unwrap_or_else(|| panic!("{at}: no {key} there"));
            ours.iter().map(|(key, value)| compare(value, theirs(key), &format!("{at}/{key}"))).sum()
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{at}: {a} here, {b} there");
            1
        }
        _ => {
            assert_eq!(ours, theirs, "{at}");
            0
        }
    }
}

#[test]
fn metrics_agree_with_python() {
    let Some(python) = python() else {
        return skip("python", "no python3 on the path");
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (split, count) in [(Split::Train, 150), (Split::Valid, 30), (Split::Test, 60)] {
        fs::write(folder.path().join(format!("{split}.txt")), lines(split as u32, count)).expect("a file");
    }
    let dataset = Dataset::load(folder.path()).expect("a dataset");
    let entities = vectors(dataset.entities().len() as u32, 0);
    let relations = vectors(dataset.relations().len() as u32, 1);
    fs::write(folder.path().join("model.safetensors"), safetensors(&entities, &relations)).expect("a file");
    fs::write(folder.path().join("entities.tsv"), names_tsv(dataset.entities())).expect("a file");
    fs::write(folder.path().join("relations.tsv"), names_tsv(dataset.relations())).expect("a file");

    let terms = |head: u32, relation: u32, tail: u32| {
        let [h, r, t] = [&entities[head as usize], &relations[relation as usize], &entities[tail as usize]];
        std::array::from_fn::<_, WIDTH, _>(|i| (h[i] + r[i] - t[i], h[i] * r[i] * t[i]))
    };
    let count = entities.len() as u32;
    let l1 = |h, r, t| -terms(h, r, t).iter().map(|term| term.0.abs()).sum::<f32>();
    let l2 = |h, r, t| -terms(h, r, t).iter().map(|term| term.0 * term.0).sum::<f32>().sqrt();
    let dot = |h, r, t| terms(h, r, t).iter().map(|term| term.1).sum::<f32>();
    let models: [(&str, &dyn CandidateScorer); 4] = [
        ("transe-l1", &Function { entities: count, score: l1 }),
        ("transe-l2", &Function { entities: count, score: l2 }),
        ("distmult", &Function { entities: count, score: dot }),
        ("constant", &Function { entities: count, score: |_, _, _| 0.0 }),
    ];
    let evaluator = Evaluator::new(&dataset);
    let mut compared = 0;
    for (name, scorer) in models {
        for (split, filtered) in [(Split::Test, true), (Split::Test, false), (Split::Valid, true)] {
            let options = EvaluateOptions { filtered, query_tile: 7, candidate_tile: 11, ..EvaluateOptions::default() };
            let ours = evaluator.evaluate(scorer, split, &options).expect("metrics");
            assert_eq!(ours.by_category.len(), 4, "{:?}", ours.by_category.keys());
            let ours = serde_json::to_value(ours).expect("JSON");
            let theirs = reference(python, folder.path(), name, split, !filtered);
            compared += compare(&ours, &theirs, name);
        }
    }
    assert!(compared > 4 * 3 * 45, "only {compared} numbers compared");
}
