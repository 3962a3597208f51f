//! The declarations of the model zoo: each is right, in every combination of its choices, and named after its file.

use std::path::Path;

use sptx_codegen::{sema, syntax};

#[test]
fn every_model_is_analysed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels-generated/models");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the zoo is there") {
        let path = entry.expect("the folder is readable").path();
        check(&path);
        count += 1;
    }
    assert!(count >= 19, "found {count} models");
}

fn check(path: &Path) {
    let text = std::fs::read_to_string(path).expect("the file is readable");
    let name = path.file_name().expect("it has a name").to_string_lossy();
    let file = syntax::parse_str(&name, &text).unwrap_or_else(|errors| panic!("{errors}"));
    let scores = sema::analyze_every_choice(&file).unwrap_or_else(|errors| panic!("{errors}"));
    let [variants] = scores.as_slice() else { panic!("{name} declares {} scores", scores.len()) };
    assert_eq!(variants.len(), sema::choices(&file.scores[0]).len());
    for score in variants {
        assert_eq!(format!("{}.sptx", score.name.to_lowercase()), name);
        assert!(!score.doc.is_empty(), "{name} says no paper");
    }
}
