//! Runs that have ended: evaluating them and asking them.

use super::support::{Folder, trained};

#[test]
fn metrics_of_every_split() {
    let folder = trained();
    assert!(folder.succeed("eval run").contains("test, filtered"));
    let filtered = folder.json("eval run --split train --json");
    let raw = folder.json("eval run --split train --raw --json");
    assert_eq!(
        (&filtered["count"], &filtered["filtered"], &raw["filtered"]),
        (&40.into(), &true.into(), &false.into())
    );
    let rank = |metrics: &serde_json::Value| metrics["both"]["realistic"]["mean_rank"].as_f64().expect("a number");
    assert!(rank(&filtered) <= rank(&raw));
    let table = folder.succeed("eval run --by-relation");
    assert!(table.contains("step2") && table.contains("1-1"), "{table}");
    let kept: serde_json::Value = serde_json::from_slice(&folder.read("run/metrics.json")).expect("JSON");
    assert_eq!(kept["test"], folder.json("eval run --json"), "evaluating again gives the same numbers");
}

#[test]
fn tails_heads_and_relations_with_known_facts_marked() {
    let folder = trained();
    let tails = folder.json("predict run --head e0 --relation step1 --top 3 --json");
    let answers = tails["answers"].as_array().expect("a list");
    assert_eq!((answers.len(), &tails["tail"]), (3, &serde_json::Value::Null));
    let known = |answers: &serde_json::Value, name: &str| {
        let answers = answers["answers"].as_array().expect("a list").iter();
        answers.clone().find(|answer| answer["name"] == name).map(|answer| answer["known"].clone())
    };
    assert_eq!(known(&tails, "e1"), Some("train".into()), "{tails}");
    assert!(answers[0]["score"].as_f64() >= answers[1]["score"].as_f64());
    let heads = folder.json("predict run --relation step1 --tail e1 --top 3 --json");
    assert_eq!(known(&heads, "e0"), Some("train".into()), "{heads}");
    let relations = folder.json("predict run --head e0 --tail e1 --json");
    assert_eq!(relations["answers"].as_array().map(Vec::len), Some(2), "there are two relations");
    assert!(folder.succeed("predict run --head e0 --relation step1").contains("in train"));
    let new = folder.json("predict run --head e0 --relation step1 --exclude-known --top 24 --json");
    let new = new["answers"].as_array().expect("a list");
    assert!(new.iter().all(|answer| answer["known"].is_null() && answer["name"] != "e1"));
    assert_eq!(new.len(), 23);
}

#[test]
fn names_that_are_not_known_have_a_suggestion() {
    let folder = trained();
    let ran = folder.run("predict run --head e0 --relation stpe1");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), "error: no relation is named `stpe1`; did you mean `step1`?\n"));
    let ran = folder.run("predict run --head e0");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("two of `--head`, `--relation` and `--tail`"));
}

#[test]
fn the_entity_of_the_question_is_marked_or_left_out() {
    let folder = trained();
    let all = folder.json("predict run --head e0 --relation step1 --top 30 --json");
    let all = all["answers"].as_array().expect("a list");
    let marked: Vec<_> = all.iter().filter(|answer| answer["itself"] == true).collect();
    assert_eq!((all.len(), marked.len(), &marked[0]["name"]), (24, 1, &"e0".into()));
    assert!(all.iter().enumerate().all(|(index, answer)| answer["rank"] == index + 1));
    assert!(folder.succeed("predict run --head e0 --relation step1 --top 30").contains("itself"));
    let others = folder.json("predict run --head e0 --relation step1 --top 30 --json --exclude-self");
    let names = |answers: &[serde_json::Value]| answers.iter().map(|answer| answer["name"].clone()).collect::<Vec<_>>();
    let mut expected = names(all);
    expected.retain(|name| name != "e0");
    assert_eq!(names(others["answers"].as_array().expect("a list")), expected);
    let best = folder.json("predict run --head e0 --relation step1 --top 3 --json --exclude-self");
    assert_eq!(names(best["answers"].as_array().expect("a list")), expected[..3]);
}

#[test]
fn neighbours_by_either_metric() {
    let folder = trained();
    let near = folder.json("neighbours run e0 --metric l2 --count 30 --json");
    let list = near["neighbours"].as_array().expect("a list");
    assert_eq!((&near["entity"], &near["metric"], list.len()), (&"e0".into(), &"l2".into(), 23));
    assert!(list.iter().all(|near| near["name"] != "e0"));
    assert!(list.is_sorted_by_key(|near| near["value"].as_f64()));
    let near = folder.json("neighbours run e0 --json");
    let list = near["neighbours"].as_array().expect("a list");
    assert_eq!((&near["metric"], list.len()), (&"cosine".into(), 10));
    assert!(list[0]["value"].as_f64() >= list[9]["value"].as_f64() && list[0]["value"].as_f64() <= Some(1.0001));
    assert_eq!(folder.succeed("neighbors run e0 --count 2").lines().count(), 4);
    let ran = folder.run("neighbours run E17");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), "error: no entity is named `E17`; did you mean `e17`?\n"));
    let ran = folder.run("neighbours run e0 --metric l1");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("expected `cosine` or `l2`"), "{ran:?}");
}

#[test]
fn data_that_moved_or_changed() {
    let folder = trained();
    std::fs::rename(folder.path("toy"), folder.path("moved")).expect("moved");
    let ran = folder.run("eval run");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("there is no such folder") && ran.err.contains("name its folder with `--data`"),
        "{ran:?}"
    );
    folder.succeed("eval run --data moved");
    folder.write("moved/test.txt", "e0\tstep1\te5\n");
    let ran = folder.run("eval run --data moved");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("not the one that the run was trained on"), "{ran:?}");
}

#[test]
fn a_model_of_ones_own_is_kept_with_its_run() {
    let folder = Folder::new();
    folder.toy();
    let text = "score! { pub Mine { entity { v: real[d] } relation { v: real[d] } score = -sq_norm2(h.v + r.v - t.v); } }\n\
                score! { pub Other { entity { v: real[d] } relation { v: real[d] } score = dot(h.v * r.v, t.v); } }";
    folder.write("mine.sptx", text);
    let ran = folder.run("train mine.sptx --data toy");
    assert!(ran.err.contains("several scores are declared here; choose one, such as `mine.sptx#Mine`"), "{ran:?}");
    folder.succeed("train mine.sptx#Other --data toy --epochs 2 --dim 4 --out run -q");
    let before = folder.json("eval run --json");
    folder.write("mine.sptx", "score! { broken");
    assert_eq!(folder.json("eval run --json"), before, "the run has its own copy");
}
