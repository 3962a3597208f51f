//! Files of questions.

use serde_json::Value;

use super::support::{Folder, Ran, trained};

const QUESTIONS: &str = "e0\tstep1\t?\n?\tstep1\te1\n\ne0\t?\te1\n";

fn asked() -> Folder {
    let folder = trained();
    folder.write("q.tsv", QUESTIONS);
    folder
}

#[test]
fn answers_between_tabs() {
    let folder = asked();
    let out = folder.succeed("predict run --queries q.tsv --top 3");
    let rows: Vec<Vec<&str>> = out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["head", "relation", "tail", "rank", "answer", "score", "known", "itself"]);
    let questions: Vec<[&str; 4]> = rows[1..].iter().map(|row| [row[0], row[1], row[2], row[3]]).collect();
    let expected = [
        ["e0", "step1", "?", "1"],
        ["e0", "step1", "?", "2"],
        ["e0", "step1", "?", "3"],
        ["?", "step1", "e1", "1"],
        ["?", "step1", "e1", "2"],
        ["?", "step1", "e1", "3"],
        ["e0", "?", "e1", "1"],
        ["e0", "?", "e1", "2"],
    ];
    assert_eq!(questions, expected);
    assert!(rows.iter().any(|row| row[..3] == ["e0", "step1", "?"] && row[4] == "e1" && row[6] == "train"), "{out}");
    assert!(rows[1..].iter().all(|row| row.len() == 8 && row[5].parse::<f32>().is_ok()));
}

#[test]
fn answers_are_those_of_single_questions() {
    let folder = asked();
    let lines = folder.succeed("predict run --queries q.tsv --top 5 --json");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let single = [
        "predict run --head e0 --relation step1 --top 5 --json",
        "predict run --relation step1 --tail e1 --top 5 --json",
        "predict run --head e0 --tail e1 --top 5 --json",
    ];
    assert_eq!(lines, single.map(|line| folder.json(line)));
    let new = folder.succeed("predict run --queries q.tsv --exclude-known --exclude-self --json");
    assert!(!new.contains("\"train\"") && !new.contains("\"itself\":true"), "{new}");
}

#[test]
fn standard_input_and_a_file_for_the_answers() {
    let folder = asked();
    let expected = folder.succeed("predict run --queries q.tsv");
    let Ran { code, out, .. } = folder.run_with("predict run --queries -", QUESTIONS);
    assert_eq!((code, out), (Some(0), expected.clone()));
    assert_eq!(folder.succeed("predict run --queries q.tsv --out answers.tsv"), "");
    assert_eq!(folder.read("answers.tsv"), expected.as_bytes());
    assert!(!folder.list(".").iter().any(|name| name.contains("unfinished")), "{:?}", folder.list("."));
}

#[test]
fn more_questions_than_a_batch() {
    let folder = trained();
    let lines: Vec<String> = (0..5000).map(|i| format!("e{}\tstep{}\t?\n", i % 24, i % 2 + 1)).collect();
    folder.write("q.tsv", &lines.concat());
    let out = folder.succeed("predict run --queries q.tsv --top 1");
    // The last bits of a score may depend on what else is asked with it; the rest of a line may not.
    let answer = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let score: f64 = columns[5].parse().expect("a score");
        ([&columns[..5], &columns[6..]].concat().join(" "), score)
    };
    let answers: Vec<(String, f64)> = out.lines().skip(1).map(answer).collect();
    assert_eq!(answers.len(), 5000);
    for (first, again) in answers.iter().zip(&answers[24..]) {
        assert_eq!(first.0, again.0, "the same question has the same answer");
        assert!((first.1 - again.1).abs() <= 1e-5 * (1.0 + first.1.abs()), "{first:?}, {again:?}");
    }
}

#[test]
fn mistakes_have_a_line_and_leave_the_old_file() {
    let folder = asked();
    folder.write("answers.tsv", "old");
    for (text, message) in [
        ("e0\tstep1\t?\ne0\tstpe1\t?\n", "error: q.tsv:2:4: no relation is named `stpe1`; did you mean `step1`?\n"),
        (
            "e0\tstep1\te1\n",
            "error: q.tsv:1: expected one `?`, found 0; write `?` for the one part that is asked for\n",
        ),
    ] {
        folder.write("q.tsv", text);
        let ran = folder.run("predict run --queries q.tsv --out answers.tsv");
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), message));
        assert_eq!(folder.read("answers.tsv"), b"old");
    }
    let ran = folder.run_with("predict run --queries -", "e0\tstep1\n");
    assert!(ran.err.contains("standard input:1: expected 3 tab-separated columns"), "{ran:?}");
    let ran = folder.run("predict run --queries none.tsv");
    assert!(ran.code == Some(1) && ran.err.contains("none.tsv: cannot read"), "{ran:?}");
    let ran = folder.run("predict run --queries q.tsv --out toy");
    assert!(ran.code == Some(1) && ran.err.contains("toy: is a folder; name a file in it"), "{ran:?}");
    let ran = folder.run("predict run --queries q.tsv --head e0");
    assert_eq!(ran.code, Some(2), "{ran:?}");
}
