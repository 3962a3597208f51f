//! Training on a GPU.

use super::support::{Folder, Ran};

/// Whether there is an adapter. Fails where there is none and `SPTX_REQUIRE` lists `vulkan`.
fn has_adapter(folder: &Folder) -> bool {
    if folder.json("devices --json").as_array().is_some_and(|devices| devices.len() > 1) {
        return true;
    }
    let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "vulkan"), "SPTX_REQUIRE lists `vulkan`");
    println!("SKIPPED (vulkan): no adapter");
    false
}

/// What the command says where no driver is found.
fn without_drivers(folder: &Folder, line: &str) -> Ran {
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
