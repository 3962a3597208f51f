//! What can go wrong with a run: each gives an error that says what to do, and leaves no broken file.

mod common;

use std::path::Path;

use common::runs::{StopAfter, begin, complete, config, graph, model, resume};
use sptx_train::{Config, Dataset, Error, Outcome, Result, RunError, RunFolder, Silent, Trainer};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn try_resume(config: Config, path: &Path) -> Result<Trainer> {
    Trainer::resume(model("transe"), graph(), config, RunFolder::open(path)?)
}

fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_run_that_diverges_stops_and_names_the_tables() {
    let run = folder();
    let mut config = config("complex");
    for setting in ["optimizer.name=sgd", "optimizer.learning_rate=1e30", "loss.reduction=sum", "loss.name=margin"] {
        config.set(setting).expect(setting);
    }
    let mut trainer = begin("complex", config, run.path());
    let error = trainer.train(&mut Silent).expect_err("it diverges");
    let message = error.to_string();
    assert!(message.starts_with("epoch 1, batch "), "{message}");
    assert!(message.contains("Lower `optimizer.learning_rate`"), "{message}");
    let Error::Run(RunError::NonFinite { tables, .. }) = error else { panic!("{message}") };
    // Either the tables have overflowed, or their products.
    assert!(tables.iter().all(|(name, rows, _)| name.contains(".v.") && *rows > 0));
    assert!(!names(run.path()).iter().any(|name| name.contains("unfinished") || name == RunFolder::EMBEDDINGS));
}

#[test]
fn a_table_with_nan_is_named() {
    let mut config = config("transe");
    config.set("optimizer.name=sgd").expect("a setting");
    config.set("optimizer.learning_rate=1e38").expect("a setting");
    config.set("loss.reduction=sum").expect("a setting");
    let mut trainer = Trainer::new(model("transe"), graph(), config).expect("a trainer");
    let message = trainer.train(&mut Silent).expect_err("it diverges").to_string();
    assert!(message.contains("because `entity.v` is not finite in ") && message.contains("`relation.v`"), "{message}");
}

#[test]
fn folders_that_will_not_do() {
    let parent = folder();
    let create = |path: &Path| RunFolder::create(path).expect_err("refused").to_string();

    let file = parent.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert!(create(&file).contains("a file is in the way"), "{}", create(&file));
    assert!(create(&file.join("below")).contains("cannot write"), "{}", create(&file.join("below")));

    let other = parent.path().join("other");
    std::fs::create_dir(&other).expect("made");
    std::fs::write(other.join("thesis.tex"), "").expect("written");
    assert!(create(&other).contains("holds no run (it has `thesis.tex`); choose a new folder"));
    assert_eq!(names(&other), ["thesis.tex"]);

    let run = parent.path().join("deep/run");
    begin("transe", config("transe"), &run);
    assert!(create(&run).contains("holds a run already; resume it"));
    assert!(RunFolder::open(&other).expect_err("no run").to_string().contains("no run here: `config.toml` is missing"));

    // A run killed before its manifest was there can be begun again.
    std::fs::remove_file(run.join(RunFolder::MANIFEST)).expect("removed");
    begin("transe", config("transe"), &run);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;

    let parent = folder();
    std::fs::set_permissions(parent.path(), std::fs::Permissions::from_mode(0o555)).expect("set");
    if std::fs::write(parent.path().join("probe"), "").is_ok() {
        return common::skip("permissions", "this user may write anywhere");
    }
    let message = RunFolder::create(parent.path().join("run")).expect_err("refused").to_string();
    assert!(message.contains("choose a folder that you may write to"), "{message}");
    let message = RunFolder::create(parent.path()).expect_err("refused").to_string();
    assert!(message.contains("choose a folder that you may write to"), "{message}");
}

#[test]
fn a_run_cannot_go_on_with_other_settings() {
    let run = folder();
    let mut trainer = begin("transe", config("transe"), run.path());
    assert_eq!(trainer.train(&mut StopAfter(3)).expect("trained"), Outcome::Interrupted { epoch: 1 });
    let message = try_resume(config("transe"), run.path()).expect_err("in use").to_string();
    assert!(message.contains("another process is training into this folder"), "{message}");
    drop(trainer);
    let before = std::fs::read(run.path().join(RunFolder::CHECKPOINT)).expect("a checkpoint");
    let mut changed = config("transe");
    changed.set("optimizer.learning_rate=0.5").expect("a setting");
    changed.set("dims.d=12").expect("a setting");
    let message = try_resume(changed, run.path()).expect_err("refused").to_string();
    for part in ["optimizer.learning_rate (0.01, now 0.5)", "dims.d (unset, now 12)", "only `epochs`"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(before, std::fs::read(run.path().join(RunFolder::CHECKPOINT)).expect("a checkpoint"));

    let mut allowed = config("transe");
    for setting in ["epochs=7", "threads=2", "checkpoint.every=3", "data=elsewhere"] {
        allowed.set(setting).expect(setting);
    }
    complete(try_resume(allowed, run.path()).expect("allowed"));
}

#[test]
fn a_run_cannot_go_on_with_other_data_or_another_model() {
    let run = folder();
    begin("transe", config("transe"), run.path());
    let open = || RunFolder::open(run.path()).expect("a run");
    let other = Dataset::from_texts("other", "a\tr\tb\n", "", "").expect("a dataset");
    let error = Trainer::resume(model("transe"), other.into(), config("transe"), open()).expect_err("refused");
    assert!(error.to_string().contains("the dataset is not the one that the run began with"), "{error}");
    let error = Trainer::resume(model("transh"), graph(), config("transe"), open()).expect_err("refused");
    assert!(error.to_string().contains("the model is not the one that the run began with"), "{error}");
}

#[test]
fn damaged_files_are_named() {
    let run = folder();
    let mut trainer = begin("transe", config("transe"), run.path());
    trainer.train(&mut StopAfter(9)).expect("trained");
    drop(trainer);
    let checkpoint = run.path().join(RunFolder::CHECKPOINT);
    let bytes = std::fs::read(&checkpoint).expect("bytes");
    for length in [0, 5, 100, bytes.len() / 2, bytes.len() - 4] {
        std::fs::write(&checkpoint, &bytes[..length]).expect("cut");
        let message = try_resume(config("transe"), run.path()).expect_err("damaged").to_string();
        assert!(message.contains("checkpoint.safetensors: damaged: "), "{message}");
    }
    std::fs::write(&checkpoint, &bytes).expect("restored");
    complete(resume("transe", config("transe"), run.path()));
    std::fs::remove_file(&checkpoint).expect("removed");
    let message = try_resume(config("transe"), run.path()).expect_err("missing").to_string();
    assert!(message.contains("the run has ended, but its checkpoint is missing"), "{message}");
    std::fs::write(&checkpoint, &bytes).expect("restored");

    let settings = std::fs::read(run.path().join(RunFolder::CONFIG)).expect("bytes");
    std::fs::write(run.path().join(RunFolder::CONFIG), "").expect("emptied");
    let message = RunFolder::open(run.path()).and_then(|run| run.config()).expect_err("damaged").to_string();
    assert!(message.contains("config.toml: damaged: it names no model"), "{message}");
    std::fs::write(run.path().join(RunFolder::CONFIG), settings).expect("restored");

    std::fs::write(run.path().join(RunFolder::MANIFEST), "{").expect("written");
    let message = try_resume(config("transe"), run.path()).expect_err("damaged").to_string();
    assert!(message.contains("manifest.json: damaged: "), "{message}");
}

#[test]
fn settings_that_do_not_fit_the_model() {
    let new = |setting: &str| {
        let mut config = config("complex");
        config.set(setting).expect(setting);
        Trainer::new(model("complex"), graph(), config).expect_err("refused").to_string()
    };
    assert_eq!(new("dims.k=3"), "ComplEx has no dimension `k`; it has `d`");
    assert!(new("model.parameters.gamma=3").contains("ComplEx has no parameter `gamma`"));
}

#[test]
fn tables_that_no_memory_holds() {
    let mut config = config("transr");
    config.set("dim=1048576").expect("a setting");
    let message = Trainer::new(model("transr"), graph(), config).expect_err("refused").to_string();
    assert!(message.contains("GB in training: more than there is; lower `dim`"), "{message}");
    let message = self::config("transr").set("dim=100000000").expect_err("refused").to_string();
    assert_eq!(message, "`dim` must be from 1 to 1048576; it is 100000000");
}

#[test]
fn a_graph_of_one_triple_and_no_validation() {
    let dataset = Dataset::from_texts("one", "a\tr\ta\n", "", "").expect("a dataset");
    let mut trainer = Trainer::new(model("transe"), dataset.into(), config("transe")).expect("a trainer");
    assert_eq!(trainer.train(&mut Silent).expect("trained"), Outcome::Finished);
    assert!(trainer.finish(None).expect("no metrics").is_empty());
    assert_eq!(trainer.best(), None);
}
