//! The first thing anybody runs.

use super::support::Folder;

#[test]
fn without_arguments_the_bundled_graph_is_learned() {
    let folder = Folder::new();
    let ran = folder.run("train --epochs 12 --set validation.every=6");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in ["countries: 1910 entities, 29 relations, 5849 triples", "TransE, d = 64", "cpu", "compiled kernels"] {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
    for part in ["MRR", "Hits@10", "test", "?", "sptx predict runs/countries-transe-1 --head", "sptx eval runs/"] {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
    assert!(ran.err.contains("epoch 6/12"), "{}", ran.err);
    let files = folder.list("runs/countries-transe-1");
    for file in
        ["config.toml", "embeddings.safetensors", "entities.tsv", "manifest.json", "metrics.json", "trace.jsonl"]
    {
        assert!(files.iter().any(|it| it == file), "{file} in {files:?}");
    }
}

#[test]
fn a_second_run_has_a_folder_of_its_own() {
    let folder = Folder::new();
    folder.toy();
    for _ in 0..2 {
        folder.succeed("train distmult --data toy --epochs 2 --dim 4 -q");
    }
    assert_eq!(folder.list("runs"), ["toy-distmult-1", "toy-distmult-2"]);
}

#[test]
fn options_file_and_overrides_are_joined() {
    let folder = Folder::new();
    folder.toy();
    folder.write("settings/run.toml", "data = \"../toy\"\nepochs = 3\nbatch_size = 7\n[model]\nname = \"complex\"\n");
    let summary = folder.json(
        "train --config settings/run.toml --epochs 2 --dim 6 --negatives 3 --loss logistic --optimizer adagrad \
         --learning-rate 0.1 --seed 5 --threads 1 --set optimizer.weight_decay=1e-6 --out run --json -q",
    );
    assert_eq!((&summary["model"], &summary["epochs"]), (&"ComplEx".into(), &2.into()));
    assert!(summary["metrics"]["test"]["both"]["realistic"]["mean_reciprocal_rank"].is_number(), "{summary}");
    let config = String::from_utf8(folder.read("run/config.toml")).expect("UTF-8");
    for line in
        ["batch_size = 7", "dim = 6", "seed = 5", "name = \"adagrad\"", "weight_decay = 0.000001", "threads = 1"]
    {
        assert!(config.contains(line) || config.contains(&line.replace("0.000001", "1e-6")), "{line} in {config}");
    }
}

#[test]
fn a_model_named_beside_a_file_takes_its_place() {
    let folder = Folder::new();
    folder.toy();
    folder.write("run.toml", "data = \"toy\"\nepochs = 1\ndim = 4\n[model]\nname = \"complex\"\n");
    let summary = folder.json("train rotate --config run.toml --out run --json -q");
    assert_eq!(summary["model"], "RotatE");
    let config = String::from_utf8(folder.read("run/config.toml")).expect("UTF-8");
    assert!(config.contains("margin = 9.0"), "the defaults are those of the model that is trained: {config}");
}

#[test]
fn help_has_examples() {
    let folder = Folder::new();
    for verb in [
        "",
        "train",
        "eval",
        "predict",
        "neighbours",
        "search",
        "report",
        "export",
        "check",
        "explain",
        "compile",
        "devices",
        "models",
        "completions",
    ] {
        let help = folder.succeed(&format!("{verb} --help"));
        assert!(verb == "devices" || verb == "models" || help.contains("xample"), "{verb}: {help}");
    }
    assert!(folder.succeed("--help").contains("Exit codes: 0 done, 1 an error, 2 a mistake on the command line, 130"));
}
