//! Every engine agrees with the f64 interpreter on the corpus.

use std::collections::BTreeMap;

use sptx_codegen::ir::{DimSize, Score};
use sptx_runtime::cpu::Interpreter;
use sptx_tests::{Case, random_scores, zoo};

const TOLERANCE: f64 = 1e-4;

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    let size_of = |position: usize| if position == 0 { size } else { size.div_ceil(2) + 1 };
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size_of(position))).collect()
}

fn check_all(scores: &[Score], sizes: &[usize]) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 7 + size) % 23;
            let Some(case) = Case::new(score, dims(score, *size), triples, number as u64) else { continue };
            let mut engine = case.engine(Interpreter::compile(case.model.clone()), 2);
            wrong.extend(case.check(&mut engine, TOLERANCE));
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds cases");
    let shown = &wrong[..wrong.len().min(8)];
    assert!(wrong.is_empty(), "{} numbers of {cases} cases differ, first {shown:#?}", wrong.len());
}

#[test]
fn zoo_interpreted() {
    check_all(&zoo(), &[1, 2, 3, 64, 100, 128, 257]);
}

#[test]
fn random_interpreted() {
    check_all(&random_scores(0..300), &[1, 2, 3, 16, 17, 66]);
}
