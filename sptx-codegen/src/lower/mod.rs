//! From a score and its gradient to the stages that a device runs.
//!
//! A score is a graph of vectors and scalars; reductions, products with matrices and scatters are where a triple's
//! columns meet. So the graph is cut there, in *levels*: a value's level is the number of such cuts below it. All
//! element-wise vector work between two cuts is inlined into the stage that needs it (reading a row again is cheaper than
//! keeping a vector for every triple); scalars that cross a cut are kept, one number per triple.
//!
//! Needs: a real score without folds ([`crate::passes`]) and its gradient. Establishes: operands before users in each
//! body; every scalar defined before it is read; all scatters of a dimension in one stage that folds nothing, the last of
//! its dimension in the backward program, so that a device may update a tile when that stage is done with it.

mod columns;
mod describe;
mod levels;
mod matrix;
mod program;
mod split;

use sptx_runtime::program::Model;

use crate::ir::{Gradient, Score};
use crate::sign::is_never_positive;
use crate::split::Split;

/// The program of a score. `factored` is the score with its incidence rows, `gradient` its lowered form's gradient,
/// `splits` what it is where an end is missing.
pub fn lower(factored: &Score, gradient: &Gradient, splits: &[Split]) -> Model {
    let mut lowering = program::Lowering::new(gradient);
    let forward = lowering.forward();
    let backward = lowering.backward();
    Model {
        name: factored.name.clone(),
        doc: factored.doc.clone(),
        dims: describe::dims(&gradient.score),
        parameters: describe::parameters(&gradient.score),
        choices: describe::choices(&gradient.score),
        slots: describe::slots(&gradient.score),
        planes: describe::planes(&gradient.score),
        rows: describe::rows(factored),
        scalars: lowering.scalar_count(),
        score: lowering.score_scalar(),
        upstream: lowering.upstream_scalar(),
        never_positive: is_never_positive(&gradient.score),
        forward,
        backward,
        splits: splits.iter().map(split::lower).collect(),
    }
}
