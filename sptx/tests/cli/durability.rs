//! Runs that are interrupted, killed, continued, and run on other numbers of threads: the same bits come out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::support::{Folder, Ran, lines, signal};

const RUN: &str = "train complex --data toy --dim 64 --negatives 8 --batch-size 4 --epochs 1000 -q \
                   --set validation.every=100 --set checkpoint.every=20";

fn uninterrupted() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    folder.toy();
    folder.succeed(&format!("{RUN} --out whole"));
    let embeddings = folder.read("whole/embeddings.safetensors");
    (folder, embeddings)
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let (folder, whole) = uninterrupted();
    let trace = folder.path("run/trace.jsonl");
    let child = folder.start(&format!("{RUN} --out run"), || lines(&trace) >= 30);
    signal(&child, "INT");
    let ran = Ran::from(child.wait_with_output().expect("the command ends"));
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.err.contains("go on with `sptx train --resume run`"), "{ran:?}");
    assert!(!folder.path("run/embeddings.safetensors").exists());
    let ran = folder.run("eval run");
    assert!(ran.code == Some(1) && ran.err.contains("has not ended"), "{ran:?}");
    folder.succeed("train --resume run -q");
    assert_eq!(folder.read("run/embeddings.safetensors"), whole);
    assert_eq!(lines(&trace), 1000, "a line an epoch, none twice");
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    let (folder, whole) = uninterrupted();
    let manifest = folder.path("run/manifest.json");
    let kill = |line: &str| {
        let mut child = folder.start(line, || manifest.exists());
        let pause = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos() % 60;
        std::thread::sleep(Duration::from_millis(pause.into()));
        signal(&child, "KILL");
        child.wait().expect("the command ends");
        eprintln!("killed after {pause} ms and {} epochs", lines(&folder.path("run/trace.jsonl")));
    };
    kill(&format!("{RUN} --out run"));
    assert!(!folder.path("run/embeddings.safetensors").exists(), "killed on the way");
    (0..6).for_each(|_| kill("train --resume run -q"));
    folder.succeed("train --resume run -q");
    assert_eq!(folder.read("run/embeddings.safetensors"), whole);
    assert_eq!(lines(&folder.path("run/trace.jsonl")), 1000);
    assert!(folder.list("run").iter().all(|name| !name.contains("tmp")), "{:?}", folder.list("run"));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let folder = Folder::new();
    folder.toy();
    for threads in [1, 2] {
        let settings = "--data toy --dim 70 --epochs 5 -q";
        folder.succeed(&format!("train transr {settings} --threads {threads} --out transr{threads}"));
        folder.succeed(&format!("train transe {settings} --threads {threads} --out transe{threads}"));
    }
    for model in ["transe", "transr"] {
        let embeddings = |threads: u32| folder.read(&format!("{model}{threads}/embeddings.safetensors"));
        assert_eq!(embeddings(1), embeddings(2), "{model}");
    }
}

#[test]
fn more_epochs_may_be_asked_of_a_run_and_other_settings_not() {
    let folder = Folder::new();
    folder.toy();
    folder.succeed("train distmult --data toy --dim 4 --epochs 3 --out run -q");
    let before = folder.read("run/embeddings.safetensors");
    let ran = folder.run("train --resume run --learning-rate 0.5 --dim 8");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for part in
        ["the run cannot go on with other settings", "optimizer.learning_rate (0.01, now 0.5)", "dim (4, now 8)"]
    {
        assert!(ran.err.contains(part), "{part} in {}", ran.err);
    }
    assert_eq!(folder.read("run/embeddings.safetensors"), before);
    folder.succeed("train --resume run --epochs 5 -q");
    assert_eq!(lines(&folder.path("run/trace.jsonl")), 5);
    let ran = folder.run("train --resume run --epochs 4");
    assert!(ran.code == Some(1) && ran.err.contains("has done 5 epochs already, more than the 4"), "{ran:?}");
    assert!(String::from_utf8(folder.read("run/config.toml")).expect("UTF-8").contains("epochs = 5"));
    folder.write("toy/train.txt", "a\tb\tc\n");
    let ran = folder.run("train --resume run --epochs 6");
    assert!(ran.code == Some(1) && ran.err.contains("the dataset is not the one"), "{ran:?}");
}
