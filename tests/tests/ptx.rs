//! Every kernel of the zoo, as PTX, is taken by NVIDIA's assembler, without spills.

use std::path::{Path, PathBuf};
use std::process::Command;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::gpu::{self, Plan};
use sptx_runtime::gpu::{LossKind, RuleKind, Schedule, Training};
use sptx_runtime::program::Model;
use sptx_tests::{lowered, persistent, schedules, staging, strategies, zoo};

/// The assembler: that of `SPTX_PTXAS`, of the path, or the one that `cargo xtask test` brings; none, with a word about it.
fn ptxas() -> Option<PathBuf> {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ptxas/nvidia/cuda_nvcc/bin/ptxas");
    let candidates = [std::env::var_os("SPTX_PTXAS").map(PathBuf::from), Some("ptxas".into()), Some(brought)];
    let works = |path: &PathBuf| Command::new(path).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let found = candidates.into_iter().flatten().find(works);
    if found.is_none() {
        let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name.trim() == "ptxas"), "SPTX_REQUIRE lists `ptxas`");
        println!("SKIPPED (ptxas): NVIDIA's assembler is not here");
    }
    found
}

/// Assembles a module; what the assembler says of registers and spills.
fn assemble(ptxas: &Path, text: &str, arch: Arch) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kernels.ptx");
    std::fs::write(&path, text).expect("a file");
    let mut command = Command::new(ptxas);
    command.arg("-v").arg(format!("-arch={arch}")).arg(&path).arg("-o").arg(folder.path().join("kernels"));
    let ran = command.output().expect("the assembler runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !ran.status.success() {
        let lines: Vec<&str> = text.lines().collect();
        let number = said.split("line ").nth(1).and_then(|rest| rest.split(';').next()?.trim().parse::<usize>().ok());
        let line = number.and_then(|number| lines.get(number - 1)).copied().unwrap_or_default();
        panic!("{arch}: {}\n{line}", said.lines().take(6).collect::<Vec<_>>().join("\n"));
    }
    said
}

/// The kernels of a model under a schedule: those of its programs and blocks, of its training and of ranks.
fn kernels(number: usize, model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let losses = LossKind::ALL;
    let rules = RuleKind::ALL;
    let training = Training {
        filtered: number.is_multiple_of(2),
        loss: losses[number % losses.len()],
        rule: rules[number % rules.len()],
    };
    let mut plans = gpu::plan(model, schedule);
    let others = [gpu::training(model, schedule, training), gpu::block_gradients(model, schedule)];
    for plan in others.into_iter().flatten().chain(gpu::ranking(model, schedule)) {
        if plans.iter().all(|other| other.kernel.name != plan.kernel.name) {
            plans.push(plan);
        }
    }
    plans
}

/// The entry points that spill, by what the assembler says.
fn spills(said: &str) -> impl Iterator<Item = String> {
    let mut entry = "";
    let lines = said.lines().filter_map(move |line| {
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            entry = rest.split('\'').next().unwrap_or_default();
        }
        let spills = line.contains("spill stores") && !line.contains("0 bytes spill stores, 0 bytes spill loads");
        spills.then(|| format!("{entry}: {}", line.trim()))
    });
    lines.collect::<Vec<_>>().into_iter()
}

/// Registers of each entry point, by what the assembler says.
fn registers(said: &str) -> Vec<String> {
    let entries = said.split("Compiling entry function '").skip(1);
    let line = |entry: &str| {
        let name = entry.split('\'').next().unwrap_or_default();
        let used = entry.split("Used ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
        format!("{name} {used}")
    };
    entries.map(line).collect()
}

/// Registers are what occupancy follows from: a change of a kernel that takes more of them is seen here.
#[test]
fn registers_are_those_recorded() {
    let Some(ptxas) = ptxas() else { return };
    let version = Command::new(&ptxas).arg("--version").output().expect("the assembler runs");
    if !String::from_utf8_lossy(&version.stdout).contains("V12.9.86") {
        return println!("SKIPPED (ptxas): registers are recorded of version 12.9.86");
    }
    let mut lines =
        vec!["# Registers of each kernel on sm_90 under the default schedule, by ptxas 12.9.86.".to_owned()];
    for score in zoo() {
        let model = lowered(&score).1;
        let plans = gpu::plan(&model, &Schedule::default());
        let said = assemble(&ptxas, &ptx::module(plans.iter().map(|plan| &plan.kernel), Arch::Sm90), Arch::Sm90);
        let choices: Vec<String> = model.choices.iter().map(|it| format!(" {}={}", it.name, it.chosen)).collect();
        lines.push(format!("\n# {}{}", model.name, choices.concat()));
        lines.extend(registers(&said));
    }
    expect_test::expect_file!["../golden/registers.txt"].assert_eq(&(lines.join("\n") + "\n"));
}

/// Schedules that the kernels of the model of a number are assembled under: every layout, and some of the ways to gradients.
fn assembled(number: usize) -> impl Iterator<Item = Schedule> {
    let strategies = strategies().into_iter().skip(number % 21).step_by(21);
    let staging = staging().into_iter().skip(number % 10).step_by(10);
    let persistent = persistent().into_iter().skip(number % 9).step_by(9);
    let all = schedules().into_iter().chain(strategies).chain(staging).chain(persistent);
    all.filter(|schedule| schedule.legal(&ptx::CAPABILITIES).is_ok())
}

#[test]
fn the_zoo_assembles_without_spills() {
    let Some(ptxas) = ptxas() else { return };
    let models: Vec<Model> = zoo().iter().map(|score| lowered(score).1).collect();
    let check = |worker: usize| {
        let (mut seen, mut spilling) = (0, Vec::new());
        for (number, model) in models.iter().enumerate().skip(worker).step_by(2) {
            for (turn, schedule) in assembled(number).enumerate() {
                let plans = kernels(number + turn, model, &schedule);
                let arch = Arch::ALL[(number + turn) % Arch::ALL.len()];
                let text = ptx::module(plans.iter().map(|plan| &plan.kernel), arch);
                let said = assemble(&ptxas, &text, arch);
                let entries = said.matches("Compiling entry function").count();
                assert_eq!(entries, plans.len(), "{said}");
                spilling.extend(spills(&said).map(|entry| format!("{entry} {schedule} {arch}")));
                seen += entries;
            }
        }
        (seen, spilling)
    };
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| check(1));
        (check(0), second.join().expect("the other half"))
    });
    let (seen, spilling) = (first.0 + second.0, [first.1, second.1].concat());
    assert!(seen > 1000, "{seen}");
    assert!(spilling.is_empty(), "{} of {seen} spill: {spilling:#?}", spilling.len());
}
