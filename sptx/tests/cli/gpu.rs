//! Training, asking and checking on a GPU.

use super::support::{Folder, Ran, trained};

/// Whether there is an adapter. Fails where there is none and `SPTX_REQUIRE` lists `vulkan`.
pub(crate) fn has_adapter(folder: &Folder) -> bool {
    if folder.json("devices --json").as_array().is_some_and(|devices| devices.len() > 1) {
        return true;
    }
    let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "vulkan"), "SPTX_REQUIRE lists `vulkan`");
    println!("SKIPPED (vulkan): no adapter");
    false
}

/// What the command says where no driver is found.
pub(crate) fn without_drivers(folder: &Folder, line: &str) -> Ran {
    Ran::from(folder.command(line).env("VK_DRIVER_FILES", "none").output().expect("the command runs"))
}

#[test]
fn without_a_gpu() {
    let folder = Folder::new();
    folder.toy();
    let ran = without_drivers(&folder, "train --data toy --epochs 1 --dim 4 --device wgpu --out none");
    assert!(ran.code == Some(1) && ran.err.contains("mesa-vulkan-drivers"), "{ran:?}");
    assert!(!folder.path("none").exists(), "nothing is begun on a device that is not there");
    for options in ["", "--device auto"] {
        let ran = without_drivers(&folder, &format!("train --data toy --epochs 1 --dim 4 {options}"));
        assert!(ran.code == Some(0) && ran.err.contains("device  cpu (auto: there is no discrete GPU)"), "{ran:?}");
    }
    let ran = without_drivers(&folder, "train --data toy --epochs 1 --dim 4 --device cpu");
    assert!(ran.code == Some(0) && ran.err.contains("device  cpu: "), "{ran:?}");
}

#[test]
fn with_a_gpu() {
    let folder = Folder::new();
    folder.toy();
    if !has_adapter(&folder) {
        return;
    }
    let ran = folder.run("train --data toy --epochs 4 --dim 4 --device wgpu --out run");
    assert!(ran.code == Some(0) && ran.err.contains(", through "), "{ran:?}");
    let config = String::from_utf8(folder.read("run/config.toml")).expect("text");
    assert!(config.contains("device = \"wgpu\""), "{config}");
    // A run may go on elsewhere.
    let ran = folder.run("train --resume run --epochs 6 --device cpu");
    assert!(ran.code == Some(0) && ran.err.contains("resumed after 4 of 6 epochs"), "{ran:?}");
    let ran = folder.run("train --data toy --device wgpu --set regularizer.entity=0.1 --out refused");
    assert!(ran.code == Some(1) && ran.err.contains("GPUs do not train with a `regularizer`"), "{ran:?}");
    assert!(!folder.path("refused").exists(), "a refused run leaves no folder");
}

/// What is said where a verb asks for a GPU that there is not.
fn gpus_that_are_not_there(folder: &Folder, line: &str) {
    let ran = without_drivers(folder, &format!("{line} --device wgpu"));
    assert!(ran.code == Some(1) && ran.out.is_empty() && ran.err.contains("mesa-vulkan-drivers"), "{ran:?}");
    let ran = folder.run(&format!("{line} --device wgpu:nowhere"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = folder.run(&format!("{line} --device gpu"));
    assert!(ran.code == Some(1) && ran.err.contains("no device is named `gpu`"), "{ran:?}");
    assert!(ran.err.contains("models are evaluated on: auto, cpu, wgpu"), "{ran:?}");
}

/// The ranks that a GPU gives are those of the CPU, for scores without ties that rounding could break.
#[test]
fn metrics_by_a_gpu() {
    let folder = trained();
    gpus_that_are_not_there(&folder, "eval run");
    if !has_adapter(&folder) {
        return;
    }
    for raw in ["", "--raw"] {
        let by = |device: &str| folder.json(&format!("eval run --split train {raw} --json --device {device}"));
        let (cpu, gpu) = (by("cpu"), by("wgpu"));
        for metric in ["mean_rank", "mean_reciprocal_rank", "hits_at_10"] {
            let of = |metrics: &serde_json::Value| metrics["both"]["realistic"][metric].as_f64().expect("a number");
            assert!((of(&cpu) - of(&gpu)).abs() <= 1e-2 * of(&cpu), "{metric}: {} and {}", of(&cpu), of(&gpu));
        }
    }
}

/// A GPU's answers are those of the CPU, but for the rounding of scores; so are the exit codes of mistakes.
#[test]
fn answers_by_a_gpu() {
    let folder = trained();
    gpus_that_are_not_there(&folder, "predict run --head e0 --relation step1");
    if !has_adapter(&folder) {
        return;
    }
    folder.write("questions.tsv", "e0\tstep1\t?\n?\tstep2\te3\ne0\t?\te1\ne5\tstep2\t?\n");
    for options in ["--top 3", "--top 1 --exclude-known", "--top 24 --exclude-self"] {
        let by =
            |device: &str| folder.succeed(&format!("predict run --queries questions.tsv {options} --device {device}"));
        let [cpu, gpu] = ["cpu", "wgpu"].map(by);
        assert_eq!(cpu.lines().count(), gpu.lines().count());
        for (cpu, gpu) in cpu.lines().zip(gpu.lines()).skip(1) {
            let [cpu, gpu] = [cpu, gpu].map(|line| line.split('\t').collect::<Vec<_>>());
            assert_eq!((&cpu[..5], &cpu[6..]), (&gpu[..5], &gpu[6..]));
            let score = |line: &[&str]| line[5].parse::<f64>().expect("a number");
            assert!((score(&cpu) - score(&gpu)).abs() <= 1e-3 * (1.0 + score(&cpu).abs()), "{cpu:?} {gpu:?}");
        }
    }
}

/// Scores and gradients of triples and of blocks, by a GPU's kernels against the interpreter.
#[test]
fn models_checked_on_a_gpu() {
    let folder = Folder::new();
    gpus_that_are_not_there(&folder, "check transe");
    if !has_adapter(&folder) {
        return;
    }
    let reports = folder.json("check all --device wgpu --dim 6 --triples 8 --json");
    let reports = reports.as_array().expect("a list");
    assert!(reports.len() > 15);
    for report in reports {
        assert!(report["passed"] == true && report["kernels"] == "wgsl", "{report}");
        assert!(report["triples"].as_u64() > Some(0) && report["elements"].as_u64() > Some(0), "{report}");
    }
    assert!(folder.succeed("check distmult --device wgpu --dim 3").contains("at most 1e-3 passes"));
    let ran = folder.run("check distmult --device wgpu --kernels compiled");
    assert!(ran.code == Some(2) && ran.err.contains("`--kernels` are the CPU's"), "{ran:?}");
}
