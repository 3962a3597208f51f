//! Every kernel of the zoo, as PTX for every generation, is taken by NVIDIA's assembler, without spills.

mod assembler;
mod checked_in;
mod registers;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::gpu::{self, Plan};
use sptx_codegen::lir::Kernel;
use sptx_runtime::gpu::{LossKind, RuleKind, Schedule, SharedTraining, Training};
use sptx_runtime::program::{Model, Shape, Side};
use sptx_tests::{grouping, lowered, persistent, schedules, staging, strategies, zoo};

use assembler::Assembler;

/// Whether all is asked for, which takes long.
fn thorough() -> bool {
    std::env::var_os("SPTX_THOROUGH").is_some()
}

/// The kernels of a model under a schedule: those of its programs and blocks, of its training and of ranks.
fn kernels(number: usize, model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let loss = LossKind::ALL[number % LossKind::ALL.len()];
    let rule = RuleKind::ALL[number % RuleKind::ALL.len()];
    let filtered = number.is_multiple_of(2);
    let missing = [vec![Side::Tail, Side::Head], vec![Side::Tail], vec![Side::Head]];
    let shared = missing.map(|missing| SharedTraining { missing, filtered, loss, rule });
    let mut plans = gpu::plan(model, schedule);
    let others = [
        gpu::training(model, schedule, Training { filtered, loss, rule }),
        gpu::block_gradients(model, schedule),
        gpu::ranking(model, schedule),
    ];
    let shared = shared.iter().find(|shared| shared.fits(model));
    let shared = shared.map(|shared| gpu::shared_training(model, schedule, shared));
    for plan in others.into_iter().chain(shared).flatten() {
        if plans.iter().all(|other| other.kernel.name != plan.kernel.name) {
            plans.push(plan);
        }
    }
    plans
}

/// Schedules that the kernels of the model of a number are assembled under: every layout, some of the ways to gradients,
/// groups where there are matrices, and those that kernels are chosen from.
fn layouts(number: usize, model: &Model) -> Vec<Schedule> {
    let strategies = strategies().into_iter().skip(number % 27).step_by(27);
    let staging = staging().into_iter().skip(number % 10).step_by(10);
    let persistent = persistent().into_iter().skip(number % 9).step_by(9);
    let has_matrices = model.planes.iter().any(|plane| matches!(plane.shape, Shape::Matrix(..)));
    let grouping = grouping().into_iter().filter(|_| has_matrices);
    let all = schedules().into_iter().chain(strategies).chain(staging).chain(persistent).chain(grouping);
    let all = all.chain(Schedule::candidates(&ptx::CAPABILITIES));
    all.filter(|schedule| schedule.legal(&ptx::CAPABILITIES).is_ok()).collect()
}

/// The kernels of one model for one generation.
struct Work<'a> {
    number: usize,
    model: &'a Model,
    schedules: Vec<Schedule>,
    arch: Arch,
}

/// Everything, or of each model a schedule or two for one generation: others for the next model.
fn work(models: &[Model], thorough: bool) -> Vec<Work<'_>> {
    let mut work = Vec::new();
    for (number, model) in models.iter().enumerate() {
        let schedules = layouts(number, model);
        assert!(schedules.len() >= 8, "{} schedules", schedules.len());
        if thorough {
            work.extend(Arch::ALL.map(|arch| Work { number, model, schedules: schedules.clone(), arch }));
        } else {
            let some = schedules.into_iter().skip(number % 6).step_by(6).collect();
            work.push(Work { number, model, schedules: some, arch: Arch::ALL[number % Arch::ALL.len()] });
        }
    }
    work
}

/// Digests of texts that have been assembled, each for a generation.
type Seen = Mutex<HashSet<(Arch, u64)>>;

/// What has been found.
#[derive(Default)]
struct Found {
    kernels: usize,
    /// Those among them that were assembled; the others have the text of one of these.
    assembled: usize,
    most_registers: u32,
    spilling: Vec<String>,
}

/// A kernel's text without what it is called.
fn digest(kernel: &Kernel, arch: Arch) -> u64 {
    let nameless = Kernel { name: "kernel".to_owned(), doc: String::new(), ..kernel.clone() };
    let mut hasher = DefaultHasher::new();
    ptx::module([&nameless], arch).hash(&mut hasher);
    hasher.finish()
}

fn assemble(assembler: &Assembler, work: &Work<'_>, seen: &Seen) -> Found {
    let &Work { number, model, arch, .. } = work;
    let mut found = Found::default();
    let mut fresh = Vec::new();
    for (turn, schedule) in work.schedules.iter().enumerate() {
        for Plan { mut kernel, .. } in kernels(number + turn, model, schedule) {
            found.kernels += 1;
            if seen.lock().expect("no test panicked").insert((arch, digest(&kernel, arch))) {
                kernel.name = format!("{}_{schedule}", kernel.name);
                fresh.push(kernel);
            }
        }
    }
    for kernels in fresh.chunks(64) {
        let assembled = assembler.assemble(&ptx::module(kernels, arch), arch);
        assert_eq!(assembled.len(), kernels.len(), "{} on {arch}", model.name);
        for it in assembled {
            found.assembled += 1;
            found.most_registers = found.most_registers.max(it.registers);
            found.spilling.extend(it.spills.map(|spills| format!("{} on {arch}: {spills}", it.entry)));
        }
    }
    found
}

/// With `SPTX_THOROUGH` every kernel under every one of these schedules for every generation.
#[test]
fn the_zoo_assembles_without_spills() {
    let Some(assembler) = Assembler::find() else { return };
    let models: Vec<Model> = zoo().iter().map(|score| lowered(score).1).collect();
    let work = work(&models, thorough());
    let (next, seen) = (AtomicUsize::new(0), Seen::default());
    let worker = || {
        let mut all = Found::default();
        while let Some(work) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = assemble(&assembler, work, &seen);
            all.kernels += found.kernels;
            all.assembled += found.assembled;
            all.most_registers = all.most_registers.max(found.most_registers);
            all.spilling.extend(found.spilling);
        }
        all
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let found: Vec<Found> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let kernels: usize = found.iter().map(|it| it.kernels).sum();
    let assembled: usize = found.iter().map(|it| it.assembled).sum();
    let spilling: Vec<&String> = found.iter().flat_map(|it| &it.spilling).collect();
    let registers = found.iter().map(|it| it.most_registers).max().unwrap_or_default();
    println!(
        "{kernels} kernels, {assembled} of them different: at most {registers} registers, {} spill",
        spilling.len()
    );
    assert!(assembled > 1000, "{assembled}");
    assert!(spilling.is_empty(), "{} of {assembled} spill: {spilling:#?}", spilling.len());
}
