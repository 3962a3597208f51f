//! Splits in the form the runtime reads.

use sptx_runtime::program;

use super::describe;
use super::program::Lowering;
use crate::differentiate::differentiate;
use crate::split::{Half, Product, ProductKind, Split};

/// The programs of a split.
pub(super) fn lower(split: &Split) -> program::Split {
    program::Split {
        missing: describe::side(split.missing),
        query: part(&split.query),
        candidate: part(&split.candidate),
        by_relation: split.by_relation,
        comparison: comparison(split),
    }
}

fn part(half: &Half) -> program::Part {
    let mut lowering = Lowering::new(&half.gradient);
    let (forward, sources) = lowering.outputs(&half.outputs);
    let backward = lowering.backward();
    let outputs = half.shapes().into_iter().zip(sources);
    program::Part {
        outputs: outputs.map(|(shape, source)| program::Output { shape: describe::shape(shape), source }).collect(),
        scalars: lowering.scalar_count(),
        upstream: lowering.upstream_scalar(),
        forward,
        backward,
    }
}

fn comparison(split: &Split) -> program::Comparison {
    let mut lowering = Lowering::new(&differentiate(&split.comparison));
    let forward = lowering.forward();
    let backward = lowering.backward();
    program::Comparison {
        products: split.products.iter().map(product).collect(),
        scalars: lowering.scalar_count(),
        score: lowering.score_scalar(),
        upstream: lowering.upstream_scalar(),
        forward,
        backward,
    }
}

fn product(product: &Product) -> program::PairProduct {
    let kind = match product.kind {
        ProductKind::Dot => program::PairProductKind::Dot,
        ProductKind::SquaredDistance => program::PairProductKind::SquaredDistance,
    };
    program::PairProduct { kind, vectors: product.vectors.clone() }
}
