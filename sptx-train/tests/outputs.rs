//! What a run leaves for people and for other programs: reports, exports, events.

mod common;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt32Type};
use common::runs::{StopAfter, begin, complete, config, model, resume};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sptx_train::{Config, Dataset, ExportFormat, Outcome, RunFolder, Silent, Trainer, export, write_report};

fn finished(name: &str, folder: &Path) -> RunFolder {
    complete(begin(name, config(name), folder));
    RunFolder::open(folder).expect("a run")
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// The rows of a table, as the run has it.
fn rows(run: &RunFolder, tensor: &str) -> Vec<f32> {
    let bytes = std::fs::read(run.file(RunFolder::EMBEDDINGS)).expect("embeddings");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    floats(tensors.tensor(tensor).expect(tensor).data())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn names(files: &[PathBuf], folder: &Path) -> Vec<String> {
    files.iter().map(|file| file.strip_prefix(folder).expect("within").to_string_lossy().into_owned()).collect()
}

#[test]
fn a_report_comes_with_the_end_of_training() {
    let run = tempfile::tempdir().expect("a folder");
    finished("complex", run.path());
    let page = text(run.path().join(RunFolder::REPORT));
    for part in [
        "<h1>ComplEx on circle</h1>",
        "6 epochs, ended ",
        "Loss, mean of its terms",
        "Validation, filtered",
        "pessimistic",
        "Relations, test",
        "<th scope=\"row\">r4</th>",
        "All 60 entities, their embeddings of 20 numbers",
        "<title>e59, in ",
        "Digest of the embeddings",
        "negatives = 3",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(page.matches("class=\"entity\"").count(), 60);
    for absent in ["NaN", "inf\"", "href=", "src=", "http:", "https:", "@import", "url("] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn a_report_may_be_left_out_and_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = config("transe");
    settings.set("outputs.report=false").expect("a setting");
    complete(begin("transe", settings, folder.path()));
    let run = RunFolder::open(folder.path()).expect("a run");
    assert!(!run.file(RunFolder::REPORT).exists());
    let page = text(write_report(&run, None).expect("a report"));
    assert!(page.contains("All 60 entities") && !page.contains("in training"), "{page}");
}

#[test]
fn a_run_that_has_not_ended_is_shown_as_far_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut trainer = begin("rescal", config("rescal"), folder.path());
    let run = RunFolder::open(folder.path()).expect("a run");
    let page = text(write_report(&run, None).expect("a report"));
    assert!(page.contains("Not ended: 0 of 6 epochs") && page.contains("No epoch has ended yet"), "{page}");
    assert!(!page.contains("<h2>Entities</h2>"), "{page}");
    let outcome = trainer.train(&mut StopAfter(20)).expect("trained");
    assert!(matches!(outcome, Outcome::Interrupted { .. }));
    let page = text(write_report(&run, None).expect("a report"));
    assert!(page.contains("Not ended: 2 of 6 epochs") && page.contains("it has no metrics yet"), "{page}");
    assert!(page.contains("All 60 entities"), "the last checkpoint has embeddings: {page}");
    let message = export(&run, ExportFormat::Npy, &folder.path().join("out")).expect_err("not ended").to_string();
    assert!(message.contains("has not ended"), "{message}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn names_are_text_and_not_markup() {
    let folder = tempfile::tempdir().expect("a folder");
    let evil = "<script>alert('é')</script>";
    let train = format!("{evil}\t<b>&amp;\"{evil}\tb\nb\tr\tc\nc\tr\t{evil}\n");
    let dataset = Arc::new(Dataset::from_texts("</title><i>", &train, "", &train).expect("a dataset"));
    let config = Config { dim: 4, epochs: 1, ..Config::defaults_for("transe") };
    let mut trainer = Trainer::new(model("transe"), dataset, config).expect("a trainer");
    trainer.keep_in(RunFolder::create(folder.path().join("run")).expect("a folder"), None).expect("kept");
    trainer.train(&mut Silent).expect("trained");
    trainer.finish(None).expect("finished");
    let page = text(folder.path().join("run/report.html"));
    assert!(page.contains("&lt;script&gt;alert('é')&lt;/script&gt;"), "{page}");
    assert!(page.contains("&lt;b&gt;&amp;amp;&quot;&lt;script"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("<b>") && !page.contains("<i>"), "{page}");
}

#[test]
fn arrays_hold_the_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = finished("rescal", &folder.path().join("run"));
    let out = folder.path().join("deep/out");
    let files = export(&run, ExportFormat::Npy, &out).expect("exported");
    assert_eq!(names(&files, &out), ["entity.v.npy", "relation.m.npy", "entities.tsv", "relations.tsv"]);
    let bytes = std::fs::read(&files[1]).expect("an array");
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let header = String::from_utf8_lossy(&bytes[10..128]);
    assert!(header.contains("'<f4'") && header.contains("(5, 10, 10,)"), "{header}");
    assert_eq!(floats(&bytes[128..]), rows(&run, "relation.m"));
    assert!(text(&files[2]).starts_with("0\te0\n1\te1\n"));
}

#[test]
fn rows_of_parquet_are_the_rows_of_the_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = finished("mure", &folder.path().join("run"));
    let files = export(&run, ExportFormat::Parquet, folder.path()).expect("exported");
    assert_eq!(names(&files, folder.path()), ["entities.parquet", "relations.parquet"]);
    let file = File::open(&files[0]).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("parquet").build().expect("a reader");
    let mut found: Vec<String> = Vec::new();
    let (mut ids, mut vectors, mut biases): (Vec<u32>, Vec<f32>, Vec<f32>) = Default::default();
    for batch in reader {
        let batch = batch.expect("rows");
        ids.extend(batch["id"].as_primitive::<UInt32Type>().values());
        vectors.extend(batch["v"].as_fixed_size_list().values().as_primitive::<Float32Type>().values());
        biases.extend(batch["head_bias"].as_primitive::<Float32Type>().values());
        found.extend(batch["name"].as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    assert!(run.entities().expect("names").iter().eq(&found));
    assert_eq!(ids, (0..60).collect::<Vec<u32>>());
    assert_eq!((vectors, biases), (rows(&run, "entity.v"), rows(&run, "entity.head_bias")));
}

#[test]
fn the_projector_gets_a_line_for_each_point() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = finished("complex", &folder.path().join("run"));
    let files = export(&run, ExportFormat::Projector, folder.path()).expect("exported");
    let expected = ["entities/vectors.tsv", "entities/metadata.tsv", "relations/vectors.tsv", "relations/metadata.tsv"];
    assert_eq!(names(&files, folder.path()), expected);
    let (real, imaginary) = (rows(&run, "entity.v.re"), rows(&run, "entity.v.im"));
    let vectors = text(&files[0]);
    let parsed = vectors.lines().map(|line| line.split('\t').map(|x| x.parse().expect("a number")).collect());
    let parsed: Vec<Vec<f32>> = parsed.collect();
    assert_eq!((parsed.len(), parsed[17].len()), (60, 20));
    assert_eq!((&parsed[17][..10], &parsed[17][10..]), (&real[170..180], &imaginary[170..180]));
    assert!(text(&files[3]).lines().eq(run.relations().expect("names").iter()));
}

#[test]
fn safetensors_are_those_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = finished("complex", &folder.path().join("run"));
    let files = export(&run, ExportFormat::Safetensors, folder.path()).expect("exported");
    assert_eq!(names(&files, folder.path()), ["embeddings.safetensors", "entities.tsv", "relations.tsv"]);
    let bytes = |path: &Path| std::fs::read(path).expect("bytes");
    assert_eq!(bytes(&files[0]), bytes(&run.file(RunFolder::EMBEDDINGS)));
}

#[test]
fn tables_of_more_rows_than_are_held_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let train: String = (0..5000).map(|entity| format!("e{entity}\tr\te{}\n", entity + 1)).collect();
    let dataset = Arc::new(Dataset::from_texts("chain", &train, "", "").expect("a dataset"));
    let config = Config { dim: 3, epochs: 1, ..Config::defaults_for("transe") };
    let mut trainer = Trainer::new(model("transe"), dataset, config).expect("a trainer");
    trainer.keep_in(RunFolder::create(folder.path().join("run")).expect("a folder"), None).expect("kept");
    complete(trainer);
    let run = RunFolder::open(folder.path().join("run")).expect("a run");
    let expected = rows(&run, "entity.v");
    let out = |format: ExportFormat| export(&run, format, &folder.path().join(format.name())).expect("exported");
    let bytes = std::fs::read(&out(ExportFormat::Npy)[0]).expect("an array");
    assert_eq!(floats(&bytes[128..]), expected);
    let vectors = text(&out(ExportFormat::Projector)[0]);
    let parsed: Vec<f32> = vectors.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    assert_eq!(parsed, expected);
    let file = File::open(&out(ExportFormat::Parquet)[0]).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("parquet").build().expect("a reader");
    let vectors = reader.map(|batch| batch.expect("rows")["v"].as_fixed_size_list().values().clone());
    let vectors: Vec<f32> = vectors.flat_map(|values| values.as_primitive::<Float32Type>().values().to_vec()).collect();
    assert_eq!(vectors, expected);
    let page = text(run.file(RunFolder::REPORT));
    assert!(page.contains(" of 5001 entities, their embeddings of 3 numbers"), "a sample is shown");
}

/// The steps of an event file, from the frames alone: the length, and the step's field of the message.
fn steps(run: &Path) -> Vec<u8> {
    let folder = run.join(RunFolder::TENSORBOARD);
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
    let file = files.pop().filter(|_| files.is_empty()).expect("one file");
    assert!(file.file_name().to_string_lossy().contains("tfevents"));
    let bytes = std::fs::read(file.path()).expect("events");
    let (mut at, mut steps) = (0, Vec::new());
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes")) as usize;
        let message = &bytes[at + 12..at + 12 + length];
        // A time of 9 bytes; then a step below 128, where it is not zero.
        if message[9] == 0x10 {
            steps.push(message[10]);
        }
        at += 16 + length;
    }
    assert_eq!(at, bytes.len(), "whole frames");
    steps
}

#[test]
fn a_resumed_run_has_no_step_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = config("complex");
    settings.set("outputs.tensorboard=true").expect("a setting");
    settings.set("checkpoint.every=2").expect("a setting");
    let mut trainer = begin("complex", settings.clone(), folder.path());
    assert!(matches!(trainer.train(&mut StopAfter(25)), Ok(Outcome::Interrupted { .. })));
    drop(trainer);
    assert_eq!(steps(folder.path()), [1, 2, 3]);
    // As a process leaves it that was killed after the checkpoint: a trace and events beyond it, the last one cut.
    let more = std::fs::read_dir(folder.path().join(RunFolder::TENSORBOARD)).expect("a folder").flatten().next();
    let events = more.expect("a file").path();
    let mut bytes = std::fs::read(&events).expect("events");
    bytes.extend_from_within(bytes.len() - 70..bytes.len() - 7);
    std::fs::write(&events, bytes).expect("written");
    complete(resume("complex", settings.clone(), folder.path()));
    assert_eq!(steps(folder.path()), [1, 2, 3, 4, 5, 6]);
    settings.epochs = 8;
    complete(resume("complex", settings, folder.path()));
    assert_eq!(steps(folder.path()), [1, 2, 3, 4, 5, 6, 7, 8]);
}
