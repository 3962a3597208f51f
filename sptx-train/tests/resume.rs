//! The same bytes come out whatever happened in between.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::runs::{StopAfter, begin, complete, config, embeddings, graph, model, resume};
use sptx_train::{Config, EpochRecord, Observer, Outcome, RunFolder, Silent, Trainer};

const OPTIMIZERS: [&str; 5] = ["sgd", "adagrad", "row-adagrad", "adam", "lazy-adam"];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn threads_do_not_matter() {
    for name in ["transe", "complex", "transr"] {
        let (one, two) = (folder(), folder());
        let mut more = config(name);
        more.set("threads=2").expect("a setting");
        let expected = complete(begin(name, config(name), one.path()));
        assert_eq!(expected, complete(begin(name, more, two.path())), "{name}");
    }
}

/// Settings of every regime, with what else a run's bits may depend on.
const REGIMES: [&str; 8] = [
    "regime.sides=tail reciprocal=false sampler.corruption=uniform loss.name=softmax",
    "reciprocal=true sampler.corruption=uniform schedule.name=exponential",
    "regime.name=shared regime.chunk=16 negatives=12 regime.filtered=true loss.adversarial=1 schedule.warmup=0.6",
    "regime.name=shared negatives=12 loss.name=softmax reciprocal=true regularizer.entity=0.01",
    "regime.name=shared negatives=12 loss.name=margin loss.margin=2 optimizer.name=adam regularizer.relation=0.1",
    "regime.name=one-vs-all loss.name=softmax reciprocal=true schedule.name=cosine regularizer.entity=0.01",
    "regime.name=one-vs-all loss.name=bce loss.label_smoothing=0.1 regime.sides=head optimizer.name=row-adagrad",
    "regime.name=k-vs-all loss.name=bce loss.label_smoothing=0.1 regularizer.entity=0.1 regularizer.weighted=false",
];

/// Small runs of every regime.
fn regimes() -> impl Iterator<Item = (&'static str, Config)> {
    REGIMES.into_iter().map(|settings| {
        let mut config = config("complex");
        let before = match settings.contains("regime.name") {
            true => "sampler.filtered=false sampler.corruption=uniform ",
            false => "",
        };
        let all = before.split_whitespace().chain(settings.split_whitespace());
        all.for_each(|setting| config.set(setting).expect(setting));
        (settings, config)
    })
}

#[test]
fn threads_do_not_matter_in_any_regime() {
    for (settings, config) in regimes() {
        let (one, two) = (folder(), folder());
        let mut more = config.clone();
        more.set("threads=2").expect("a setting");
        let expected = complete(begin("complex", config, one.path()));
        assert_eq!(expected, complete(begin("complex", more, two.path())), "{settings}");
    }
}

#[test]
fn a_run_of_any_regime_goes_on_as_if_nothing_had_been() {
    for (settings, config) in regimes() {
        let whole = folder();
        let expected = complete(begin("complex", config.clone(), whole.path()));
        let parts = folder();
        let mut trainer = begin("complex", config.clone(), parts.path());
        let mut interruptions = 0;
        // Eight batches an epoch or more: stopped within the first and the third, and at the end of one.
        for batches in [3, 20, 1, 1, 1000] {
            match trainer.train(&mut StopAfter(batches)).expect("trained") {
                Outcome::Interrupted { .. } => interruptions += 1,
                Outcome::Finished | Outcome::StoppedEarly { .. } => break,
            }
            drop(trainer);
            trainer = resume("complex", config.clone(), parts.path());
        }
        assert_eq!(interruptions, 4, "{settings}");
        assert_eq!(expected, complete(trainer), "{settings}");
        assert_eq!(losses(whole.path()), losses(parts.path()), "{settings}");
    }
}

#[test]
fn a_rate_that_falls_until_the_last_epoch_fixes_how_many_there_are() {
    let run = folder();
    let mut config = config("transe");
    config.set("schedule.name=linear").expect("a setting");
    complete(begin("transe", config.clone(), run.path()));
    let mut longer = config.clone();
    longer.set("epochs=9").expect("a setting");
    let open = || RunFolder::open(run.path()).expect("a run");
    let error = Trainer::resume(model("transe"), graph(), longer.clone(), open()).expect_err("refused").to_string();
    assert!(error.contains("epochs (6, now 9)"), "{error}");
    // A schedule with an end of its own lets the run go on.
    let (run, whole) = (folder(), folder());
    for config in [&mut config, &mut longer] {
        config.set("schedule.epochs=8").expect("a setting");
    }
    complete(begin("transe", config, run.path()));
    let expected = complete(begin("transe", longer.clone(), whole.path()));
    assert_eq!(expected, complete(resume("transe", longer, run.path())));
}

#[test]
fn seeds_matter() {
    let (one, two) = (folder(), folder());
    let mut other = config("transe");
    other.set("seed=12").expect("a setting");
    assert_ne!(complete(begin("transe", config("transe"), one.path())), complete(begin("transe", other, two.path())));
}

#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_been() {
    for optimizer in OPTIMIZERS {
        let mut config = config("complex");
        config.set(&format!("optimizer.name={optimizer}")).expect("a setting");
        let whole = folder();
        let expected = complete(begin("complex", config.clone(), whole.path()));
        let parts = folder();
        let mut trainer = begin("complex", config.clone(), parts.path());
        let mut interruptions = 0;
        // 42 batches in all: stopped after 3 in the first run, 10 in the second, ….
        for batches in [3, 10, 1, 7, 5, 100] {
            match trainer.train(&mut StopAfter(batches)).expect("trained") {
                Outcome::Interrupted { .. } => interruptions += 1,
                Outcome::Finished | Outcome::StoppedEarly { .. } => break,
            }
            drop(trainer);
            trainer = resume("complex", config.clone(), parts.path());
        }
        assert_eq!(interruptions, 5);
        assert_eq!(expected, complete(trainer), "{optimizer}");
        assert_eq!(losses(whole.path()), losses(parts.path()), "{optimizer}");
    }
}

/// Epoch, steps, loss and validation of each line of a trace.
fn losses(path: &Path) -> Vec<(u32, u64, u64, Option<sptx_train::Validation>)> {
    let text = std::fs::read_to_string(path.join(RunFolder::TRACE)).expect("a trace");
    let records = text.lines().map(|line| serde_json::from_str::<EpochRecord>(line).expect("a record"));
    records.map(|record| (record.epoch, record.step, record.loss.to_bits(), record.validation)).collect()
}

/// Copies a run's folder at every batch, as a kill at that moment would leave it.
struct Snapshots<'a> {
    run: &'a Path,
    copies: &'a Path,
    count: u32,
}

impl Observer for Snapshots<'_> {
    fn batch_done(&mut self, _: u32, _: u32, _: u32, _: f64) {
        let copy = self.copies.join(self.count.to_string());
        std::fs::create_dir(&copy).expect("a folder");
        for entry in std::fs::read_dir(self.run).expect("a folder") {
            let entry = entry.expect("a file");
            std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
        self.count += 1;
    }
}

#[test]
fn a_run_killed_after_any_batch_ends_the_same() {
    let mut config = config("transe");
    config.set("checkpoint.every=2").expect("a setting");
    let (run, copies) = (folder(), folder());
    let mut trainer = begin("transe", config.clone(), run.path());
    let mut snapshots = Snapshots { run: run.path(), copies: copies.path(), count: 0 };
    trainer.train(&mut snapshots).expect("trained");
    trainer.finish(None).expect("finished");
    let expected = embeddings(run.path());
    assert_eq!(snapshots.count, 42);
    for copy in (0..snapshots.count).step_by(3) {
        let copy = copies.path().join(copy.to_string());
        // What a kill while a file was written leaves, and half a line of the trace.
        std::fs::write(copy.join(".sptx-a.unfinished"), "half").expect("written");
        let trace = copy.join(RunFolder::TRACE);
        let text = std::fs::read_to_string(&trace).unwrap_or_default();
        std::fs::write(&trace, text + "{\"epoch\":").expect("written");
        assert_eq!(expected, complete(resume("transe", config.clone(), &copy)), "{}", copy.display());
        assert!(!copy.join(".sptx-a.unfinished").exists());
        assert_eq!(losses(run.path()), losses(&copy));
    }
}

/// Not a test of its own: the process that [`a_killed_process_can_be_resumed`] kills.
#[test]
fn victim() {
    let Some(path) = std::env::var_os("SPTX_TEST_VICTIM") else { return };
    let mut trainer = begin("complex", long(), Path::new(&path));
    trainer.train(&mut Silent).expect("trained");
}

fn long() -> Config {
    let mut config = config("complex");
    for setting in ["epochs=150", "checkpoint.every=1", "validation.every=50"] {
        config.set(setting).expect(setting);
    }
    config
}

#[test]
fn a_killed_process_can_be_resumed() {
    let whole = folder();
    let expected = complete(begin("complex", long(), whole.path()));
    for milliseconds in [5, 25, 80] {
        let run = folder();
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "victim"])
            .env("SPTX_TEST_VICTIM", run.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        while !run.path().join(RunFolder::MANIFEST).exists() {
            assert!(child.try_wait().expect("a child").is_none(), "the victim ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("killed");
        child.wait().expect("gone");
        assert_eq!(expected, complete(resume("complex", long(), run.path())), "after {milliseconds} ms");
    }
}

#[test]
fn a_finished_run_may_have_more_epochs() {
    // The shorter run's last epoch is validated off the cycle, which the longer run must not know of.
    for every in [0, 1, 3] {
        let (run, whole) = (folder(), folder());
        let mut longer = config("transe");
        longer.set(&format!("validation.every={every}")).expect("a setting");
        let mut shorter = longer.clone();
        shorter.set("epochs=2").expect("a setting");
        complete(begin("transe", shorter, run.path()));
        let expected = complete(begin("transe", longer.clone(), whole.path()));
        assert_eq!(expected, complete(resume("transe", longer, run.path())), "validated every {every} epochs");
    }
}

#[test]
fn early_stopping_keeps_the_best() {
    let run = folder();
    let mut config = config("complex");
    for setting in ["epochs=400", "validation.every=1", "validation.patience=3", "optimizer.learning_rate=0.1"] {
        config.set(setting).expect(setting);
    }
    let mut trainer = begin("complex", config.clone(), run.path());
    let outcome = trainer.train(&mut Silent).expect("trained");
    let (best, value) = trainer.best().expect("validated");
    assert_eq!(outcome, Outcome::StoppedEarly { epoch: best + 3 });
    let metrics = trainer.finish(None).expect("finished");
    drop(trainer);
    assert_eq!(metrics[&sptx_train::Split::Valid].both.realistic.mean_reciprocal_rank, value);
    // Resumed, a stopped run stays stopped.
    assert_eq!(resume("complex", config, run.path()).train(&mut Silent).expect("trained"), outcome);
}

#[test]
fn a_run_needs_no_folder() {
    let mut trainer = Trainer::new(model("distmult"), graph(), config("distmult")).expect("a trainer");
    assert_eq!(trainer.train(&mut Silent).expect("trained"), Outcome::Finished);
    assert!(trainer.finish(None).expect("metrics").contains_key(&sptx_train::Split::Valid));
}
