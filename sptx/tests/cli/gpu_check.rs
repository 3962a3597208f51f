//! `sptx gpu-check`: on an adapter, by the stand-in for NVIDIA's driver, and where there is no GPU.

use serde_json::Value;

use super::gpu::{has_adapter, without_drivers};
use super::support::{Folder, Ran};

/// What is small enough for drivers that run kernels on the CPU.
const SMALL: &str = "--quick --model transe --set norm=1 --set power=1 --dim 6 --triples 9";

/// The same to measure.
const TINY: &str = "--entities 40 --batch 16 --rounds 2 --copied 1";

/// What a run left in its file.
fn report(folder: &Folder) -> Value {
    serde_json::from_slice(&folder.read("gpu.json")).expect("JSON")
}

/// Whether a corpus, its training and its measurements are whole and right.
fn check(report: &Value, target: &str) {
    let device = &report["devices"][0];
    assert_eq!((&report["schema"], &device["target"]), (&1.into(), &target.into()), "{report}");
    assert!(device["candidates"].as_array().is_some_and(|names| names.len() >= 8), "{device}");
    let (corpus, training, measure) = (&device["corpus"], &device["training"], &device["measure"]);
    assert!(corpus["complete"] == true && corpus["failed"] == Value::Array(Vec::new()), "{corpus}");
    assert!(corpus["cases"].as_u64() == Some(3) && corpus["numbers"].as_u64() > Some(100), "{corpus}");
    assert!(corpus["worst"].as_f64().is_some_and(|worst| worst > 0.0 && worst < 1e-3), "{corpus}");
    assert!(training["complete"] == true && training["runs"] == 1, "{training}");
    assert!(measure["copy"]["gb_per_s"].as_f64() > Some(0.0), "{measure}");
    let kernels = measure["kernels"].as_array().expect("a list");
    for kernel in kernels {
        assert!(kernel["failed"].is_null() && kernel["seconds"]["median"].as_f64() > Some(0.0), "{kernel}");
    }
    // Three rows of 6 numbers for each of 16 triples.
    let of = |name: &str| kernels.iter().filter(|kernel| kernel["kernel"] == name).collect::<Vec<_>>();
    assert!(of("forward").iter().all(|kernel| kernel["bytes"] == 16 * 3 * 6 * 4), "{kernels:?}");
    assert!(of("step").len() > of("forward").len(), "steps differ by what is saved, too");
    assert!(of("step").iter().any(|kernel| kernel["finalist"] == true), "{kernels:?}");
}

#[test]
fn an_adapter_is_checked_and_measured() {
    let folder = Folder::new();
    if !has_adapter(&folder) {
        return;
    }
    let parts = "--part corpus,training,measure";
    let out = folder.succeed(&format!("gpu-check --device wgpu {parts} {SMALL} {TINY} --json gpu.json"));
    assert!(out.contains("corpus    all passed") && out.contains("training  all passed"), "{out}");
    assert!(out.contains("GB/s") && out.contains("of copy"), "{out}");
    check(&report(&folder), "wgsl");
    let out = folder.succeed("gpu-check --device wgpu --quick --part corpus --model random:7 --dim 3 --triples 5");
    assert!(out.contains("1 scores, 3 cases"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_gpu_of_nvidia_is_checked_and_measured() {
    let folder = Folder::new();
    let parts = "--part corpus,training,measure";
    let ran = super::cuda::run(&folder, &format!("gpu-check {parts} {SMALL} {TINY} --json gpu.json"), &[]);
    assert!(ran.code == Some(0) && ran.out.contains("cuda:0: Stand-in for a GPU"), "{ran:?}");
    check(&report(&folder), "ptx");
}

#[cfg(target_os = "linux")]
#[test]
fn a_gpu_that_falls_off_the_bus_is_reported_with_what_there_is() {
    let folder = Folder::new();
    let line = format!("gpu-check --device cuda --part corpus,training {SMALL} --schedule all --json gpu.json");
    let ran = super::cuda::run(&folder, &line, &[("SPTX_STAND_IN_LAUNCHES", "100")]);
    assert!(ran.code == Some(1) && ran.err.contains("1 device lost"), "{ran:?}");
    assert!(ran.out.contains("LOST") && ran.out.contains("sptx gpu-check --part corpus --device cuda"), "{ran:?}");
    let report = report(&folder);
    let corpus = &report["devices"][0]["corpus"];
    assert!(corpus["complete"] == false && corpus["cases"].as_u64() > Some(1), "{corpus}");
    assert!(report["devices"][0]["training"].is_null(), "nothing more is done on a lost device");
    // What is printed to run the last case alone runs.
    let alone = corpus["failed"][0]["rerun"].as_str().and_then(|line| line.strip_prefix("sptx ")).expect("a command");
    let ran = super::cuda::run(&folder, alone, &[]);
    assert!(ran.code == Some(0) && ran.out.contains("1 scores, 1 cases"), "{ran:?}");
}

#[test]
fn without_a_gpu() {
    let folder = Folder::new();
    let run = |line: &str| {
        let mut command = folder.command(line);
        command.env("VK_DRIVER_FILES", "none").env("LD_LIBRARY_PATH", "");
        Ran::from(command.output().expect("the command runs"))
    };
    let ran = run("gpu-check --json gpu.json");
    if ran.code == Some(0) {
        return println!("SKIPPED: there is a GPU");
    }
    assert!(ran.code == Some(1) && ran.err.contains("there is no GPU here"), "{ran:?}");
    assert!(!folder.path("gpu.json").exists(), "nothing was found out");
    assert_eq!(without_drivers(&folder, "gpu-check --device wgpu").code, Some(1));
    let ran = run("gpu-check --device cpu");
    assert!(ran.code == Some(1) && ran.err.contains("`cpu` is no GPU"), "{ran:?}");
    let ran = run("gpu-check --device wgpu --model random:x");
    assert!(ran.code == Some(2) && ran.err.contains("named by its seed"), "{ran:?}");
}

#[test]
fn an_unknown_schedule_lists_those_that_there_are() {
    let folder = Folder::new();
    if !has_adapter(&folder) {
        return;
    }
    let ran = folder.run("gpu-check --device wgpu --model transe --schedule w1");
    assert!(ran.code == Some(1) && ran.err.contains("w64l8v4u1t2"), "{ran:?}");
}

/// A Python that says what torch would.
#[cfg(unix)]
#[test]
fn rivals_stand_beside_kernels() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    if !has_adapter(&folder) {
        return;
    }
    let python = |text: &str| {
        folder.write("python", &format!("#!/bin/sh\ncat > graph\n{text}\n"));
        let path = folder.path("python");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program");
        let line = format!("gpu-check --device wgpu --part measure,rivals {SMALL} {TINY} --json gpu.json --python");
        let mut command = folder.command(&line);
        Ran::from(command.arg(&path).output().expect("the command runs"))
    };
    let said = r#"echo '{"torch": "9.9", "device": "cpu"}'
echo 'a library prints what it likes'
echo '{"rival": "eager", "kernel": "forward", "samples": [3000, 1000, 2000]}'
echo '{"rival": "compile", "failed": "no compiler"}'"#;
    let ran = python(said);
    assert!(ran.code == Some(0) && ran.out.contains("torch 9.9 on cpu"), "{ran:?}");
    assert!(ran.out.contains("transe d=6 compile: no compiler"), "{ran:?}");
    let report = report(&folder);
    let time = &report["rivals"]["kernels"][0];
    assert!(time["seconds"]["median"] == 2000.0 && time["rival"] == "eager" && time["dim"] == 6, "{time}");
    // Heads, relations and tails of the whole graph.
    assert_eq!(folder.read("graph").len(), 3 * 4 * 272_115);
    let ran = python("echo broken >&2; exit 3");
    assert!(ran.code == Some(0) && ran.out.contains("broken"), "{ran:?}");
}
