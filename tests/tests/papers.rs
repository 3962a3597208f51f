//! Models from papers that are not in the zoo: what a user would write compiles, and the block interpreter agrees with
//! the f64 interpreter on it.

use std::collections::BTreeMap;

use sptx_codegen::ir::{DimSize, Score};
use sptx_runtime::cpu::Interpreter;
use sptx_tests::{Case, papers};

const SIZES: [usize; 4] = [1, 3, 64, 100];

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size + 2 * position)).collect()
}

#[test]
fn they_agree_with_the_reference() {
    let scores = papers();
    assert!(scores.len() > 20, "{} combinations of choices", scores.len());
    let mut wrong = Vec::new();
    for (number, score) in scores.iter().enumerate() {
        for size in SIZES {
            let case = Case::new(score, dims(score, size), 11, number as u64).expect("every size fits");
            let mut engine = case.engine(Interpreter::compile(case.model.clone()), 2);
            wrong.extend(case.check(&mut engine, 1e-4));
        }
    }
    assert!(wrong.is_empty(), "{} numbers differ, first {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
}
