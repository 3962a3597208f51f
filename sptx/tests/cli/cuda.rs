//! NVIDIA's GPUs, by a stand-in for their driver.

#![cfg(target_os = "linux")]

use super::support::{Folder, Ran};

/// Runs the command where it finds the stand-in in the driver's place.
pub(crate) fn run(folder: &Folder, line: &str, variables: &[(&str, &str)]) -> Ran {
    let library = folder.path("driver");
    if !library.exists() {
        std::fs::create_dir(&library).expect("a folder");
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_sptx"));
        sptx_stand_in_cuda::install(program, &library).expect("the stand-in");
    }
    let mut command = folder.command(line);
    command.env("LD_LIBRARY_PATH", &library).env("VK_DRIVER_FILES", "none").envs(variables.iter().copied());
    Ran::from(command.output().expect("the command runs"))
}

#[test]
fn training_by_cuda() {
    let folder = Folder::new();
    folder.toy();
    let settings = "train --data toy --epochs 4 --dim 4 --negatives 3 --seed 5";
    let ran = run(&folder, &format!("{settings} --device cuda --out gpu --json"), &[]);
    assert!(ran.code == Some(0) && ran.err.contains("device  Stand-in for a GPU, through cuda"), "{ran:?}");
    let metric = |out: &str| {
        let summary: serde_json::Value = serde_json::from_str(out).expect("JSON");
        summary["metrics"]["test"]["both"]["realistic"]["mean_reciprocal_rank"].as_f64().expect("a number")
    };
    let cpu = folder.succeed(&format!("{settings} --device cpu --out cpu --json"));
    assert!((metric(&ran.out) - metric(&cpu)).abs() < 0.02, "{ran:?} {cpu}");
    // `auto` takes a GPU of its own memory.
    let ran = run(&folder, &format!("{settings} --out auto"), &[]);
    assert!(ran.code == Some(0) && ran.err.contains("device  Stand-in for a GPU"), "{ran:?}");
}

/// Kernels are those of the newest generation that the GPU has and the driver reads.
#[test]
fn kernels_are_of_the_gpus_generation() {
    let folder = Folder::new();
    let check = |capability: &str, cuda: &str, ptx: &str| {
        let variables =
            [("SPTX_STAND_IN_CAPABILITY", capability), ("SPTX_STAND_IN_CUDA", cuda), ("SPTX_STAND_IN_PTX", ptx)];
        run(&folder, "check transh --dim 5 --device cuda", &variables)
    };
    for (capability, cuda, ptx) in [
        ("7.5", "10000", "6.3"),
        ("8.6", "11000", "7.0"),
        ("9.0", "12010", "8.1"),
        ("12.0", "12070", "8.6"),
        // The GPU could more than its driver reads.
        ("12.0", "12040", "8.4"),
        ("9.0", "11080", "7.8"),
    ] {
        let ran = check(capability, cuda, ptx);
        assert!(ran.code == Some(0) && ran.out.contains("ptx"), "{capability} {cuda}: {ran:?}");
    }
    // A driver that reads less than it should shows what it was given.
    let ran = check("10.0", "12080", "8.5");
    assert!(ran.code == Some(1) && ran.err.contains("CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), "{ran:?}");
}

/// A step is one graph of the driver, whose launches do what they do one by one.
#[test]
fn steps_are_graphs() {
    let folder = Folder::new();
    folder.toy();
    let settings = "train --data toy --epochs 3 --dim 4 --negatives 3 --seed 5 --optimizer adam --device cuda";
    let train = |out: &str, graphs: &str| {
        let variables = [("SPTX_STAND_IN_GRAPHS", graphs), ("SPTX_STAND_IN_TRACE", "1")];
        let ran = run(&folder, &format!("{settings} --out {out}"), &variables);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let called = |name: &str| ran.err.lines().filter(|line| *line == name).count();
        ["cuGraphLaunch", "cuGraphCreate"].map(called)
    };
    let [started, made] = train("graphs", "some");
    assert!(made > 0 && started >= 3 * made, "{started} starts of {made} graphs");
    assert_eq!(train("single", "none")[0], 0);
    let embeddings = |out: &str| folder.read(&format!("{out}/embeddings.safetensors"));
    assert!(embeddings("graphs") == embeddings("single"), "the same bits");
}

/// Where the only GPU is too old, `auto` passes on, and who asks for it is told why.
#[test]
fn a_gpu_that_is_too_old() {
    let folder = Folder::new();
    folder.toy();
    let settings = "train --data toy --epochs 1 --dim 4";
    let old = [("SPTX_STAND_IN_CAPABILITY", "6.1")];
    let ran = run(&folder, &format!("{settings} --device cuda --out asked"), &old);
    assert!(ran.code == Some(1) && ran.err.contains("compute capability 6.1, and kernels need 7.5"), "{ran:?}");
    let ran = run(&folder, &format!("{settings} --out auto"), &old);
    assert!(ran.code == Some(0) && !ran.err.contains("Stand-in"), "{ran:?}");
}

#[test]
fn asking_by_cuda() {
    let folder = Folder::new();
    folder.toy();
    folder.succeed("train transe --data toy --epochs 4 --dim 4 --device cpu --out run");
    let json = |ran: Ran| -> serde_json::Value {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str(&ran.out).expect("JSON")
    };
    let metric = |metrics: &serde_json::Value| metrics["both"]["realistic"]["mean_rank"].as_f64().expect("a number");
    let by = |device: &str| json(run(&folder, &format!("eval run --split train --json --device {device}"), &[]));
    assert!((metric(&by("cpu")) - metric(&by("cuda"))).abs() <= 1e-2 * metric(&by("cpu")));
    let best = |device: &str| {
        let line = format!("predict run --head e0 --relation step1 --top 3 --json --device {device}");
        json(run(&folder, &line, &[]))["answers"][0]["name"].clone()
    };
    assert_eq!(best("cpu"), best("cuda:0"));
    let ran = run(&folder, "check transh --dim 5 --device cuda", &[]);
    assert!(ran.code == Some(0) && ran.out.contains("ptx"), "{ran:?}");
    let devices = json(run(&folder, "devices --json", &[]));
    let gpu = devices.as_array().expect("a list").iter().find(|device| device["name"] == "cuda:0");
    assert_eq!(gpu.map(|gpu| &gpu["driver"]), Some(&"compute capability 7.5".into()), "{devices}");
    assert!(run(&folder, "devices", &[]).out.contains("Stand-in for a GPU"));
}

#[test]
fn a_gpu_that_falls_off_the_bus_leaves_the_last_checkpoint() {
    let folder = Folder::new();
    folder.toy();
    let settings = "train --data toy --epochs 6 --dim 4 --negatives 3 --set checkpoint.every=1";
    let ran = run(&folder, &format!("{settings} --device cuda --out run"), &[("SPTX_STAND_IN_LAUNCHES", "80")]);
    assert!(ran.code == Some(1) && ran.err.contains("CUDA_ERROR_LAUNCH_FAILED"), "{ran:?}");
    assert!(ran.err.contains("what the last checkpoint has is intact"), "{ran:?}");
    let ran = run(&folder, "train --resume run", &[]);
    assert!(ran.code == Some(0) && ran.err.contains("resumed after "), "{ran:?}");
}

#[test]
fn without_a_driver() {
    let folder = Folder::new();
    folder.toy();
    let mut command = folder.command("train --data toy --device cuda --out none");
    let ran = Ran::from(command.env("LD_LIBRARY_PATH", "").output().expect("the command runs"));
    if ran.code == Some(0) {
        return println!("SKIPPED: there is a driver");
    }
    assert!(ran.code == Some(1) && ran.err.contains("no NVIDIA driver is here"), "{ran:?}");
    assert!(!folder.path("none").exists(), "nothing is begun on a device that is not there");
}
