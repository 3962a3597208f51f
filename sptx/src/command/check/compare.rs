//! The comparison itself.

use serde::Serialize;
use sptx::codegen::Compiled;
use sptx::codegen::interp;
use sptx::codegen::ir::PlaneId;
use sptx::runtime::cpu::{Batch, Queries};
use sptx::runtime::program::Side;
use sptx::train::Triple;

use super::draw::Case;
use super::reference::{self, root_mean_square};
use super::subject::{RowGradients, Subject};
use crate::command::failure::Failure;

/// The most elements of a row that differences are taken of; beyond it, evenly spaced ones.
const ELEMENTS: usize = 96;

/// A gradient of this part of the model's largest is compared as if it were no smaller.
const CANCELLED: f64 = 1e-3;

/// The largest relative errors of one check.
#[derive(Debug, Default, Serialize)]
pub(super) struct Errors {
    /// Triples compared.
    pub(super) triples: usize,
    /// Elements of gradients compared with differences.
    elements: usize,
    /// Of scores.
    pub(super) score: f64,
    /// Of gradients against the interpreted gradient.
    pub(super) gradient: f64,
    /// Of gradients against central differences.
    pub(super) differences: f64,
    /// Of blocks, for a missing head and a missing tail: scores of all pairs of the batch's queries and candidates, and
    /// gradients against both.
    pub(super) blocks: f64,
    /// Where the largest error of a gradient is.
    pub(super) worst_at: String,
}

impl Errors {
    /// The largest of all. NaN counts as larger than anything.
    pub(super) fn worst(&self) -> f64 {
        larger(larger(self.score, self.blocks), larger(self.gradient, self.differences))
    }
}

/// Compares an engine, which has the case's tables, with the interpreter.
pub(super) fn compare(compiled: &Compiled, mut case: Case, subject: &mut dyn Subject) -> Result<Errors, Failure> {
    let columns: [Vec<u32>; 3] = [
        case.triples.iter().map(|triple| triple.head).collect(),
        case.triples.iter().map(|triple| triple.relation).collect(),
        case.triples.iter().map(|triple| triple.tail).collect(),
    ];
    let batch = Batch { heads: &columns[0], relations: &columns[1], tails: &columns[2] };
    let scores = subject.score(batch)?;
    let gradients = subject.gradients(batch, &case.upstream)?;
    let mut errors = Errors { triples: case.triples.len(), ..Errors::default() };
    errors.score = score_error(compiled, &case, &case.triples, &scores);
    compare_gradients(compiled, &mut case, &gradients, &mut errors);
    for missing in [Side::Head, Side::Tail] {
        let of_end = compare_blocks(compiled, &mut case, subject, missing, &columns)?;
        if larger(of_end.worst(), errors.worst()) != errors.worst() {
            let end = if missing == Side::Head { "heads" } else { "tails" };
            errors.worst_at = format!("blocks of {end}: {}", of_end.worst_at);
        }
        errors.blocks = larger(errors.blocks, of_end.worst());
    }
    Ok(errors)
}

/// The batch as a block whose candidates are what is at the missing ends: the scores of all pairs, and the gradient of
/// the pairs that are the batch's triples.
fn compare_blocks(
    compiled: &Compiled,
    case: &mut Case,
    subject: &mut dyn Subject,
    missing: Side,
    [heads, relations, tails]: &[Vec<u32>; 3],
) -> Result<Errors, Failure> {
    let (entities, candidates) = if missing == Side::Head { (tails, heads) } else { (heads, tails) };
    let queries = Queries { missing, entities, relations };
    let mut scores = vec![0.0; entities.len() * candidates.len()];
    subject.score_block(queries, candidates, &mut scores)?;
    let pair = |query: usize, candidate: u32| match missing {
        Side::Head => Triple { head: candidate, relation: relations[query], tail: entities[query] },
        Side::Relation | Side::Tail => Triple { head: entities[query], relation: relations[query], tail: candidate },
    };
    let pairs = (0..entities.len()).flat_map(|query| candidates.iter().map(move |candidate| pair(query, *candidate)));
    let pairs: Vec<Triple> = pairs.collect();
    let mut errors = Errors { score: score_error(compiled, case, &pairs, &scores), ..Errors::default() };
    if let Some(gradients) = subject.diagonal_gradients(queries, candidates, &case.upstream)? {
        compare_gradients(compiled, case, &gradients, &mut errors);
    }
    Ok(errors)
}

fn score_error(compiled: &Compiled, case: &Case, triples: &[Triple], scores: &[f32]) -> f64 {
    let exact = |triple: &Triple| interp::score(&compiled.declared, &case.bindings, &case.declared.rows(*triple));
    let expected: Vec<f64> = triples.iter().map(exact).collect();
    let magnitude = root_mean_square(expected.iter().copied());
    let pairs = scores.iter().zip(&expected);
    pairs.map(|(found, expected)| relative(f64::from(*found), *expected, magnitude)).fold(0.0, larger)
}

fn compare_gradients(compiled: &Compiled, case: &mut Case, gradients: &RowGradients, errors: &mut Errors) {
    let upstream = case.upstream.iter().map(|value| f64::from(*value));
    let batch: Vec<(Triple, f64)> = case.triples.iter().copied().zip(upstream).collect();
    let expected = reference::gradient(&compiled.gradient, &case.bindings, &case.tables, &batch);
    let magnitudes: Vec<f64> = (0..compiled.lowered.planes.len()).map(|plane| expected.magnitude(plane)).collect();
    // Where a plane's gradient cancels (a projection along the one direction that there is), rounding is all that is left.
    let least = CANCELLED * magnitudes.iter().copied().fold(0.0, f64::max);
    for (plane, magnitude) in magnitudes.into_iter().enumerate() {
        let magnitude = magnitude.max(least);
        for (row, found) in &gradients[plane] {
            let pairs = found.iter().zip(expected.row(plane, *row));
            let exact = pairs.map(|(found, expected)| relative(f64::from(*found), *expected, magnitude));
            errors.gradient = exact.fold(errors.gradient, larger);
            compare_differences(compiled, case, &batch, Row { plane, row: *row, found, magnitude }, errors);
        }
    }
}

/// A row of a gradient.
struct Row<'a> {
    plane: usize,
    row: usize,
    found: &'a [f32],
    /// The root mean square of the plane's gradient.
    magnitude: f64,
}

fn compare_differences(
    compiled: &Compiled,
    case: &mut Case,
    batch: &[(Triple, f64)],
    Row { plane, row, found, magnitude }: Row<'_>,
    errors: &mut Errors,
) {
    let score = &compiled.declared;
    let (declared, first) = case.places[plane];
    let owner = score.slots[score.planes[PlaneId::new(declared)].slot].owner;
    for element in (0..found.len()).step_by(found.len().div_ceil(ELEMENTS).max(1)) {
        let place = (owner, declared, row, first + element);
        let difference = reference::difference(score, &case.bindings, &mut case.declared, batch, place);
        let error = relative(f64::from(found[element]), difference, magnitude);
        if larger(error, errors.differences) != errors.differences {
            let name = &case.names[plane];
            errors.worst_at = format!("{name}[{row}, {element}]: {:.6}, not {difference:.6}", found[element]);
        }
        errors.differences = larger(errors.differences, error);
        errors.elements += 1;
    }
}

/// |found − expected| relative to the larger of the expected value and the magnitude of its kind.
fn relative(found: f64, expected: f64, magnitude: f64) -> f64 {
    let scale = expected.abs().max(magnitude).max(1e-6);
    (found - expected).abs() / scale
}

/// The larger of two errors; NaN is the largest.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sptx::models::{KernelChoice, Source};

    use super::super::{TOLERANCE, draw::Case};
    use super::compare;

    /// The largest error of the kernels for one norm against the meaning of another.
    fn worst(meant: f64, run: f64) -> f64 {
        let source = Source::find("transe").unwrap();
        let compiled = sptx::codegen::compile(source.analyze(&[("norm", meant)]).unwrap());
        let model = source.compile(&[("norm", run)], KernelChoice::Interpreted).unwrap();
        let sizes = BTreeMap::from([("d".to_owned(), 5)]);
        let (mut engine, case) = Case::new(&compiled, &model, &sizes, 8, 1).unwrap();
        compare(&compiled, case, &mut engine).unwrap().worst()
    }

    #[test]
    fn a_wrong_kernel_fails_and_the_right_one_passes() {
        assert!(worst(2.0, 2.0) <= TOLERANCE);
        assert!(worst(2.0, 1.0) > TOLERANCE);
    }
}
