//! `sptx search`: what comes out, and that it comes out whatever happens on the way.

use serde_json::Value;

use super::support::{Folder, Ran, lines, signal};

const BASE: &str = "data = \"toy\"\ndim = 16\nbatch_size = 8\nnegatives = 4\nmodel.name = \"complex\"\n\
                    [validation]\nevery = 20\n[checkpoint]\nevery = 15\n";
const HALVING: &str = "[search]\ntrials = 8\nstrategy = \"successive-halving\"\nmin_epochs = 40\nmax_epochs = 160\n\
                       eta = 2\n[search.space]\n\
                       \"optimizer.learning_rate\" = { low = 1e-3, high = 0.3, scale = \"log\" }\n\
                       \"loss.name\" = [\"logistic\", \"margin\"]\n";

fn prepared(search: &str) -> Folder {
    let folder = Folder::new();
    folder.toy();
    folder.write("space.toml", &format!("{BASE}{search}"));
    folder
}

/// What a leaderboard says, but for the seconds.
fn leaderboard(folder: &Folder, search: &str) -> Value {
    let text = folder.read(&format!("{search}/leaderboard.json"));
    let mut value: Value = serde_json::from_slice(&text).expect("JSON");
    value["trials"].as_array_mut().expect("a list").iter_mut().for_each(|trial| drop(trial["seconds"].take()));
    value
}

#[test]
fn the_best_settings_are_found_and_can_be_trained() {
    let folder = prepared(HALVING);
    let ran = folder.run("search space.toml");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in ["learning_rate", "mean_reciprocal_rank", "sptx train --config searches/space/best.toml"] {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
    for part in
        ["successive halving, 8 trials", "after 40, 80, 160 epochs", "trial 0 (1 of 14, to epoch 40): loss.name"]
    {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
    let board = leaderboard(&folder, "searches/space");
    let trials = board["trials"].as_array().expect("a list");
    assert_eq!(trials.len(), 8);
    let values: Vec<f64> = trials.iter().filter_map(|trial| trial["value"].as_f64()).collect();
    assert!(values.len() == 8 && values.is_sorted_by(|a, b| a >= b), "the best first: {values:?}");
    assert_eq!(lines(&folder.path("searches/space/leaderboard.jsonl")), 14, "8, 4 and 2 stints");
    let summary = folder.json("search space.toml --json -q");
    assert_eq!((&summary["ended"], &summary["trials"][0]["value"]), (&"finished".into(), &trials[0]["value"]));
    folder.succeed("train --config searches/space/best.toml --out again -q");
    let best = format!("searches/space/trials/{:04}", trials[0]["trial"].as_u64().expect("a number"));
    assert_eq!(folder.read("again/embeddings.safetensors"), folder.read(&format!("{best}/embeddings.safetensors")));
    let metrics = |run: &str| serde_json::from_slice::<Value>(&folder.read(&format!("{run}/metrics.json")));
    assert!(metrics("again").expect("JSON")["test"].is_object());
    assert_eq!(metrics(&best).expect("JSON"), serde_json::json!({}), "no trial looks at the test split");
    folder.succeed(&format!("eval {best}"));
}

#[test]
fn a_search_is_a_function_of_its_seed() {
    let folder = prepared(HALVING);
    for out in ["one", "two"] {
        folder.succeed(&format!("search space.toml -q --out {out}"));
    }
    assert_eq!(leaderboard(&folder, "one"), leaderboard(&folder, "two"));
    folder.write("space.toml", &format!("{BASE}{}", HALVING.replace("trials = 8", "trials = 8\nseed = 1")));
    folder.succeed("search space.toml -q --out three");
    assert_ne!(leaderboard(&folder, "one"), leaderboard(&folder, "three"));
}

#[test]
fn interrupted_and_killed_searches_end_with_the_same_leaderboard() {
    let folder = prepared(HALVING);
    folder.succeed("search space.toml -q --out whole");
    let stints = folder.path("parts/leaderboard.jsonl");
    for (count, name) in [(1, "INT"), (3, "KILL"), (6, "TERM"), (9, "KILL"), (12, "KILL")] {
        let child = folder.start("search space.toml -q --out parts", || lines(&stints) >= count);
        signal(&child, name);
        let ran = Ran::from(child.wait_with_output().expect("the command ends"));
        assert_ne!(ran.code, Some(0), "{name} came too late: {ran:?}");
        assert!(name == "KILL" || ran.err.contains("go on with the same command"), "{ran:?}");
        assert!(!folder.path("parts/best.toml").exists());
    }
    let ran = folder.run("search space.toml --out parts");
    assert!(ran.code == Some(0) && ran.err.contains(" of 14 stints"), "{ran:?}");
    assert_eq!(leaderboard(&folder, "parts"), leaderboard(&folder, "whole"));
    assert_eq!(folder.read("parts/best.toml"), folder.read("whole/best.toml"));
    let (parts, whole) = (folder.list("parts/trials"), folder.list("whole/trials"));
    assert_eq!(parts, whole);
    for trial in parts {
        let embeddings = |search: &str| folder.read(&format!("{search}/trials/{trial}/embeddings.safetensors"));
        assert_eq!(embeddings("parts"), embeddings("whole"), "{trial}");
    }
}

#[test]
fn a_dry_run_lists_the_trials_and_leaves_nothing() {
    let folder = prepared("[search]\ntrials = 9\n[search.space]\nbatch_size = [0, 8]\n\"model.choices.p\" = [1, 2]\n");
    let before = folder.list("");
    let table = folder.succeed("search space.toml --dry-run");
    assert!(table.contains("`batch_size` must be at least 1; it is 0"), "{table}");
    let trials = folder.json("search space.toml --dry-run --json");
    let trials = trials.as_array().expect("a list");
    assert_eq!(trials.len(), 4, "the space has no more");
    assert_eq!(trials.iter().filter(|trial| trial["mistake"].is_null()).count(), 2);
    assert_eq!(folder.list(""), before);
}

#[test]
fn failed_trials_have_a_reason_and_a_search_of_nothing_else_fails() {
    let folder = prepared("[search]\n[search.space]\n\"model.name\" = [\"distmult\", \"mine.sptx\"]\nepochs = [20]\n");
    folder
        .write("mine.sptx", "score! { pub Mine { entity { v: real[d] } score = sum(exp(exp(9 * h.v + 9 * t.v))); } }");
    let table = folder.succeed("search space.toml -q");
    assert!(table.contains("failed: epoch 1, batch 1: the loss is"), "{table}");
    assert_eq!(leaderboard(&folder, "searches/space")["trials"][0]["settings"]["model.name"], "distmult");
    folder.write("bad.toml", &format!("{BASE}[search]\n[search.space]\n\"model.choices.norm\" = [1, 2]\n"));
    let ran = folder.run("search bad.toml -q");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("searches/bad: no trial has a value"), "{ran:?}");
    assert!(
        ran.out.contains("ComplEx has no choice `norm`") && !folder.path("searches/bad/best.toml").exists(),
        "{ran:?}"
    );
}

#[test]
fn mistakes_are_found_before_anything_is_made() {
    let folder = prepared("");
    let before = folder.list("");
    let check = |text: &str, messages: &[&str]| {
        folder.write("space.toml", text);
        let ran = folder.run("search space.toml");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        messages.iter().for_each(|message| assert!(ran.err.contains(message), "{message:?} in {}", ran.err));
        assert_eq!(folder.list(""), before);
    };
    let with = |space: &str| format!("{BASE}[search]\n[search.space]\n{space}\n");
    check(BASE, &["space.toml:10:1: there is no `[search]` section"]);
    check(&with("dmi = [8]"), &["space.toml:12:1: there is no key `dmi`; did you mean `dim`?"]);
    check(&with("dim = { low = 9, high = 8 }"), &["goes from 9 down to 8; swap `low` and `high`"]);
    check(
        &with("dim = [8]").replace("complex", "complexx"),
        &["no model is named `complexx`; did you mean `complex`?"],
    );
    check(&with("dim = [8]").replace("toy", "nowhere"), &["nowhere: there is no such folder"]);
    check(&with("dim = [8]").replace("dim = 16", "threads = 5000"), &["`threads` must be at most 1024"]);
    folder.write("toy/valid.txt", "");
    check(&with("dim = [8]"), &["no triples to validate"]);
    let ran = folder.run("search absent.toml");
    assert!(ran.code == Some(1) && ran.err.contains("absent.toml: cannot read"), "{ran:?}");
}

#[test]
fn the_example_is_a_space() {
    let folder = Folder::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../recipes/search/example.toml");
    let trials = folder.json(&format!("search {example} --dry-run --json"));
    let trials = trials.as_array().expect("a list");
    assert!(trials.len() == 18 && trials.iter().all(|trial| trial["mistake"].is_null()), "{trials:?}");
}
