//! Reports and exports of runs.

use super::support::Folder;

fn trained(settings: &str) -> Folder {
    let folder = Folder::new();
    folder.toy();
    folder.succeed(&format!("train complex --data toy --epochs 4 --dim 8 --out run -q {settings}"));
    folder
}

#[test]
fn a_report_is_written_and_may_be_turned_off() {
    let folder = trained("--tensorboard");
    assert!(folder.list("run").contains(&"report.html".to_owned()));
    assert_eq!(folder.list("run/tensorboard").len(), 1);
    let page = String::from_utf8(folder.read("run/report.html")).expect("UTF-8");
    assert!(page.contains("ComplEx on toy") && page.contains("in training"), "{page}");
    let folder = trained("--set outputs.report=false");
    let files = folder.list("run");
    assert!(!files.contains(&"report.html".to_owned()) && !files.contains(&"tensorboard".to_owned()), "{files:?}");
    assert_eq!(folder.succeed("report run"), "run/report.html\n");
}

#[test]
fn a_report_does_without_data_that_has_moved() {
    let folder = trained("");
    std::fs::rename(folder.path("toy"), folder.path("moved")).expect("moved");
    let ran = folder.run("report run");
    assert!(ran.code == Some(0) && ran.err.contains("see `--data`"), "{ran:?}");
    assert_eq!(folder.run("report run --data moved").err, "");
    let ran = folder.run("report run --data nowhere");
    assert!(ran.code == Some(1) && ran.err.contains("there is no such folder"), "{ran:?}");
}

#[test]
fn tables_are_exported_beside_the_run_or_elsewhere() {
    let folder = trained("");
    let out = folder.succeed("export run --format npy");
    assert!(out.starts_with("run/export/npy/entity.v.re.npy\nrun/export/npy/entity.v.im.npy\n"), "{out}");
    folder.succeed("export run --format parquet --out tables");
    assert_eq!(folder.list("tables"), ["entities.parquet", "relations.parquet"]);
    let ran = folder.run("export run --format numpy");
    assert!(ran.code == Some(2) && ran.err.contains("there are `safetensors`, `npy`"), "{ran:?}");
    folder.write("taken", "");
    let ran = folder.run("export run --format npy --out taken/below");
    assert!(ran.code == Some(1) && ran.err.contains("taken/below: cannot write"), "{ran:?}");
}
