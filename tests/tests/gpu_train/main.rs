//! Runs whose steps a GPU makes, against those of the CPU: by the executor of the kernels' IR, and on the first adapter.

mod device;
mod runs;
mod tiers;

use sptx_codegen::gpu::saves;
use sptx_runtime::gpu::{Saved, Schedule};
use sptx_tests::{PtxMachine, adapter, schedules};
use sptx_train::{Error, Observer, Outcome, RunError, RunFolder, Silent, Trainer};

use device::{Failing, Ordered, on_adapter, on_executor, on_executor_in_shards, on_ptx_machine, on_this_ptx_machine};
use runs::{RUNS, begin, compare, graph, runs};

/// Trains what a trainer of the CPU trains, with the steps by `attach`.
fn check(attach: impl Fn(&mut Trainer, Schedule)) {
    check_some(runs(), attach);
}

/// The same, of some runs.
fn check_some(runs: impl Iterator<Item = (&'static str, String)>, attach: impl Fn(&mut Trainer, Schedule)) {
    for (number, (model, settings)) in runs.enumerate() {
        let [mut cpu, mut gpu] = [0, 1].map(|_| begin(model, &settings, graph()));
        let schedules = schedules();
        attach(&mut gpu, schedules[number % schedules.len()]);
        for trainer in [&mut cpu, &mut gpu] {
            assert_eq!(trainer.train(&mut Silent).expect("a run"), Outcome::Finished);
        }
        compare(&cpu, &gpu, &format!("{model} {settings}"));
    }
}

#[test]
fn runs_are_those_of_the_cpu() {
    check(on_executor);
}

/// Signs where the gradient is made of signs, and columns as they are elsewhere.
#[test]
fn runs_that_save_columns_are_those_of_the_cpu() {
    check(|trainer, schedule| {
        let signs = Schedule { saved: Saved::Signs, ..schedule };
        let are_signs = saves(trainer.engine().model(), &signs).is_ok();
        on_executor(trainer, if are_signs { signs } else { Schedule { saved: Saved::F32, ..schedule } });
    });
}

/// Models with matrices, whose triples a device puts in the order of their relations.
#[test]
fn runs_in_groups_are_those_of_the_cpu() {
    let runs: Vec<_> = runs().filter(|(model, _)| ["TransR", "TransA", "RESCAL"].contains(model)).collect();
    assert_eq!(runs.len(), 4);
    for group in [2, 8] {
        let grouped = |schedule| Schedule { group, ..schedule };
        check_some(runs.iter().cloned(), |trainer, schedule| on_executor(trainer, grouped(schedule)));
    }
    check_some(runs.iter().cloned(), |trainer, schedule| on_ptx_machine(trainer, Schedule { group: 4, ..schedule }));
    for (model, settings) in runs {
        let mut trainer = begin(model, &settings, graph());
        let (device, artifacts) = Ordered::new(&trainer, Schedule { group: 4, ..Schedule::default() });
        let seen = device.seen();
        trainer.train_on(device, artifacts).expect("a device");
        trainer.train(&mut Silent).expect("a run");
        assert!(seen.made() > 1, "{model} {settings}: nothing was grouped");
    }
}

#[test]
fn runs_by_workgroups_that_stay_are_those_of_the_cpu() {
    check(|trainer, schedule| on_executor(trainer, Schedule { persistent: true, ..schedule }));
}

#[test]
fn runs_by_tables_in_several_bindings_are_those_of_the_cpu() {
    check(on_executor_in_shards);
}

#[test]
fn runs_as_ptx_are_those_of_the_cpu() {
    check(on_ptx_machine);
}

/// Whatever the order in which warps and workgroups come.
#[test]
fn runs_as_ptx_have_the_same_bits_in_every_order() {
    for (number, (model, settings)) in runs().enumerate() {
        let schedule = schedules()[number % schedules().len()];
        let mut runs = [PtxMachine::default(), PtxMachine::shuffled(number as u64)].map(|machine| {
            let mut trainer = begin(model, &settings, graph());
            on_this_ptx_machine(&mut trainer, schedule, machine);
            assert_eq!(trainer.train(&mut Silent).expect("a run"), Outcome::Finished);
            trainer
        });
        let [first, second] = runs.each_mut().map(|trainer| {
            let engine = trainer.engine();
            let planes = (0..engine.model().planes.len()).map(|plane| engine.tables().export(plane));
            planes.flatten().map(f32::to_bits).collect::<Vec<_>>()
        });
        assert_eq!(first, second, "{model} {settings} {schedule}");
    }
}

#[test]
fn runs_on_an_adapter_are_those_of_the_cpu() {
    if let Some(device) = adapter() {
        check(|trainer, schedule| on_adapter(trainer, device, schedule));
    }
}

/// Stops after so many batches.
struct StopAfter(u32);

impl Observer for StopAfter {
    fn batch_done(&mut self, _: u32, _: u32, _: u32, _: f64) {
        self.0 = self.0.saturating_sub(1);
    }

    fn should_stop(&mut self) -> bool {
        self.0 == 0
    }
}

/// A run's embeddings, as they are on the disk.
fn embeddings(folder: &RunFolder) -> Vec<u8> {
    std::fs::read(folder.path().join("embeddings.safetensors")).expect("embeddings")
}

#[test]
fn interrupted_runs_go_on_to_the_same_bits() {
    for (model, settings) in runs().step_by(3) {
        let folders = [0, 1].map(|_| tempfile::tempdir().expect("a folder"));
        let run = |number: usize| RunFolder::open(folders[number].path()).expect("a run");
        let mut whole = begin(model, &settings, graph());
        on_executor(&mut whole, Schedule::default());
        whole.keep_in(RunFolder::create(folders[0].path()).expect("a folder"), None).expect("a run");
        whole.train(&mut Silent).expect("a run");
        whole.finish(None).expect("an end");

        let mut halved = begin(model, &settings, graph());
        on_executor(&mut halved, Schedule::default());
        halved.keep_in(RunFolder::create(folders[1].path()).expect("a folder"), None).expect("a run");
        let ending = halved.train(&mut StopAfter(2)).expect("a run");
        assert!(matches!(ending, Outcome::Interrupted { .. }), "{ending:?}");
        let (compiled, config) = (runs::compiled(model), halved.config().clone());
        drop(halved);
        let mut resumed = Trainer::resume(compiled, graph(), config, run(1)).expect("a run to resume");
        on_executor(&mut resumed, Schedule::default());
        assert_eq!(resumed.train(&mut Silent).expect("a run"), Outcome::Finished);
        resumed.finish(None).expect("an end");
        drop((whole, resumed));
        let [whole, resumed] = [0, 1].map(|number| embeddings(&run(number)));
        assert!(whole == resumed, "{model} {settings}: other bits after an interruption");
    }
}

#[test]
fn a_lost_device_leaves_the_last_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, settings) = RUNS[0];
    let settings = format!("{settings} epochs=6 checkpoint.every=1");
    let mut trainer = begin(model, &settings, graph());
    let launches = on_failing(&mut trainer, u32::MAX);
    trainer.train(&mut Silent).expect("a run");
    let all = launches.made();

    let mut trainer = begin(model, &settings, graph());
    on_failing(&mut trainer, all * 2 / 3);
    trainer.keep_in(RunFolder::create(folder.path()).expect("a folder"), None).expect("a run");
    let error = trainer.train(&mut Silent).expect_err("the device is lost");
    let message = error.to_string();
    assert!(matches!(error, Error::Run(RunError::DeviceFailed { epoch: 4 | 5, .. })), "{message}");
    assert!(message.contains("the device was lost: pulled out") && message.contains("resume the run"), "{message}");
    let done = trainer.epochs_done();
    let config = trainer.config().clone();
    drop(trainer);
    let run = RunFolder::open(folder.path()).expect("a run");
    let mut resumed = Trainer::resume(runs::compiled(model), graph(), config, run).expect("a whole checkpoint");
    assert!(done >= 3 && resumed.epochs_done() == done, "{done}");
    // On the CPU, for once.
    assert_eq!(resumed.train(&mut Silent).expect("a run"), Outcome::Finished);
    let mut cpu = begin(model, &settings, graph());
    cpu.train(&mut Silent).expect("a run");
    compare(&cpu, &resumed, "after the loss of a device");
}

/// Steps by the executor, until so many launches were made.
fn on_failing(trainer: &mut Trainer, launches: u32) -> device::Launches {
    let (executor, artifacts) = device::executor(trainer, Schedule::default());
    let device = Failing::new(executor, launches);
    let made = device.launches();
    trainer.train_on(device, artifacts).expect("a device");
    made
}

#[test]
fn what_gpus_do_not_do_is_refused() {
    let shared = "regime.name=shared sampler.corruption=uniform";
    let masked = format!("{shared} dropout.entity=0.1");
    for (model, settings, says) in [
        ("DistMult", "regime.name=k-vs-all loss.name=bce sampler.corruption=uniform", "k-vs-all"),
        ("DistMult", "regularizer.entity=0.1", "`regularizer`"),
        ("DistMult", &masked, "`dropout`"),
        ("TransA", shared, "`regime.name = \"shared\"`"),
        // Its candidates are worked out for each relation.
        ("TransR", shared, "`regime.name = \"shared\"`"),
    ] {
        let message = begin(model, settings, graph()).device_training().expect_err("refused").to_string();
        assert!(message.contains(says) && message.contains("--device cpu"), "{message}");
    }
}

#[test]
fn what_diverges_is_named() {
    let settings = "optimizer.name=sgd optimizer.learning_rate=1e30 loss.reduction=sum loss.name=margin";
    let mut trainer = begin("ComplEx", settings, graph());
    on_executor(&mut trainer, Schedule::default());
    let message = trainer.train(&mut Silent).expect_err("it diverges").to_string();
    assert!(message.starts_with("epoch 1, batch ") && message.contains("training stopped soon after"), "{message}");
}

/// A real graph, to the accuracy that the CPU reaches with the same seed.
#[test]
fn umls_is_learnt_as_by_the_cpu() {
    let (Some(device), Some(graph)) = (adapter(), runs::umls()) else { return };
    let settings = "epochs=40 seed=3 dim=64 batch_size=1024 negatives=32 optimizer.learning_rate=0.1";
    let metric = |trainer: &mut Trainer| {
        trainer.train(&mut Silent).expect("a run");
        let metrics = trainer.finish(None).expect("metrics");
        metrics[&sptx_train::Split::Test].both.realistic.mean_reciprocal_rank
    };
    let mut cpu = begin("TransE", settings, graph.clone());
    let mut gpu = begin("TransE", settings, graph);
    on_adapter(&mut gpu, device, Schedule::default());
    let (cpu, gpu) = (metric(&mut cpu), metric(&mut gpu));
    assert!(cpu > 0.5 && (cpu - gpu).abs() < 0.02, "{cpu} and {gpu}");
}
