//! Everything a user can get wrong: a clear message, an exit code, and nothing left behind.

use std::process::Command;

use super::support::{Folder, Ran};

/// Runs a line that must fail with a code and messages, and leave the folder as it was.
fn check(folder: &Folder, line: &str, code: i32, messages: &[&str]) {
    let before = folder.list("");
    let ran = folder.run(line);
    assert_eq!(ran.code, Some(code), "sptx {line}: {ran:?}");
    for message in messages {
        assert!(ran.err.contains(message), "sptx {line}: no {message:?} in\n{}", ran.err);
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert_eq!(folder.list(""), before, "sptx {line} left something");
}

fn model(statements: &str) -> String {
    format!("score! {{\n    pub Mine {{\n{statements}\n    }}\n}}\n")
}

#[test]
fn models() {
    let folder = Folder::new();
    let tables = "entity { v: real[d] }\nrelation { v: real[d], w: real[k] }\n";
    folder.write("slot.sptx", &model(&format!("{tables}score = dot(h.v + r.u, t.v) + sum(r.w) + sum(r.v);")));
    check(&folder, "train slot.sptx", 1, &["error: ", "slot.sptx:5:", "`u`", "help: "]);
    folder.write("dimension.sptx", &model(&format!("{tables}score = dot(h.v + r.w, t.v) + sum(r.v);")));
    check(&folder, "explain dimension.sptx", 1, &["error: ", "dimension.sptx:5:", "^"]);
    folder.write("vector.sptx", &model("entity { v: real[d] }\nscore = h.v * t.v;"));
    check(&folder, "check vector.sptx", 1, &["error: ", "vector.sptx:4:", "help: "]);
    folder.write("two.sptx", &model("entity { v: real[d], u: real[d] }\nscore = dot(h.x, t.y);"));
    let ran = folder.run("check two.sptx");
    assert!(ran.err.matches("error: ").count() >= 2, "every mistake is told at once: {}", ran.err);
    folder.write("empty.sptx", "");
    check(&folder, "explain empty.sptx", 1, &["no score is declared here"]);
    check(&folder, "check absent.sptx", 1, &["error: absent.sptx: cannot read: No such file"]);
    check(&folder, "train trnase", 1, &["no model is named `trnase`; did you mean `transe`?", "`sptx models`"]);
    std::fs::write(folder.path("bytes.sptx"), b"score! {\n  \xff }").expect("the file");
    check(&folder, "check bytes.sptx", 1, &["error: bytes.sptx:2:3: the file is not UTF-8"]);
    folder.write("large.sptx", &model("entity { v: real[4000000000] }\nscore = dot(h.v, t.v);"));
    check(&folder, "check large.sptx", 1, &["large.sptx:3:18", "4000000000 is too large", "the largest is 1048576"]);
    folder.write(
        "matrix.sptx",
        &model("entity { v: real[1048576], m: real[1048576, 1048576] }\nscore = bilinear(h.v, h.m, t.v);"),
    );
    check(&folder, "check matrix.sptx", 1, &["too many to check", "help: "]);
    folder.write("long.sptx", &model(&format!("entity {{ v: real[d] }}\nscore = {} dot(h.v, t.u);", "0 +".repeat(60))));
    let ran = folder.run("check long.sptx");
    assert!(ran.err.contains("no table `u`") && ran.err.lines().all(|line| line.chars().count() < 250), "{ran:?}");
    check(&folder, "explain transe --set norm=3", 1, &["`norm` cannot be 3", "its values are 1, 2"]);
    check(&folder, "explain transe --set nrom=1", 1, &["TransE has no choice `nrom`; it has `norm`, `power`"]);
    check(&folder, "explain simple --dim 7", 1, &["must be even; it is 7: try 8"]);
    check(&folder, "explain transr --dim d=4", 1, &["dimension `k` of TransR has no size"]);
    check(&folder, "check transe --dim 0", 1, &["dimension `d` must be at least 1"]);
    check(&folder, "train transe --set model.choices.norm=7 --epochs 1", 1, &["`norm` cannot be 7"]);
    check(&folder, "train transe --set model.parameters.gamma=7 --epochs 1", 1, &["has no parameter `gamma`"]);
}

#[test]
fn data() {
    let folder = Folder::new();
    check(&folder, "train --data nowhere", 1, &["nowhere: there is no such folder", "train.txt"]);
    folder.write("strange/notes.md", "");
    check(&folder, "train --data strange", 1, &["no dataset here: expected", "found notes.md"]);
    folder.write("ragged/train.txt", "a\tr\tb\na r b\n");
    check(&folder, "train --data ragged", 1, &["train.txt:2: expected 3 tab-separated columns", "spaces?"]);
    folder.write("none/train.txt", "");
    check(&folder, "train --data none", 1, &["no triples to train on"]);
    check(&folder, "eval nowhere", 1, &["error: nowhere: no run here"]);
    check(&folder, "predict strange --head a --relation b", 1, &["error: strange: no run here"]);
    check(&folder, "train --resume strange", 1, &["error: strange: no run here"]);
}

#[test]
fn settings() {
    let folder = Folder::new();
    folder.write("run.toml", "epochs = 7\nbatchsize = 3\n");
    check(
        &folder,
        "train --config run.toml",
        1,
        &["run.toml:2:1: unknown field `batchsize`", "did you mean `batch_size`?"],
    );
    folder.write("type.toml", "epochs = \"many\"\n");
    check(&folder, "train --config type.toml", 1, &["type.toml:1:10"]);
    check(&folder, "train --config absent.toml", 1, &["absent.toml: cannot read"]);
    check(&folder, "train --set learning_rate=1", 1, &["did you mean `optimizer.learning_rate`?"]);
    check(&folder, "train --epochs many", 1, &["`epochs` must be a whole number; `many` is not"]);
    check(&folder, "train --dim=-1", 1, &["`dim` must be a whole number from 0 to"]);
    check(&folder, "predict run --head a --tail b --top 0", 2, &["0 is not in 1.."]);
    check(&folder, "train --loss hinge", 1, &["`loss.name` must be", "`hinge` is not"]);
    check(&folder, "train --batch-size 0", 1, &["`batch_size` must be at least 1; it is 0"]);
    check(&folder, "train --device gpu", 1, &["no device is named `gpu`", "models train on: auto, cpu"]);
    check(&folder, "train --set device=gpu", 1, &["`device` must be `auto`, `cpu`, `wgpu` or `cuda`"]);
    check(&folder, "train rescal --dim 1000000", 1, &["more than there is; lower `dim`"]);
    check(&folder, "train --threads 100000", 1, &["`threads` must be at most 1024"]);
    check(&folder, "explain transe --dim 99999999", 2, &["is too large"]);
    check(&folder, "check transe --dim d=", 2, &["is not a whole number"]);
    check(&folder, "train --resume run --out other", 2, &["cannot be used with"]);
    check(&folder, "trian", 2, &["train"]);
    check(&folder, "completions tcsh", 2, &["bash"]);
    check(&folder, "eval run --split all", 2, &["no split is named `all`; expected `train`, `valid` or `test`"]);
}

#[test]
fn folders() {
    let folder = Folder::new();
    folder.toy();
    folder.write("file", "");
    check(
        &folder,
        "train --data toy --epochs 1 --out file/run",
        1,
        &["file/run: cannot write", "choose another folder"],
    );
    folder.write("mine/thesis.txt", "");
    check(&folder, "train --data toy --epochs 1 --out mine", 1, &["holds no run", "thesis.txt"]);
    folder.succeed("train --data toy --epochs 1 --dim 4 --out run -q");
    check(&folder, "train --data toy --epochs 1 --out run", 1, &["the folder holds a run already"]);
}

#[test]
fn a_loss_that_is_not_a_number() {
    let folder = Folder::new();
    folder.toy();
    folder.write("mine.sptx", &model("entity { v: real[d] }\nscore = sum(exp(exp(9 * h.v + 9 * t.v)));"));
    let ran = folder.run("train mine.sptx --data toy --dim 4 --epochs 2 --out run -q");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("epoch 1, batch 1: the loss is") && ran.err.contains("learning_rate"), "{ran:?}");
    assert!(ran.err.contains("`where max_norm(1)`"), "a mend in the language's own words: {ran:?}");
    let files = folder.list("run");
    assert!(!files.iter().any(|name| name.contains("embeddings") || name.contains("tmp")), "{files:?}");
}

/// A limit on the size of files stands in for a full disk: both fail in the middle of a write.
#[test]
fn a_disk_that_fills_up() {
    let folder = Folder::new();
    folder.toy();
    let line = "train distmult --data toy --dim 256 --epochs 2 --out run -q";
    let script = format!("trap '' XFSZ; ulimit -f 16; exec {} {line}", env!("CARGO_BIN_EXE_sptx"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path("")).output();
    let ran = Ran::from(output.expect("a shell"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("run/") && ran.err.contains("cannot write"), "{ran:?}");
    let files = folder.list("run");
    assert!(!files.iter().any(|name| name.contains("embeddings") || name.contains("tmp")), "{files:?}");
    folder.succeed("train --resume run -q");
    folder.succeed("eval run");
}
