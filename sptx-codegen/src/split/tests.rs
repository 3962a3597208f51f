use super::*;
use crate::compile;
use crate::interp::{self, Bindings, Rows};
use crate::testing::{Random, Sketch, has_kink, random_rows, random_score};

/// The score by its split: outputs by the interpreter, then the comparison by the interpreter.
fn by_split(split: &Split, bindings: &Bindings, rows: &Rows) -> f64 {
    let queries = half(&split.query, bindings, rows);
    let candidates = half(&split.candidate, bindings, rows);
    let products: Vec<Vec<f64>> =
        split.products.iter().map(|product| vec![value_of(product, &queries, &candidates)]).collect();
    let mut compared = Rows::default();
    let sides = [(Side::Head, queries), (Side::Tail, candidates), (Side::Relation, products)];
    let planes = sides.into_iter().flat_map(|(side, rows)| rows.into_iter().map(move |row| (side, row)));
    for (plane, (side, row)) in split.comparison.planes.handles().zip(planes) {
        compared.insert(side, plane, row);
    }
    interp::score(&split.comparison, bindings, &compared)
}

fn half(half: &Half, bindings: &Bindings, rows: &Rows) -> Vec<Vec<f64>> {
    let score = &half.gradient.score;
    let mut rows = rows.clone();
    for (plane, declared) in score.planes.iter() {
        for side in Side::ALL {
            if rows.row_mut(side, plane).is_none() {
                rows.insert(side, plane, vec![0.0; bindings.dims.elements(declared.shape)]);
            }
        }
    }
    let values = interp::values(score, bindings, &rows, 0.0);
    half.outputs.iter().map(|value| values[*value].re.clone()).collect()
}

fn value_of(product: &Product, queries: &[Vec<f64>], candidates: &[Vec<f64>]) -> f64 {
    let terms = product.vectors.iter().flat_map(|(q, c)| queries[*q].iter().zip(&candidates[*c]));
    match product.kind {
        ProductKind::Dot => terms.map(|(q, c)| q * c).sum(),
        ProductKind::SquaredDistance => terms.map(|(q, c)| (q - c) * (q - c)).sum(),
    }
}

/// Splits a model for both ends and holds the splits against the whole. Gives, for each end, whether the score splits,
/// whether matrix products do all the work, and whether candidates are worked out for each relation.
fn check(declared: &Score, seed: u64) -> [Option<(bool, bool)>; 2] {
    let score = compile(declared.clone()).lowered;
    let bindings = Bindings::new(&score, score.bind_all_dims(4).unwrap());
    let rows = random_rows(&score, &bindings.dims, &mut Random::new(seed));
    let expected = interp::score(&score, &bindings, &rows);
    [Side::Head, Side::Tail].map(|missing| {
        let split = split(&score, missing)?;
        assert_eq!(crate::verify::verify(&split.comparison), Ok(()), "{} {missing:?}", score.name);
        for half in [&split.query, &split.candidate] {
            assert_eq!(crate::verify::verify_gradient(&half.gradient), Ok(()), "{} {missing:?}", score.name);
        }
        if !has_kink(&score, &bindings, &rows, 1e-9) {
            let found = by_split(&split, &bindings, &rows);
            let scale = 1.0 + expected.abs();
            assert!((expected - found).abs() <= 1e-8 * scale, "{} {missing:?}: {expected}, {found}", score.name);
        }
        Some((split.is_product(), split.by_relation))
    })
}

#[test]
fn models_split_as_they_should() {
    let product = Some((true, false));
    let product_by_relation = Some((true, true));
    let pairwise = Some((false, false));
    assert_eq!(check(&Sketch::transe(), 1), [product; 2]);
    assert_eq!(check(&Sketch::transh(), 2), [product_by_relation; 2]);
    assert_eq!(check(&Sketch::transr(), 3), [product_by_relation; 2]);
    assert_eq!(check(&Sketch::distmult(), 4), [product; 2]);
    assert_eq!(check(&Sketch::complex(), 5), [product; 2]);
    assert_eq!(check(&Sketch::rotate(), 6), [pairwise; 2]);
}

#[test]
fn complex_has_two_products() {
    let score = compile(Sketch::complex()).lowered;
    let split = split(&score, Side::Tail).unwrap();
    assert_eq!(split.products, [Product { kind: ProductKind::Dot, vectors: vec![(0, 0), (1, 1)] }]);
}

#[test]
fn random_scores_keep_their_meaning() {
    let splits = (0..2000).flat_map(|seed| check(&random_score(seed), seed));
    let (all, whole) = splits.fold((0, 0), |(all, whole), it| (all + 1, whole + usize::from(it.is_none())));
    assert!(whole * 4 < all, "most scores split: {whole} of {all} did not");
}
