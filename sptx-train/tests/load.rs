//! Folders of every layout, mistakes in them, and bytes of no layout at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use sptx_train::{Dataset, Error, Kind, Split, Triple, Warning};

/// Names and contents.
type Files<'a> = &'a [(&'a str, &'a [u8])];

fn folder(files: Files<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

fn load(files: Files<'_>) -> sptx_train::Result<Dataset> {
    Dataset::load(folder(files).path())
}

/// The message of the error that loading `files` gives, without the folder's own path.
fn message(files: Files<'_>) -> String {
    let folder = folder(files);
    let message = Dataset::load(folder.path()).expect_err("a mistake").to_string();
    message.replace(&folder.path().display().to_string(), "FOLDER")
}

fn zip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

const TRAIN: &[u8] = b"ann\tlikes\tbob\nbob\tlikes\tann\n";
const TEST: &[u8] = b"ann\tknows\tcy\n";

fn check_toy(dataset: &Dataset) {
    assert_eq!(dataset.entities().iter().collect::<Vec<_>>(), ["ann", "bob", "cy"]);
    assert_eq!(dataset.relations().iter().collect::<Vec<_>>(), ["likes", "knows"]);
    assert_eq!(dataset.train(), [Triple::new(0, 0, 1), Triple::new(1, 0, 0)]);
    assert_eq!(dataset.test(), [Triple::new(0, 1, 2)]);
    assert_eq!(dataset.valid(), []);
}

#[test]
fn every_layout_gives_the_same_dataset() {
    let from_names = load(&[("train.txt", TRAIN), ("test.txt", TEST)]).expect("names");
    let layouts: [Files<'_>; 6] = [
        &[("train.tsv", TRAIN), ("test.tsv", TEST)],
        &[("train.tsv.gz", &zip(TRAIN)), ("test.txt.gz", &zip(TEST))],
        &[
            ("train.txt", b"\xef\xbb\xbfann\tlikes\tbob\r\nbob\tlikes\tann\r\n\r\n \r\n"),
            ("test.txt", b"ann\tknows\tcy"),
            ("dev.txt", b"\n"),
        ],
        &[
            ("train.txt", TRAIN),
            ("test.txt", TEST),
            ("entities.dict", b"0\tann\n2\tcy\n1\tbob\n"),
            ("relations.dict", b"likes\t0\nknows\t1\n"),
        ],
        &[
            ("train2id.txt", b"2\n0 1 0\n1 0 0\n"),
            ("test2id.txt", b"1\r\n0\t2\t1\r\n"),
            ("entity2id.txt", b"3\nann\t0\nbob\t1\ncy\t2\n"),
            ("relation2id.txt", b"2\nlikes 0\nknows 1\n"),
        ],
        &[
            ("train.del", b"0\t0\t1\n1\t0\t0\n"),
            ("test.del", b"0\t1\t2\n"),
            ("entity_ids.del", b"0\tann\n1\tbob\n2\tcy\n"),
            ("relation_ids.del", b"0\tlikes\n1\tknows\n"),
        ],
    ];
    check_toy(&from_names);
    for files in layouts {
        let dataset = load(files).expect("a dataset");
        check_toy(&dataset);
        assert_eq!(dataset.digest(), from_names.digest());
    }
}

#[test]
fn a_digest_changes_with_what_it_covers() {
    let digest = |train: &str, valid: &str| Dataset::from_texts("d", train, valid, "").expect("a dataset").digest();
    let digests =
        [digest("a\tr\tb\n", ""), digest("b\tr\ta\n", ""), digest("ab\tr\tb\n", ""), digest("a\tr\tb\n", "a\tr\tb\n")];
    for (i, digest) in digests.iter().enumerate() {
        assert_eq!(digest.len(), 64);
        assert!(!digests[..i].contains(digest));
    }
}

#[test]
fn what_is_odd_is_kept_and_reported() {
    let dataset =
        load(&[("train.txt", b"Head\tRelation\tTail\na\tr\tb\na\tr\tb\n"), ("test.txt", b"a\tr\tb\nc\ts\tb\n")])
            .expect("a dataset");
    assert_eq!((dataset.train().len(), dataset.test().len()), (2, 2));
    assert_eq!((dataset.unseen_entities(), dataset.unseen_relations()), (vec![2], vec![1]));
    let warnings = dataset.warnings();
    assert!(matches!(&warnings[0], Warning::HeaderSkipped { path } if path.ends_with("train.txt")));
    assert_eq!(
        warnings[1..],
        [
            Warning::UnseenEntities { count: 1, example: "c".to_owned() },
            Warning::UnseenRelations { count: 1, example: "s".to_owned() },
            Warning::DuplicateTriples { split: Split::Train, count: 1 },
            Warning::AlsoInTrain { split: Split::Test, count: 1 },
        ]
    );
    let summary = dataset.summary();
    assert_eq!((summary.entities, summary.train.duplicates, summary.test.also_in_train), (3, 1, 1));
}

#[test]
fn mistakes_name_the_file_the_line_and_the_mend() {
    let cases: &[(Files<'_>, &str)] = &[
        (
            &[("notes.md", b""), ("data.csv", b"")],
            "FOLDER: no dataset here: expected `train.txt` or `train.tsv` or `train2id.txt` or `train.del` (or the same \
             with `.gz`); found data.csv, notes.md",
        ),
        (
            &[],
            "FOLDER: no dataset here: expected `train.txt` or `train.tsv` or `train2id.txt` or `train.del` (or the \
             same with `.gz`); found an empty folder",
        ),
        (
            &[("train.txt", b"a\tr\tb\nc d\te\n")],
            "FOLDER/train.txt:2: expected 3 tab-separated columns `head relation tail`, found 2; are the columns \
             separated by spaces?",
        ),
        (
            &[("train.txt", b"a,r,b\n")],
            "FOLDER/train.txt:1: expected 3 tab-separated columns `head relation tail`, found 1; are the columns \
             separated by commas?",
        ),
        (
            &[("train.txt", b"a\tr\tb\t2014\n")],
            "FOLDER/train.txt:1: expected 3 tab-separated columns `head relation tail`, found 4; remove the columns \
             that follow",
        ),
        (
            &[("train.txt", b"a\tr\tb\n\na\tr\tb\n")],
            "FOLDER/train.txt:2: expected 3 tab-separated columns `head relation tail`, found 0; the line is blank, and \
             lines follow it",
        ),
        (&[("train.txt", b"a\t\tb\n")], "FOLDER/train.txt:1:3: the name of a relation is empty"),
        (&[("train.txt", b"a\tr\t\n")], "FOLDER/train.txt:1:5: the name of an entity is empty"),
        (&[("train.txt", b"\n")], "FOLDER/train.txt: no triples to train on"),
        (
            &[("train.txt", TRAIN), ("valid.txt", b"a\xff")],
            "FOLDER/valid.txt:1:2: byte 0xff is not UTF-8; convert the file, for example with `iconv -t UTF-8`",
        ),
        (
            &[("train.txt", TRAIN), ("relations.dict", b"0\tliked\n")],
            "FOLDER/train.txt:1:5: relation `likes` is not in FOLDER/relations.dict; did you mean `liked`?",
        ),
        (
            &[("train2id.txt", b"0\n"), ("relation2id.txt", b"0\n")],
            "FOLDER: no dataset here: expected `entity2id.txt` (or the same with `.gz`); found relation2id.txt, \
             train2id.txt",
        ),
        (
            &[("train2id.txt", b"1\n0 0 1\n"), ("entity2id.txt", b"1\na 0\n"), ("relation2id.txt", b"1\nr 0\n")],
            "FOLDER/train2id.txt:2:5: id 1 of a relation is out of range: there are 1, numbered from 0",
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(message(files), *expected);
    }
}

#[test]
fn bad_archives_and_absent_folders_are_errors() {
    assert!(message(&[("train.txt.gz", b"not gzip")]).starts_with("FOLDER/train.txt.gz: cannot read: "));
    let absent = Dataset::load(Path::new("no/such/folder")).expect_err("no folder");
    assert!(matches!(&absent, Error::Read { .. }), "{absent}");
}

#[test]
fn embedded_texts_have_made_up_file_names() {
    let error = Dataset::from_texts("nations", "a\tr\tb\n", "a\tr\n", "").expect_err("two columns");
    assert!(error.to_string().starts_with("nations/valid.txt:1: expected 3 tab-separated columns"));
}

#[test]
fn names_that_users_type_are_looked_up_with_suggestions() {
    let dataset = Dataset::from_texts("toy", "germany\tneighbor\tfrance\n", "", "").expect("a dataset");
    assert_eq!(dataset.entities().require("france", Kind::Entity).ok(), Some(1));
    let error = dataset.relations().require("neighbour", Kind::Relation).expect_err("unknown");
    assert_eq!(error.to_string(), "no relation is named `neighbour`; did you mean `neighbor`?");
}

/// Bytes that are often nearly right: pieces of all layouts, and some of none.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"\t"[..],
        b"\n",
        b"\r\n",
        b" ",
        b"a",
        b"b",
        b"0",
        b"1",
        b"2",
        b"18446744073709551616",
        b"-1",
        b"\xff",
        b"\xc3",
        b"\xc3\xa9",
        b"\xef\xbb\xbf",
        b"\0",
        b"a\tr\tb\n",
        b"0 1 0\n",
        b"2\n",
        b"0\ta\n",
        b"\xc2\x85",
        b"",
    ]);
    let mostly_right = prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat());
    prop_oneof![3 => mostly_right, 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

proptest! {
    #[test]
    fn no_bytes_panic(
        train in bytes(),
        test in bytes(),
        first in bytes(),
        second in bytes(),
        layout in 0usize..3,
        gzip in any::<bool>(),
    ) {
        let [train_name, test_name, entities, relations] = [
            ["train.txt", "test.txt", "entities.dict", "relations.dict"],
            ["train2id.txt", "test2id.txt", "entity2id.txt", "relation2id.txt"],
            ["train.del", "test.del", "entity_ids.del", "relation_ids.del"],
        ][layout];
        let mut files = vec![(train_name.to_owned(), train), (test_name.to_owned(), test)];
        // Half of the folders of names go without dictionaries.
        if layout > 0 || first.len() % 2 == 0 {
            files.extend([(entities.to_owned(), first), (relations.to_owned(), second)]);
        }
        if gzip {
            files[1].0.push_str(".gz");
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        match load(&files) {
            Ok(dataset) => prop_assert!(dataset.digest().len() == 64 && dataset.summary().train.triples > 0),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
