//! A score in its sparse incidence form.
//!
//! Needs nothing (a simplified score factors best). Afterwards:
//! - Linear maps stand outside sums: `M·a ± M·b` is `M·(a ± b)`, `Σa ± Σb` is `Σ(a ± b)`, `w⊙a ± w⊙b` is `w⊙(a ± b)`
//!   (so `w·a ± w·b` is `w·(a ± b)`), and constants and scalars stand outside `Σ` and `M·`. Only values that nothing
//!   else uses are taken apart, so no work is done twice.
//! - A linear combination, with constant coefficients, of two or more gathered rows that involves at least two of
//!   head, relation and tail is a `Fold` under plus-times; so is a product of such rows a `Fold` under hadamard. A row
//!   is a gather, the `Cis` of one, or the conjugate of either. Terms stand in the order head, relation, tail,
//!   and the first is positive.
//! - Where one linear row, times a number, is part of another, the larger is written with the smaller:
//!   TransH reads `h − t` once, for the projection and for the sum.
//!
//! Rows that the declaration gave are kept as they are.

mod emit;
mod group;
mod rows;
mod terms;

use super::simplify;
use crate::ir::Score;

/// Each round moves at least one linear map outward or stops; the bound guards against two rewrites undoing each other.
const MAX_ROUNDS: usize = 32;

/// Factors a score.
pub fn factor(score: &Score) -> Score {
    let mut score = simplify(score);
    for _ in 0..MAX_ROUNDS {
        let next = simplify(&group::round(&score));
        if next == score {
            break;
        }
        score = next;
    }
    simplify(&rows::form(&score))
}

#[cfg(test)]
mod tests;
