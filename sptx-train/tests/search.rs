//! Searches: the same leaderboard comes out whatever happened in between.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::runs::{complete, embeddings, graph, model};
use sptx_train::search::{Ended, LoadedModel, Record, Search, SearchEnding, SearchObserver, Space, Task};
use sptx_train::{Config, Dataset, Error, ModelReference, Observer, Result, RunFolder, Silent, Trainer};

const HALVING: &str = "trials = 6\nstrategy = \"successive-halving\"\nmin_epochs = 2\nmax_epochs = 7\neta = 2";
const RANDOM: &str = "trials = 4";
const RATES: &str = "\"optimizer.learning_rate\" = { low = 1e-3, high = 0.5, scale = \"log\" }\n\
                     \"optimizer.name\" = [\"adam\", \"adagrad\"]";

fn text(search: &str, space: &str) -> String {
    format!(
        "dim = 10\nepochs = 5\nbatch_size = 40\nnegatives = 3\nthreads = 1\nseed = 11\nmodel.name = \"complex\"\n\
         [validation]\nevery = 2\npatience = 0\n[checkpoint]\nevery = 3\nseconds = 0\n[search]\n{search}\n[search.space]\n{space}\n"
    )
}

fn space(search: &str, space: &str) -> Space {
    let text = text(search, space);
    Space::from_toml("space.toml", &text).expect(&text)
}

fn load(reference: &ModelReference, _: Option<&RunFolder>) -> Result<LoadedModel> {
    match reference.choices.is_empty() {
        true => Ok(LoadedModel { compiled: model(&reference.name), source: None }),
        false => Err(Error::Model("it has no choices".into())),
    }
}

fn open(space: Space, path: &Path) -> Search {
    Search::open(space, graph(), path).expect("a search")
}

fn refused(space: Space, dataset: Arc<Dataset>, path: &Path) -> String {
    Search::open(space, dataset, path).expect_err("refused").to_string()
}

/// Searches to the end.
fn search(space: Space, path: &Path) -> Search {
    let mut search = open(space, path);
    assert_eq!(search.run(&load, &mut Silent).expect("searched"), SearchEnding::Finished);
    search
}

/// What `leaderboard.json` says, but for the seconds.
fn leaderboard(path: &Path) -> serde_json::Value {
    let text = std::fs::read(path.join("leaderboard.json")).expect("a leaderboard");
    let mut value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    for trial in value["trials"].as_array_mut().expect("a list") {
        assert!(trial["seconds"].take().is_number());
    }
    value
}

/// What `best.toml` says.
fn best_config(path: &Path) -> Config {
    let text = std::fs::read_to_string(path.join("best.toml")).expect("the best settings");
    Config::from_toml("best.toml", &text).expect("a configuration")
}

/// The embeddings of a run of its own.
fn trained(config: Config) -> Vec<u8> {
    let mut trainer = Trainer::new(model("complex"), graph(), config).expect("a trainer");
    let run = folder();
    trainer.keep_in(RunFolder::create(run.path().join("run")).expect("a folder"), None).expect("kept");
    complete(trainer)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Stops a search after some batches; remembers what it was told.
#[derive(Default)]
struct Watch {
    batches: u32,
    stop_after: Option<u32>,
    ended: Vec<(Task, Record)>,
}

impl Observer for Watch {
    fn batch_done(&mut self, _: u32, _: u32, _: u32, _: f64) {
        self.batches += 1;
    }

    fn should_stop(&mut self) -> bool {
        self.stop_after.is_some_and(|batches| self.batches >= batches)
    }
}

impl SearchObserver for Watch {
    fn trial_ended(&mut self, task: &Task, record: &Record) {
        self.ended.push((*task, record.clone()));
    }
}

#[test]
fn an_interrupted_search_goes_on_to_the_same_leaderboard() {
    for strategy in [HALVING, RANDOM] {
        let (whole, parts) = (folder(), folder());
        let last = search(space(strategy, RATES), whole.path()).leaderboard();
        let mut interruptions = 0;
        loop {
            let mut watch = Watch { stop_after: Some(5 + interruptions % 9), ..Watch::default() };
            match open(space(strategy, RATES), parts.path()).run(&load, &mut watch).expect("searched") {
                SearchEnding::Interrupted => interruptions += 1,
                SearchEnding::Finished => break,
                SearchEnding::OutOfTime => unreachable!("the search has no budget"),
            }
            assert!(!parts.path().join("leaderboard.json").exists());
        }
        assert!(interruptions > 8, "{interruptions}");
        assert_eq!(leaderboard(whole.path()), leaderboard(parts.path()));
        for entry in &last.trials {
            let run = format!("trials/{:04}", entry.trial);
            assert_eq!(embeddings(&whole.path().join(&run)), embeddings(&parts.path().join(&run)), "{run}");
        }
    }
}

/// Copies a search's folder at some batches, as a kill at that moment would leave it.
struct Snapshots<'a> {
    search: &'a Path,
    copies: &'a Path,
    batches: u32,
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).expect("copied")),
        }
    }
}

impl Observer for Snapshots<'_> {
    fn batch_done(&mut self, _: u32, _: u32, _: u32, _: f64) {
        if self.batches.is_multiple_of(13) {
            copy(self.search, &self.copies.join(self.batches.to_string()));
        }
        self.batches += 1;
    }
}

impl SearchObserver for Snapshots<'_> {}

#[test]
fn a_search_killed_after_any_batch_ends_the_same() {
    let (whole, copies) = (folder(), folder());
    let mut snapshots = Snapshots { search: whole.path(), copies: copies.path(), batches: 0 };
    open(space(HALVING, RATES), whole.path()).run(&load, &mut snapshots).expect("searched");
    let expected = leaderboard(whole.path());
    assert!(snapshots.batches > 100, "{}", snapshots.batches);
    for batch in (0..snapshots.batches).step_by(13) {
        let copy = copies.path().join(batch.to_string());
        search(space(HALVING, RATES), &copy);
        assert_eq!(leaderboard(&copy), expected, "killed after batch {batch}");
    }
}

#[test]
fn survivors_go_on_where_they_were_and_the_best_can_be_trained_again() {
    let path = folder();
    let mut watch = Watch::default();
    let mut search = open(space(HALVING, RATES), path.path());
    search.run(&load, &mut watch).expect("searched");
    let epochs: Vec<u32> = watch.ended.iter().map(|(_, record)| record.epochs).collect();
    assert_eq!(epochs, [3, 3, 3, 3, 3, 3, 7, 7, 7], "six trials, half of which go on");
    let batches = 6 * 3 + 3 * (7 - 3);
    let an_epoch = graph().train().len().div_ceil(40) as u32;
    assert_eq!(watch.batches, batches * an_epoch, "no epoch is trained twice");
    let text = std::fs::read_to_string(path.path().join("best.toml")).expect("the best settings");
    assert!(text.starts_with("# Found by `sptx search`: trial "), "{text}");
    let config = best_config(path.path());
    assert!(!config.evaluation.splits.is_empty(), "a run of its own is evaluated as any");
    let best = search.leaderboard().best().expect("a best trial").trial;
    assert_eq!(trained(config), embeddings(&search.run_path(best)));
}

/// A learning rate that falls until the last epoch falls as it did for a trial that ended before.
#[test]
fn a_trial_that_ended_early_can_be_trained_again() {
    let path = folder();
    let settings =
        "\"optimizer.learning_rate\" = [0.3]\n\"schedule.name\" = [\"linear\"]\n\"optimizer.name\" = [\"adam\"]";
    let text =
        text("trials = 1", settings).replace("patience = 0", "patience = 1").replace("epochs = 5", "epochs = 60");
    let patient = Space::from_toml("space.toml", &text).expect(&text);
    let search = search(patient, path.path());
    let best = search.leaderboard().best().expect("a best trial").clone();
    assert!(best.ended == Ended::StoppedEarly && best.epochs < 60, "{best:?}");
    let config = best_config(path.path());
    assert_eq!((config.epochs, config.schedule.epochs), (best.epochs, 60));
    assert_eq!(trained(config), embeddings(&search.run_path(best.trial)));
}

#[test]
fn trials_that_fail_are_told_and_passed_by() {
    let path = folder();
    let settings = "batch_size = [0, 40]\n\"model.choices.p\" = [1]\n\"optimizer.name\" = [\"adam\"]";
    let mut search = open(space("", settings), path.path());
    assert_eq!(search.run(&load, &mut Silent).expect("searched"), SearchEnding::Finished);
    let board = search.leaderboard();
    assert!(board.best().is_none() && !path.path().join("best.toml").exists());
    let mut reasons: Vec<_> = board.trials.iter().filter_map(|entry| entry.reason.clone()).collect();
    reasons.sort();
    assert_eq!(reasons, ["`batch_size` must be at least 1; it is 0", "it has no choices"]);
    let path = folder();
    let settings = "\"optimizer.learning_rate\" = [0.05, 1e30]\n\"optimizer.name\" = [\"sgd\"]";
    let board = self::search(space("", settings), path.path()).leaderboard();
    assert_eq!([board.trials[0].ended, board.trials[1].ended], [Ended::Finished, Ended::Failed]);
    let reason = board.trials[1].reason.as_deref().unwrap_or_default();
    assert!(reason.contains("the loss is") && board.trials[1].value.is_none(), "{reason}");
}

#[test]
fn budgets_end_trials_and_searches_and_may_be_raised() {
    let path = folder();
    let mut short = open(space("trials = 2\nseconds = 1e-9", RATES), path.path());
    assert_eq!(short.run(&load, &mut Silent).expect("searched"), SearchEnding::OutOfTime);
    assert_eq!(short.stints_done(), 0);
    drop(short);
    search(space("trials = 2", RATES), path.path());
    let whole = folder();
    search(space("trials = 2", RATES), whole.path());
    assert_eq!(leaderboard(path.path()), leaderboard(whole.path()));
    let path = folder();
    let board = search(space("trials = 2\ntrial_seconds = 1e-9", RATES), path.path()).leaderboard();
    for entry in &board.trials {
        let reason = entry.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("spent before its first validation; raise `search.trial_seconds`"), "{entry:?}");
    }
}

#[test]
fn a_trial_whose_seconds_are_spent_keeps_its_place_and_does_not_go_on() {
    let path = folder();
    let endless = "strategy = \"successive-halving\"\nmin_epochs = 1000000\nmax_epochs = 2000000\neta = 2\ntrials = 2";
    let settings = "\"optimizer.learning_rate\" = [1e-3, 1e-2]";
    let board = search(space(&format!("{endless}\ntrial_seconds = 0.7"), settings), path.path()).leaderboard();
    for entry in &board.trials {
        assert_eq!((entry.ended, entry.rung), (Ended::OutOfTime, 0), "{entry:?}");
        assert!(entry.value.is_some() && entry.epochs >= 2 && entry.seconds >= 0.7, "{entry:?}");
    }
    assert_eq!(Some(best_config(path.path()).epochs), board.best().map(|best| best.epochs));
    let path = folder();
    let mut short = open(space(&format!("{endless}\nseconds = 0.7"), settings), path.path());
    assert_eq!(short.run(&load, &mut Silent).expect("searched"), SearchEnding::OutOfTime);
    assert!(short.stints_done() == 0 && short.run_path(0).join(RunFolder::CHECKPOINT).exists());
}

#[test]
fn more_trials_join_a_random_search() {
    let (path, whole) = (folder(), folder());
    search(space("trials = 2", RATES), path.path());
    let mut watch = Watch::default();
    open(space("trials = 4", RATES), path.path()).run(&load, &mut watch).expect("searched");
    assert_eq!(watch.ended.len(), 2, "what was tried is not tried again");
    search(space("trials = 4", RATES), whole.path());
    assert_eq!(leaderboard(path.path()), leaderboard(whole.path()));
}

#[test]
fn what_a_search_does_not_go_on_with() {
    let path = folder();
    let kept = search(space("trials = 1", RATES), path.path());
    let message = refused(space("trials = 1", RATES), graph(), path.path());
    assert!(message.contains("another process"), "{message}");
    drop(kept);
    let message = refused(space("trials = 1\nseed = 5", RATES), graph(), path.path());
    assert!(message.contains("`search.seed` changed since it began; set it back"), "{message}");
    let other = |valid| Arc::new(Dataset::from_texts("other", "a\tr\tb\n", valid, "").expect("a dataset"));
    let message = refused(space("trials = 1", RATES), other("a\tr\tb\n"), path.path());
    assert!(message.contains("the dataset is not the one"), "{message}");
    let message = refused(space("trials = 1", RATES), other(""), path.path());
    assert!(message.contains("no triples to validate"), "{message}");
    std::fs::write(path.path().join("leaderboard.jsonl"), "{\n").expect("written");
    let message = refused(space("trials = 1", RATES), graph(), path.path());
    assert!(message.contains("leaderboard.jsonl:1: damaged"), "{message}");
    let strange = folder();
    std::fs::write(strange.path().join("thesis.txt"), "").expect("written");
    let message = refused(space("trials = 1", RATES), graph(), strange.path());
    assert!(message.contains("holds no search (it has `thesis.txt`)"), "{message}");
}
