//! The incidence view: a row's value is a sparse matrix times the stacked table, and its gradient the transposed product.
//! `sprs` is the oracle.

use std::collections::BTreeMap;

use sprs::CsMat;
use sptx_codegen::testing::Random;
use sptx_runtime::cpu::{Batch, Engine, EngineOptions};
use sptx_runtime::incidence::{from_csr, to_csr};

const ENTITIES: usize = 11;
const RELATIONS: usize = 3;
const DIM: usize = 37;
const TRIPLES: usize = 50;

fn ids(random: &mut Random, count: usize) -> Vec<u32> {
    (0..TRIPLES).map(|_| random.below(count) as u32).collect()
}

/// The stacked table as a dense matrix in CSR, entities first.
fn stacked(engine: &Engine) -> Vec<f32> {
    [engine.tables().export(0), engine.tables().export(1)].concat()
}

fn times(matrix: &CsMat<f32>, dense: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; matrix.rows() * DIM];
    for (row, vector) in matrix.outer_iterator().enumerate() {
        for (column, value) in vector.iter() {
            for i in 0..DIM {
                out[row * DIM + i] += value * dense[column * DIM + i];
            }
        }
    }
    out
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-4 * (1.0 + a.abs())
}

#[test]
fn transe_is_a_sparse_product_and_its_gradient_the_transposed_one() {
    let zoo = kernels_generated::find("transe").expect("TransE is in the zoo");
    let compiled = (zoo.load)(&[("norm", 2.0), ("power", 2.0)]).expect("squared L2 is listed");
    let rows = compiled.model.rows.clone();
    assert_eq!(rows.len(), 1);
    let dims = BTreeMap::from([("d".to_owned(), DIM)]);
    let mut engine = Engine::new(compiled, &dims, ENTITIES, RELATIONS, &EngineOptions::default()).expect("it fits");
    let mut random = Random::new(1);
    for plane in 0..2 {
        let len = engine.tables().export(plane).len();
        let values: Vec<f32> = (0..len).map(|_| random.uniform(-1.0, 1.0) as f32).collect();
        engine.tables_mut().import(plane, &values);
    }
    let (heads, relations, tails) =
        (ids(&mut random, ENTITIES), ids(&mut random, RELATIONS), ids(&mut random, ENTITIES));
    let batch = Batch { heads: &heads, relations: &relations, tails: &tails };
    let matrix = to_csr(&rows[0], batch, ENTITIES, RELATIONS);
    assert_eq!(
        from_csr(&matrix, ENTITIES, RELATIONS).expect("a translation"),
        [heads.clone(), relations.clone(), tails.clone()]
    );

    let x = times(&matrix, &stacked(&engine));
    let mut scores = vec![0.0; TRIPLES];
    engine.score(batch, &mut scores).expect("in range");
    for (score, x) in scores.iter().zip(x.chunks(DIM)) {
        assert!(close(*score, -x.iter().map(|x| x * x).sum::<f32>()));
    }

    let upstream: Vec<f32> = (0..TRIPLES).map(|_| random.uniform(-1.0, 1.0) as f32).collect();
    let residual: Vec<f32> = x.iter().enumerate().map(|(i, x)| -2.0 * upstream[i / DIM] * x).collect();
    let expected = times(&matrix.transpose_view().to_csr(), &residual);
    let gradients = engine.gradients(batch, &upstream).expect("in range");
    for (plane, first) in [(0, 0), (1, ENTITIES)] {
        for position in 0..gradients.len(plane) {
            let row = first + gradients.rows(plane).at(position);
            for (i, found) in gradients.row(plane, position).iter().enumerate() {
                assert!(close(*found, expected[row * DIM + i]), "row {row}, column {i}");
            }
        }
    }
}
