//! `sptx compile`, `devices`, `models` and `completions`.

use super::support::{Folder, Ran};

#[test]
fn targets() {
    let folder = Folder::new();
    assert!(folder.succeed("compile transe --target rust").contains("pub struct TransE;"));
    assert_eq!(folder.json("compile transe --target json --set norm=2")["choices"][0]["chosen"], 2.0);
    let ir = folder.succeed("compile transe --target ir");
    assert!(ir.starts_with("score TransE {") && ir.contains("fold plus_times"), "{ir}");
    let wgsl = folder.succeed("compile transe --target wgsl");
    assert!(wgsl.contains("@compute") && wgsl.contains("fn transe_compare_tail("), "{wgsl}");
    let ptx = folder.succeed("compile transe --target ptx");
    assert!(ptx.contains(".target sm_75") && ptx.contains(".visible .entry transe_compare_tail("), "{ptx}");
}

#[test]
fn generations_of_gpus() {
    let folder = Folder::new();
    let compiled = |arch: &str| folder.succeed(&format!("compile transe --target ptx --arch {arch}"));
    assert_eq!(folder.succeed("compile transe --target ptx"), compiled("sm_75"));
    assert!(compiled("sm_75").starts_with(".version 6.3\n.target sm_75\n"));
    let newest = compiled("sm_100");
    assert!(newest.starts_with(".version 8.6\n.target sm_100\n") && newest.contains("add.rn.f32x2"), "{newest}");
    let ran = folder.run("compile transe --target ptx --arch sm_86");
    assert!(ran.code == Some(2) && ran.err.contains("invalid value 'sm_86' for '--arch <GENERATION>'"), "{ran:?}");
    assert!(ran.err.contains("`sm_75`, `sm_80`, `sm_90` and `sm_100`; what `sm_86` runs is `sm_80`"), "{ran:?}");
    let ran = folder.run("compile transe --arch sm_90");
    assert!(ran.code == Some(1) && ran.err.contains("give `--target ptx` as well"), "{ran:?}");
}

/// What is printed is what is checked in, but for what says where that is from.
#[test]
fn kernels_are_those_that_are_checked_in() {
    let folder = Folder::new();
    let compiled = folder.succeed("compile transe --target wgsl --set norm=1");
    for kernel in ["forward", "partial_entities", "gather_entities", "compare_tail"] {
        let path =
            format!("{}/../kernels-generated/src/generated/wgsl/transe_{kernel}.wgsl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a file that is checked in");
        let (_, kernel) = text.split_once("\n\n").expect("a blank line behind the header");
        assert!(compiled.contains(kernel), "{kernel}");
    }
}

#[test]
fn files_are_written_whole_and_with_the_usual_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.succeed("compile transe --target ir -o transe.ir");
    assert_eq!(folder.read("transe.ir"), folder.succeed("compile transe --target ir").into_bytes());
    let mode = std::fs::metadata(folder.path("transe.ir")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o400, 0o400);
    assert_eq!(folder.list(""), ["transe.ir"]);
    let ran = folder.run("compile transe -o nowhere/transe.rs");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("error: nowhere/transe.rs: cannot write: No such file or directory"), "{ran:?}");
    let ran = folder.run("compile transe -o /dev/full");
    assert!(ran.code == Some(1) && ran.err.contains("No space left on device"), "{ran:?}");
}

#[test]
fn devices_and_models() {
    let folder = Folder::new();
    let devices = folder.json("devices --json");
    assert_eq!(devices[0]["name"], "cpu");
    assert!(devices[0]["threads"].as_u64() > Some(0), "{devices}");
    let table = folder.succeed("devices");
    assert!(table.contains("cpu"));
    for (number, gpu) in devices.as_array().expect("a list").iter().skip(1).enumerate() {
        assert_eq!(gpu["name"], format!("wgpu:{number}"));
        assert!(table.contains(&format!("wgpu:{number}")), "{table}");
        assert!(gpu["binding_bytes"].as_u64() >= Some(128 << 20), "what WebGPU promises at least: {gpu}");
    }
    let mut without_drivers = folder.command("devices");
    let ran = Ran::from(without_drivers.env("VK_DRIVER_FILES", "none").output().expect("the command runs"));
    assert!(ran.code == Some(0) && ran.out.contains("cpu") && !ran.out.contains("vulkan"), "{ran:?}");
    assert!(folder.succeed("models").contains("Translating Embeddings"));
    let models = folder.json("models --json");
    assert!(models.as_array().is_some_and(|models| models.iter().any(|model| model["name"] == "rotate")));
}

#[test]
fn completions_of_every_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(folder.succeed(&format!("completions {shell}")).contains("predict"), "{shell}");
    }
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    let folder = Folder::new();
    let mut child = folder.command("compile boxe").spawn().expect("the command starts");
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().expect("the command ends"));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn output_that_cannot_be_written_is_one() {
    let folder = Folder::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let ran = Ran::from(folder.command("models").stdout(full).output().expect("the command runs"));
    assert!(ran.code == Some(1) && ran.err.contains("cannot write the output"), "{ran:?}");
}
