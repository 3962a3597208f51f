//! What one triple costs: exact counts from the IR.
//!
//! Needs a lowered score (real, without `Fold`). Conventions:
//! - Elements have 4 bytes. Each row that live nodes gather is read once, whatever the number of its uses; rows of the
//!   head and of the tail are distinct.
//! - The forward pass writes the score. The backward pass reads the derivative of the score, reads again the rows that
//!   the gradient depends on, and reads and writes each row of the gradient once.
//! - An operation on real numbers is 1 FLOP an element of its result, whichever it is: `neg`, `abs`, `max`, a
//!   comparison, `sqrt`, `exp` as well as `add`. A fold of n elements is n − 1. A product of a k × d matrix and a
//!   vector is k·(2d − 1), an outer product of k and d elements k·d.
//! - The FLOPs of the backward pass are those of the nodes that the gradient appended. Forward values are not counted
//!   again, though a kernel may compute them again.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ir::{DimSizes, Gradient, Node, Op, PlaneId, Score, Shape, Side, Value};
use crate::passes::live;

/// The counts of one pass over one triple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Bytes read.
    pub bytes_read: usize,
    /// Bytes written.
    pub bytes_written: usize,
    /// Floating-point operations.
    pub flops: usize,
}

/// The counts of both passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Of the score.
    pub forward: Count,
    /// Of the gradient.
    pub backward: Count,
}

const BYTES: usize = 4;

/// Counts a score and its gradient.
pub fn count(gradient: &Gradient, sizes: &DimSizes) -> Cost {
    Cost { forward: count_forward(&forward(gradient), sizes), backward: count_backward(gradient, sizes) }
}

fn forward(gradient: &Gradient) -> Score {
    let mut score = gradient.score.clone();
    score.nodes.truncate(gradient.forward_nodes);
    score
}

/// Counts a score.
pub fn count_forward(score: &Score, sizes: &DimSizes) -> Count {
    let live = live(&score.nodes, [score.root]);
    let nodes = score.nodes.iter().filter(|(value, _)| live[value.index()]);
    Count {
        bytes_read: BYTES * gathered_elements(score, &live, sizes),
        bytes_written: BYTES,
        flops: nodes.map(|(_, node)| flops(score, node, sizes)).sum(),
    }
}

fn count_backward(gradient: &Gradient, sizes: &DimSizes) -> Count {
    let score = &gradient.score;
    let live = live(&score.nodes, gradient.contributions.iter().map(|(_, _, value)| *value));
    let row = |(_, plane, _): &(Side, PlaneId, Value)| sizes.elements(score.planes[*plane].shape);
    let rows: usize = gradient.contributions.iter().map(row).sum();
    let appended = score.nodes.iter().skip(gradient.forward_nodes).filter(|(value, _)| live[value.index()]);
    Count {
        bytes_read: BYTES * (1 + gathered_elements(score, &live, sizes) + rows),
        bytes_written: BYTES * rows,
        flops: appended.map(|(_, node)| flops(score, node, sizes)).sum(),
    }
}

fn gathered_elements(score: &Score, live: &[bool], sizes: &DimSizes) -> usize {
    let mut rows = BTreeSet::new();
    for (_, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
        if let Op::Gather { side, plane } = node.op {
            rows.insert((side, plane));
        }
    }
    rows.into_iter().map(|(_, plane)| sizes.elements(score.planes[plane].shape)).sum()
}

fn flops(score: &Score, node: &Node, sizes: &DimSizes) -> usize {
    let elements = |value: &Value| sizes.elements(score.nodes[*value].ty.shape);
    let results = sizes.elements(node.ty.shape);
    match &node.op {
        Op::Gather { .. } | Op::Const(_) | Op::Parameter(_) | Op::Upstream => 0,
        Op::Unary(..) | Op::Binary(..) | Op::Outer(..) => results,
        Op::Reduce(_, a) => elements(a) - 1,
        Op::MatVec { vector, .. } => results * (2 * elements(vector) - 1),
        Op::Fold { .. } => panic!("`expand_folds` has ruled out incidence rows"),
        Op::Complex(..) | Op::Cis(_) | Op::Re(_) | Op::Im(_) | Op::Conj(_) | Op::Modulus(_) => {
            panic!("`realify` has ruled out complex values")
        }
    }
}

/// Bytes of one row of a shape.
pub fn row_bytes(shape: Shape, sizes: &DimSizes) -> usize {
    BYTES * sizes.elements(shape)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::compile;
    use crate::testing::Sketch;

    fn check(score: Score, [d, k]: [usize; 2], forward: [usize; 3], backward: [usize; 3]) {
        let compiled = compile(score);
        let symbols = BTreeMap::from([("d".to_owned(), d), ("k".to_owned(), k)]);
        let sizes = compiled.lowered.bind_dims(&symbols).unwrap();
        let count = |[bytes_read, bytes_written, flops]: [usize; 3]| Count { bytes_read, bytes_written, flops };
        let expected = Cost { forward: count(forward), backward: count(backward) };
        assert_eq!(super::count(&compiled.gradient, &sizes), expected);
    }

    #[test]
    fn transe() {
        let d = 10;
        // x = h + r − t: 2d; x²: d; Σ: d − 1; √ and −: 2. t gets y = (g·1/‖x‖)·x: d + 2; h and r get −y: d.
        check(Sketch::transe(), [d, 1], [4 * 3 * d, 4, 4 * d + 1], [4 * (1 + 3 * d + 3 * d), 4 * 3 * d, 2 * d + 2]);
    }

    #[test]
    fn transr() {
        let (d, k) = (10, 6);
        // h − t: d; M·: k(2d − 1); + r: k; y²: k; Σ: k − 1; −: 1.
        let forward = d + k * (2 * d - 1) + 3 * k;
        // s = −2·g: 1; r gets y' = s·y: k; M gets y' ⊗ (h − t): kd; h gets Mᵀ·y': d(2k − 1); t its negation: d.
        let backward = 1 + k + k * d + d * (2 * k - 1) + d;
        let rows = 2 * d + k + k * d;
        check(Sketch::transr(), [d, k], [4 * rows, 4, forward], [4 * (1 + 2 * rows), 4 * rows, backward]);
    }

    #[test]
    fn distmult() {
        let d = 10;
        // The gradient shares g·t: t gets g·(h·r), whose product is a forward value; r gets h·(g·t), h gets r·(g·t).
        check(Sketch::distmult(), [d, 1], [4 * 3 * d, 4, 3 * d - 1], [4 * (1 + 6 * d), 4 * 3 * d, 4 * d]);
    }
}
