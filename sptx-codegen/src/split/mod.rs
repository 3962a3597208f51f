//! Splitting a score between its two ends: `score = comparison(query(known end, relation), candidate)`.
//!
//! Needs a real score without folds, as [`crate::compile()`] leaves it. A triple with one end missing is a query, what may
//! fill the end is a candidate. Three steps, for each missing end:
//!
//! 1. `separate` rewrites the score so that what depends on one end alone stands by itself: sums and products are
//!    regrouped, `Σ (a + b) = Σ a + Σ b` and `M·(a + b) = M·a + M·b` are applied where they part the ends;
//! 2. sums over columns that are bilinear in the two ends, or squared distances, are written as such (`bilinear`):
//!    a device computes them for all pairs by one matrix product;
//! 3. `cut` takes out what is largest and depends on one end alone: the outputs of a query and of a candidate.
//!
//! A value of the relation and the candidate (TransR's `M·t`) may stand on either side of the cut. First it is left to the
//! comparison, the relation counting as part of the query. Where that does not work, or where it would keep a matrix
//! product from being one, it is part of the candidate, which is then worked out anew for each relation.
//!
//! What is left whole: scores that multiply a matrix by a vector of both ends (TransA). Their pairs are scored as
//! triples.

mod bilinear;
mod cut;
mod end;
mod separate;

use crate::ir::{Score, Side, Value};

pub use cut::Half;

/// A score split between its ends, for one missing end.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The end that candidates fill.
    pub missing: Side,
    /// Whether candidates are worked out for each relation.
    pub by_relation: bool,
    /// What is worked out for each query.
    pub query: Half,
    /// What is worked out for each candidate.
    pub candidate: Half,
    /// The score from the outputs: planes are the outputs of the query, read for the head; those of the candidate, read
    /// for the tail; and the products, read for the relation.
    pub comparison: Score,
    /// The sums that a matrix product gives.
    pub products: Vec<Product>,
}

/// A sum over columns that a matrix product gives for all pairs. Vectors are those of the comparison's planes: a query's
/// output and a candidate's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// What is summed.
    pub kind: ProductKind,
    /// What is multiplied, or subtracted: output of the query, output of the candidate.
    pub vectors: Vec<(usize, usize)>,
}

/// What a product sums over columns, and over its vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// `q·c`.
    Dot,
    /// `(q − c)²`.
    SquaredDistance,
}

/// A product with the values that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ProductOf {
    kind: ProductKind,
    vectors: Vec<(Value, Value)>,
}

/// Splits a score for a missing end, if it can be split.
pub fn split(score: &Score, missing: Side) -> Option<Split> {
    let plain = attempt(score, missing, false);
    if plain.as_ref().is_some_and(Split::is_product) {
        return plain;
    }
    attempt(score, missing, true).filter(|split| plain.is_none() || split.is_product()).or(plain)
}

fn attempt(score: &Score, missing: Side, by_relation: bool) -> Option<Split> {
    cut::cut(&separate::separate(score, missing, by_relation), missing, by_relation)
}

impl Split {
    /// Whether matrix products do all the work over columns.
    pub fn is_product(&self) -> bool {
        self.comparison.nodes.iter().all(|(_, node)| node.ty.shape == crate::ir::Shape::Scalar)
    }
}

#[cfg(test)]
mod tests;
