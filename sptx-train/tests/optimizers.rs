//! The optimizers against PyTorch 2: the numbers were computed by `torch.optim` in double precision, on the score
//! Σ h ⊙ r ⊙ t and the batches below, with η = 0.1, ε = 1e-8 and, for the Adams, β = (0.8, 0.95).
//!
//! Row-wise Adagrad, which PyTorch lacks, was computed from its formula: one sum per row, of mean squared gradients.

use std::collections::BTreeMap;

use sptx_runtime::cpu::{Batch, Engine, EngineOptions};
use sptx_runtime::optimizer::Step;
use sptx_train::{OptimizerConfig, OptimizerName};

const ENTITIES: [f32; 12] = [0.5, -0.25, 1.0, -1.5, 0.75, 0.125, 0.3, 0.6, -0.9, 1.25, -0.5, 0.4];
const RELATIONS: [f32; 6] = [0.8, -0.4, 0.2, -0.6, 1.1, 0.9];

/// Heads, relations, tails, and the derivative of the loss by each score.
type Steps = &'static [([&'static [u32]; 3], &'static [f32])];

/// No batch has entity 3, and few have all others.
const PARTIAL: Steps = &[
    ([&[0], &[0], &[1]], &[1.0]),
    ([&[1, 2], &[1, 0], &[2, 0]], &[-0.5, 2.0]),
    ([&[0], &[1], &[0]], &[1.5]),
    ([&[2, 1], &[1, 0], &[1, 2]], &[1.0, 0.25]),
];

/// Every batch has every row.
const FULL: Steps = &[
    ([&[0, 2], &[0, 1], &[1, 3]], &[1.0, -0.5]),
    ([&[1, 3], &[1, 0], &[2, 0]], &[-0.5, 2.0]),
    ([&[0, 1], &[1, 0], &[3, 2]], &[1.5, 0.5]),
];

fn check(name: OptimizerName, weight_decay: f64, steps: Steps, entities: [f32; 12], relations: [f32; 6]) {
    let compiled = (kernels_generated::find("distmult").expect("a model").load)(&[]).expect("no choices");
    let dims = BTreeMap::from([("d".to_owned(), 3)]);
    let mut engine = Engine::new(compiled, &dims, 4, 2, &EngineOptions::default()).expect("an engine");
    engine.tables_mut().import(0, &ENTITIES);
    engine.tables_mut().import(1, &RELATIONS);
    let config = OptimizerConfig { name, betas: [0.8, 0.95], ..OptimizerConfig::default() };
    engine.set_optimizer(config.rule());
    for (index, ([heads, relations, tails], derivative)) in steps.iter().enumerate() {
        let step = Step { learning_rate: 0.1, weight_decay, number: index as u64 + 1, penalty: None };
        let batch = Batch { heads, relations, tails };
        let loss = |_: &[f32], upstream: &mut [f32]| {
            upstream.copy_from_slice(derivative);
            Ok::<(), sptx_runtime::Error>(())
        };
        engine.step(batch, step, loss).expect("a step");
    }
    let found = [engine.tables().export(0), engine.tables().export(1)].concat();
    for (index, (found, expected)) in found.iter().zip(entities.iter().chain(&relations)).enumerate() {
        assert!((found - expected).abs() < 2e-6, "{name:?}, number {index}: {found}, PyTorch has {expected}");
    }
}

#[test]
fn sgd() {
    check(
        OptimizerName::Sgd,
        0.0,
        PARTIAL,
        [
            0.6735828, -0.115587, 0.7542743, -1.538019, 0.7088023, 0.1416809, 0.1661426, 0.5443885, -0.9380187, 1.25,
            -0.5, 0.4,
        ],
        [0.8470049, -0.3669074, 0.3685539, -0.6345887, 1.069416, 0.7417693],
    );
}

#[test]
fn adagrad() {
    check(
        OptimizerName::Adagrad,
        0.0,
        PARTIAL,
        [
            0.6255307,
            -0.02417374,
            0.8993353,
            -1.594952,
            0.6539286,
            0.02099878,
            0.1159084,
            0.6046247,
            -0.9723813,
            1.25,
            -0.5,
            0.4,
        ],
        [0.8664291, -0.2756167, 0.1987088, -0.7365551, 1.102217, 0.695688],
    );
}

#[test]
fn row_adagrad() {
    check(
        OptimizerName::RowAdagrad,
        0.0,
        PARTIAL,
        [
            0.6658346, -0.128299, 0.8942426, -1.662544, 0.6951152, 0.05479744, 0.0431516, 0.5482815, -0.9579009, 1.25,
            -0.5, 0.4,
        ],
        [0.9366217, -0.3480778, 0.3256155, -0.7618417, 1.160087, 0.7224874],
    );
}

#[test]
fn adam_moves_rows_that_no_batch_has_now() {
    check(
        OptimizerName::Adam,
        0.0,
        PARTIAL,
        [
            0.7357225, 0.1163054, 0.8524587, -1.766976, 0.6975567, -0.1109229, 0.08698866, 0.6835778, -1.031603, 1.25,
            -0.5, 0.4,
        ],
        [0.9585122, -0.1098575, 0.2652832, -0.7950942, 1.184933, 0.6921371],
    );
}

#[test]
fn lazy_adam_is_sparse_adam() {
    check(
        OptimizerName::LazyAdam,
        0.0,
        PARTIAL,
        [
            0.6875525,
            0.04392079,
            0.903005,
            -1.713053,
            0.6611922,
            -0.04869322,
            0.1385008,
            0.6312444,
            -1.006507,
            1.25,
            -0.5,
            0.4,
        ],
        [0.9461349, -0.1662162, 0.2219586, -0.7855085, 1.187679, 0.6955692],
    );
}

#[test]
fn weight_decay() {
    check(
        OptimizerName::Sgd,
        0.2,
        FULL,
        [
            0.4752206, -0.1660139, 0.8871598, -1.467565, 0.7368132, 0.06654212, 0.3400242, 0.590334, -0.8257969,
            1.098816, -0.4156304, 0.1830226,
        ],
        [0.7014849, -0.3994853, 0.111548, -0.629088, 1.023781, 0.7817004],
    );
    check(
        OptimizerName::Adagrad,
        0.2,
        FULL,
        [
            0.5387558,
            -0.1172251,
            0.7459596,
            -1.450171,
            0.6754542,
            -0.05393534,
            0.3338305,
            0.5498646,
            -0.721718,
            1.066894,
            -0.3361551,
            0.1678888,
        ],
        [0.8087046, -0.3636741, 0.000_229_089_6, -0.6104884, 0.9247448, 0.6810896],
    );
    for name in [OptimizerName::Adam, OptimizerName::LazyAdam] {
        check(
            name,
            0.2,
            FULL,
            [
                0.5458974,
                -0.07583323,
                0.6996294,
                -1.476028,
                0.5947075,
                -0.1448081,
                0.2544901,
                0.4699153,
                -0.6221204,
                1.001916,
                -0.2629839,
                0.1144742,
            ],
            [0.8114716, -0.2497869, -0.06296064, -0.5055114, 0.8457648, 0.6127198],
        );
    }
}
