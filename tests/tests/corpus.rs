//! Every engine agrees with the f64 interpreter on the corpus.

use std::collections::BTreeMap;

use sptx_codegen::ir::{self, DimSize, Score};
use sptx_runtime::cpu::{Engine, Interpreter, RowMask};
use sptx_runtime::kernel::CompiledModel;
use sptx_runtime::program::{self, Model, Owner, Shape, Side};
use sptx_tests::{Case, papers, random_scores, some_random_scores, zoo};

const TOLERANCE: f64 = 1e-4;

fn dims(score: &Score, size: usize) -> BTreeMap<String, usize> {
    let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    let size_of = |position: usize| if position == 0 { size } else { size.div_ceil(2) + 1 };
    symbols.enumerate().map(|(position, (_, dim))| (dim.name.clone(), size_of(position))).collect()
}

/// The kernels that a score is run with.
type Engines = fn(&Score, &Model) -> CompiledModel;

fn interpreted(_: &Score, model: &Model) -> CompiledModel {
    Interpreter::compile(model.clone())
}

fn compiled(score: &Score, model: &Model) -> CompiledModel {
    let choices: Vec<(&str, f64)> = score.choices.iter().map(|choice| (choice.name.as_str(), choice.chosen)).collect();
    let zoo = kernels_generated::find(&score.name).unwrap_or_else(|| panic!("{} is in the zoo", score.name));
    let compiled = (zoo.load)(&choices).unwrap_or_else(|| panic!("{} has {choices:?}", score.name));
    assert_eq!(*compiled.model, *model, "the checked-in program is the one that the compiler makes");
    compiled
}

fn check_all(scores: &[Score], sizes: &[usize], engines: Engines) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 7 + size) % 23;
            let Some(case) = Case::new(score, dims(score, *size), triples, number as u64) else { continue };
            let mut engine = case.engine(engines(score, &case.model), 2);
            wrong.extend(case.check(&mut engine, TOLERANCE));
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds cases");
    let shown = &wrong[..wrong.len().min(8)];
    assert!(wrong.is_empty(), "{} numbers of {cases} cases differ, first {shown:#?}", wrong.len());
}

const ZOO_SIZES: [usize; 7] = [1, 2, 3, 64, 100, 128, 257];

#[test]
fn zoo_interpreted() {
    check_all(&zoo(), &ZOO_SIZES, interpreted);
}

#[test]
fn zoo_compiled() {
    check_all(&zoo(), &ZOO_SIZES, compiled);
}

#[test]
fn random_interpreted() {
    check_all(&some_random_scores(300), &[1, 2, 3, 16, 17, 66], interpreted);
}

/// Blocks of queries and candidates, for either missing end.
fn check_blocks(scores: &[Score], sizes: &[usize], engines: Engines) {
    let (mut cases, mut wrong) = (0, Vec::new());
    for (number, score) in scores.iter().enumerate() {
        for size in sizes {
            let triples = 1 + (number * 5 + size) % 9;
            let Some(case) = Case::new(score, dims(score, *size), triples, number as u64) else { continue };
            let mut engine = case.engine(engines(score, &case.model), 2);
            wrong.extend(case.check_blocks(&mut engine, TOLERANCE));
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds cases");
    let shown = &wrong[..wrong.len().min(8)];
    assert!(wrong.is_empty(), "{} numbers of {cases} cases differ, first {shown:#?}", wrong.len());
}

#[test]
fn blocks_of_the_zoo_interpreted() {
    check_blocks(&zoo(), &ZOO_SIZES, interpreted);
}

#[test]
fn blocks_of_the_zoo_compiled() {
    check_blocks(&zoo(), &ZOO_SIZES, compiled);
}

#[test]
fn blocks_of_papers_models() {
    check_blocks(&papers(), &[2, 4, 66], interpreted);
}

#[test]
fn blocks_of_random_scores() {
    check_blocks(&some_random_scores(300), &[1, 2, 3, 16, 17, 66], interpreted);
}

/// Blocks of more queries and candidates than one tile has.
#[test]
fn blocks_of_many_tiles() {
    let mut wrong = Vec::new();
    for (number, score) in zoo().iter().enumerate() {
        let case = Case::with_entities(score, dims(score, 6), 67, 521, number as u64).expect("an even size fits");
        wrong.extend(case.check_blocks(&mut case.engine(compiled(score, &case.model), 2), TOLERANCE));
    }
    assert!(wrong.is_empty(), "{} numbers differ, first {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
}

/// Which comparisons end with their matrix product: its numbers are the scores.
#[test]
fn scores_that_are_products_are_known() {
    let products = [("complex", Some(0)), ("distmult", Some(0)), ("quate", Some(0)), ("rescal", Some(0))];
    for (name, product) in products.into_iter().chain([("simple", None), ("mure", None), ("rotate", None)]) {
        let zoo = kernels_generated::find(name).unwrap_or_else(|| panic!("{name} is in the zoo"));
        let compiled = (zoo.load)(&[]).unwrap_or_else(|| panic!("{name} has no choices"));
        let found: Vec<_> = compiled.model.splits.iter().map(program::Split::score_product).collect();
        assert_eq!(found, [product; 2], "{name}");
    }
}

/// What a query's vectors are multiplied by: something else for each query and element.
struct Factors;

impl RowMask for Factors {
    fn factors(&self, _: Owner, plane: usize, query: usize, factors: &mut [f32]) {
        let factor = |(i, factor): (usize, &mut f32)| *factor = [0.0, 1.0, 2.0][(plane + 2 * query + i) % 3];
        factors.iter_mut().enumerate().for_each(factor);
    }
}

/// Masked rows of queries, each query with an entity and a relation of its own that no candidate is, give what tables
/// multiplied by the mask give.
#[test]
fn a_mask_is_as_another_table() {
    const QUERIES: usize = 5;
    for (number, score) in zoo().iter().chain(&papers()).enumerate() {
        let case = Case::with_rows(score, dims(score, 6), [20, QUERIES], number as u64).expect("an even size fits");
        let mut masked = case.engine(Interpreter::compile(case.model.clone()), 2);
        let mut other = case.engine(Interpreter::compile(case.model.clone()), 2);
        for plane in 0..case.model.planes.len() {
            for query in 0..QUERIES {
                multiply(&mut other, plane, query);
            }
        }
        for missing in [Side::Head, Side::Tail] {
            let found = case.block_of_own_rows(&mut masked, missing, QUERIES, Some(&Factors));
            let mut expected = case.block_of_own_rows(&mut other, missing, QUERIES, None);
            for (plane, rows) in expected.iter_mut().enumerate() {
                let len = rows.len() / case.rows_of(plane);
                for (query, row) in rows.chunks_mut(len).enumerate().take(QUERIES) {
                    row.iter_mut().zip(factors(&case.model, plane, query, len)).for_each(|(x, factor)| *x *= factor);
                }
            }
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                assert!((found - expected).abs() <= 1e-4 * (1.0 + expected.abs()), "{}: {found} {expected}", case.name);
            }
        }
    }
}

fn factors(model: &Model, plane: usize, query: usize, len: usize) -> Vec<f32> {
    let mut factors = vec![1.0; len];
    if matches!(model.planes[plane].shape, Shape::Vector(_)) {
        Factors.factors(model.owner(plane), plane, query, &mut factors);
    }
    factors
}

fn multiply(engine: &mut Engine, plane: usize, query: usize) {
    let mut row = engine.tables().row(plane, query);
    let factors = factors(engine.model(), plane, query, row.len());
    row.iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
    let table = &mut engine.tables_mut().planes_mut()[plane];
    table.layout.write_row(query, &row, table.buffer.lines_mut());
}

/// A training step takes the tables where the gradients say, whichever way the engine takes to it.
#[test]
fn steps_follow_the_gradient() {
    let mut wrong = Vec::new();
    for (number, score) in zoo().iter().chain(&papers()).chain(&some_random_scores(150)).enumerate() {
        for size in [2, 66] {
            let case = Case::new(score, dims(score, size), 19, number as u64).expect("an even size fits every model");
            let mut engine = case.engine(Interpreter::compile(case.model.clone()), 2);
            wrong.extend(case.check_step(&mut engine, TOLERANCE));
        }
    }
    assert!(wrong.is_empty(), "{} numbers differ, first {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
}

/// The same numbers to the last bit, for one thread and for three.
#[test]
fn threads_do_not_change_a_bit() {
    for (number, score) in zoo().iter().chain(&random_scores(0..40)).enumerate() {
        let case = Case::new(score, dims(score, 130), 300, number as u64).expect("an even size fits every model");
        let run = |threads| case.run(&mut case.engine(Interpreter::compile(case.model.clone()), threads));
        assert_same_bits(&run(1), &run(3), &case.name);
    }
}

/// The same of blocks that several stretches of candidates go through.
#[test]
fn threads_do_not_change_a_bit_of_blocks() {
    const ENTITIES: usize = 1100;
    for (number, score) in zoo().iter().enumerate() {
        let case = Case::with_entities(score, dims(score, 10), 70, ENTITIES, number as u64).expect("an even size fits");
        let upstream: Vec<f32> = (0..70 * ENTITIES).map(|pair| (pair % 11) as f32 / 5.0 - 1.0).collect();
        for missing in [ir::Side::Head, ir::Side::Tail] {
            let run =
                |threads| case.run_blocks(&mut case.engine(compiled(score, &case.model), threads), missing, &upstream);
            assert_same_bits(&run(1), &run(3), &case.name);
        }
    }
}

/// Scores and the gradients of each plane.
type Numbers = (Vec<f32>, Vec<Vec<f32>>);

fn assert_same_bits(one: &Numbers, other: &Numbers, case: &str) {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&one.0), bits(&other.0), "scores of {case}");
    assert_eq!(one.1.len(), other.1.len());
    for (a, b) in one.1.iter().zip(&other.1) {
        assert_eq!(bits(a), bits(b), "gradients of {case}");
    }
}
