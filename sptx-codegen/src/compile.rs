//! The middle of the compiler, in order: from a declared score to what the back ends take.

use sptx_runtime::program::Model;

use crate::differentiate;
use crate::ir::{Gradient, Score, Side};
use crate::lower;
use crate::passes::{expand_folds, factor, realify, simplify};
use crate::split::{Split, split};

/// A score in the forms that the back ends and the report read.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// As the front end made it.
    pub declared: Score,
    /// In sparse incidence form: what the report shows.
    pub factored: Score,
    /// Real, without incidence rows, simplified: what is scheduled and emitted.
    pub lowered: Score,
    /// The gradient of `lowered`.
    pub gradient: Gradient,
    /// `lowered` as a comparison of queries to candidates, for each end for which it is one.
    pub splits: Vec<Split>,
}

impl Compiled {
    /// The stages that a device runs.
    pub fn program(&self) -> Model {
        lower(&self.factored, &self.gradient, &self.splits)
    }
}

/// Compiles a verified score.
pub fn compile(declared: Score) -> Compiled {
    let factored = checked(factor(&checked(declared.clone())));
    let expanded = checked(expand_folds(&factored));
    let lowered = checked(simplify(&checked(realify(&expanded))));
    let gradient = differentiate(&lowered);
    debug_assert_eq!(crate::verify::verify_gradient(&gradient), Ok(()));
    let splits = [Side::Head, Side::Tail].into_iter().filter_map(|missing| split(&lowered, missing)).collect();
    Compiled { declared, factored, lowered, gradient, splits }
}

/// Runs the verifier between passes where debug assertions are on.
fn checked(score: Score) -> Score {
    debug_assert_eq!(crate::verify::verify(&score), Ok(()), "after a pass over `{}`", score.name);
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::{self, Bindings};
    use crate::testing::{Random, Sketch, has_kink, random_rows, random_score};

    fn check(declared: &Score, seed: u64) {
        let compiled = compile(declared.clone());
        let bindings = Bindings::new(declared, declared.bind_all_dims(4).unwrap());
        let rows = random_rows(declared, &bindings.dims, &mut Random::new(seed));
        if has_kink(declared, &bindings, &rows, 1e-9) {
            return;
        }
        let expected = interp::score(declared, &bindings, &rows);
        let found = interp::score(&compiled.lowered, &bindings, &rows.realified(declared));
        assert!((expected - found).abs() <= 1e-9 * (1.0 + expected.abs()), "{expected}, then {found}");
    }

    #[test]
    fn models_compile_to_what_they_mean() {
        Sketch::models().iter().for_each(|model| check(model, 3));
    }

    #[test]
    fn random_scores_compile_to_what_they_mean() {
        (0..300).for_each(|seed| check(&random_score(seed), seed));
    }
}
