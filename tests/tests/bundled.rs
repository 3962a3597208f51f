//! The bundled graph is what its facts give, and nothing in it leaks from one split to another.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sptx/data/countries")
}

fn triples(split: &str) -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(folder().join(split)).expect("the graph is bundled");
    let parse = |line: &str| {
        let mut words = line.split('\t').map(str::to_owned);
        std::array::from_fn(|_| words.next().expect("three columns"))
    };
    text.lines().map(parse).collect()
}

#[test]
fn splits_are_what_the_facts_give() {
    let script = folder().join("generate.py");
    match Command::new("python3").arg(&script).arg("--check").output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            let required =
                std::env::var("SPTX_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "python"));
            assert!(!required, "python3 is required: {error}");
            println!("SKIPPED (python): {error}");
        }
    }
}

/// No held-out triple has its two ends related, either way round, in training.
#[test]
fn no_inverse_leaks() {
    let train = triples("train.txt");
    let known: HashSet<(&str, &str)> = train.iter().map(|[head, _, tail]| (head.as_str(), tail.as_str())).collect();
    let entities: HashSet<&str> = train.iter().flat_map(|[head, _, tail]| [head.as_str(), tail.as_str()]).collect();
    assert!((3_000..=8_000).contains(&(train.len() + triples("valid.txt").len() + triples("test.txt").len())));
    for split in ["valid.txt", "test.txt"] {
        for [head, relation, tail] in triples(split) {
            let (head, tail) = (head.as_str(), tail.as_str());
            assert!(!known.contains(&(head, tail)) && !known.contains(&(tail, head)), "{head} {relation} {tail}");
            assert!(entities.contains(head) && entities.contains(tail), "{head} {relation} {tail}");
        }
    }
}
