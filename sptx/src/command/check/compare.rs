//! The comparison itself.

use serde::Serialize;
use sptx::codegen::Compiled;
use sptx::codegen::interp;
use sptx::codegen::ir::PlaneId;
use sptx::codegen::testing::has_kink;
use sptx::runtime::Error;
use sptx::runtime::cpu::{Batch, Queries};
use sptx::runtime::program::Side;
use sptx::train::Triple;

use super::draw::Case;
use super::reference::{self, Tables, root_mean_square};
use super::subject::{RowGradients, Subject};

/// The most elements of a row that differences are taken of; beyond it, evenly spaced ones.
const ELEMENTS: usize = 96;

/// A gradient of this part of the model's largest is compared as if it were no smaller.
const CANCELLED: f64 = 1e-3;

/// How near a kink or a jump rounding decides on which side a triple is.
const JUMP: f64 = 1e-5;

/// The largest relative errors of one check.
#[derive(Debug, Default, Serialize)]
pub(in crate::command) struct Errors {
    /// Triples compared.
    pub(in crate::command) triples: usize,
    /// Elements of gradients compared with differences.
    elements: usize,
    /// Of scores.
    pub(in crate::command) score: f64,
    /// Of gradients against the interpreted gradient.
    pub(in crate::command) gradient: f64,
    /// Of gradients against central differences.
    pub(in crate::command) differences: f64,
    /// Of blocks, for a missing head and a missing tail: scores of all pairs of the batch's queries and candidates, and
    /// gradients against both.
    pub(in crate::command) blocks: f64,
    /// Where the largest error is.
    pub(in crate::command) worst_at: String,
}

impl Errors {
    /// The largest of all. NaN counts as larger than anything.
    pub(in crate::command) fn worst(&self) -> f64 {
        larger(larger(self.score, self.blocks), larger(self.gradient, self.differences))
    }

    /// Takes note of an error, at a place, among those of its kind.
    fn see(&mut self, kind: fn(&mut Self) -> &mut f64, error: f64, place: impl FnOnce() -> String) {
        if larger(error, self.worst()) != self.worst() {
            self.worst_at = place();
        }
        let kind = kind(self);
        *kind = larger(*kind, error);
    }
}

/// What the interpreter makes of a case.
pub(in crate::command) struct Expected {
    scores: Vec<f64>,
    gradient: Tables,
    /// The scores of the pairs of blocks, for a missing head and a missing tail.
    pairs: [Vec<f64>; 2],
}

impl Expected {
    pub(in crate::command) fn of(compiled: &Compiled, case: &Case) -> Self {
        let score = |triple: &Triple| interp::score(&compiled.declared, &case.bindings, &case.declared.rows(*triple));
        Self {
            scores: case.triples.iter().map(score).collect(),
            gradient: reference::gradient(&compiled.gradient, &case.bindings, &case.tables, &case.batch()),
            pairs: ENDS.map(|missing| case.pairs(missing).iter().map(score).collect()),
        }
    }

    /// How many numbers there are.
    pub(in crate::command) fn numbers(&self) -> usize {
        self.scores.len() + self.gradient.numbers() + self.pairs.iter().map(Vec::len).sum::<usize>()
    }

    /// The largest difference of a number from that of other tables.
    pub(in crate::command) fn distance(&self, other: &Self) -> f64 {
        let scores = |it: &Self| it.scores.iter().chain(it.pairs.iter().flatten()).copied().collect::<Vec<_>>();
        let of_scores = scores(self).into_iter().zip(scores(other)).map(|(a, b)| (a - b).abs());
        of_scores.fold(self.gradient.distance(&other.gradient), larger)
    }
}

/// The ends that blocks are compared for.
const ENDS: [Side; 2] = [Side::Head, Side::Tail];

/// What an engine makes of a case.
#[derive(PartialEq)]
pub(in crate::command) struct Found {
    scores: Vec<f32>,
    gradients: RowGradients,
    /// Scores, and gradients where the engine has them, for a missing head and a missing tail; empty without blocks.
    blocks: Vec<(Vec<f32>, Option<RowGradients>)>,
}

impl Found {
    /// Has an engine, which has the case's tables, score and differentiate its batch: as triples, and as blocks whose
    /// candidates are what is at the missing ends.
    pub(in crate::command) fn by(subject: &mut dyn Subject, case: &Case) -> Result<Self, Error> {
        let columns = case.columns();
        let batch = Batch { heads: &columns[0], relations: &columns[1], tails: &columns[2] };
        let mut found = Self {
            scores: subject.score(batch)?,
            gradients: subject.gradients(batch, &case.upstream)?,
            blocks: Vec::new(),
        };
        for missing in ENDS.into_iter().filter(|_| case.blocks) {
            let [heads, relations, tails] = &columns;
            let (entities, candidates) = if missing == Side::Head { (tails, heads) } else { (heads, tails) };
            let queries = Queries { missing, entities, relations };
            let mut scores = vec![0.0; entities.len() * candidates.len()];
            subject.score_block(queries, candidates, &mut scores)?;
            found.blocks.push((scores, subject.diagonal_gradients(queries, candidates, &case.upstream)?));
        }
        Ok(found)
    }
}

/// How strict a comparison is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::command) struct How {
    /// Gradients are held against central differences, too.
    pub(in crate::command) differences: bool,
    /// Differences up to this are none, and pairs at a kink or a jump, on whose side rounding decides, are passed over:
    /// what rounding the tables does to an ill-conditioned score.
    pub(in crate::command) rounding: Option<f64>,
}

/// Compares what an engine and the interpreter make of a case.
pub(in crate::command) fn compare(
    compiled: &Compiled,
    case: &mut Case,
    expected: &Expected,
    found: &Found,
    how: How,
) -> Errors {
    let mut errors = Errors { triples: case.triples.len(), ..Errors::default() };
    let triples = case.triples.clone();
    let scores = Scores { compiled, case, triples: &triples, expected: &expected.scores, how };
    scores.compare(&found.scores, "", |errors| &mut errors.score, &mut errors);
    compare_gradients(compiled, case, expected, &found.gradients, how, &mut errors);
    for ((missing, expected_pairs), (scores, gradients)) in ENDS.into_iter().zip(&expected.pairs).zip(&found.blocks) {
        let ends = if missing == Side::Head { "blocks of heads: " } else { "blocks of tails: " };
        let pairs = case.pairs(missing);
        let of_pairs = Scores { compiled, case, triples: &pairs, expected: expected_pairs, how };
        of_pairs.compare(scores, ends, |errors| &mut errors.blocks, &mut errors);
        let mut of_end = Errors::default();
        if let Some(gradients) = gradients {
            compare_gradients(compiled, case, expected, gradients, how, &mut of_end);
        }
        errors.elements += of_end.elements;
        errors.see(|errors| &mut errors.blocks, of_end.worst(), || format!("{ends}{}", of_end.worst_at));
    }
    errors
}

/// The scores of some triples.
struct Scores<'a> {
    compiled: &'a Compiled,
    case: &'a Case,
    triples: &'a [Triple],
    expected: &'a [f64],
    how: How,
}

impl Scores<'_> {
    fn compare(&self, found: &[f32], what: &str, kind: fn(&mut Errors) -> &mut f64, errors: &mut Errors) {
        let magnitude = root_mean_square(self.expected.iter().copied());
        for (place, (found, expected)) in found.iter().zip(self.expected).enumerate() {
            let error = relative(f64::from(*found), *expected, magnitude, self.how);
            if self.how.rounding.is_some() && error > 0.0 && self.is_at_a_jump(place) {
                continue;
            }
            errors.see(kind, error, || format!("{what}score[{place}]: {found:.6}, not {expected:.6}"));
        }
    }

    fn is_at_a_jump(&self, place: usize) -> bool {
        let Case { bindings, tables, .. } = self.case;
        has_kink(&self.compiled.lowered, bindings, &tables.rows(self.triples[place]), JUMP)
    }
}

fn compare_gradients(
    compiled: &Compiled,
    case: &mut Case,
    expected: &Expected,
    gradients: &RowGradients,
    how: How,
    errors: &mut Errors,
) {
    let expected = &expected.gradient;
    let magnitudes: Vec<f64> = (0..compiled.lowered.planes.len()).map(|plane| expected.magnitude(plane)).collect();
    // Where a plane's gradient cancels (a projection along the one direction that there is), rounding is all that is left.
    let least = CANCELLED * magnitudes.iter().copied().fold(0.0, f64::max);
    for (plane, magnitude) in magnitudes.into_iter().enumerate() {
        let magnitude = magnitude.max(least);
        for (row, found) in &gradients[plane] {
            for (element, (found, expected)) in found.iter().zip(expected.row(plane, *row)).enumerate() {
                let error = relative(f64::from(*found), *expected, magnitude, how);
                let place = || format!("{}[{row}, {element}]: {found:.6}, not {expected:.6}", case.names[plane]);
                errors.see(|errors| &mut errors.gradient, error, place);
            }
            if how.differences {
                compare_differences(compiled, case, Row { plane, row: *row, found, magnitude }, errors);
            }
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
    Row { plane, row, found, magnitude }: Row<'_>,
    errors: &mut Errors,
) {
    let score = &compiled.declared;
    let batch = case.batch();
    let (declared, first) = case.places[plane];
    let owner = score.slots[score.planes[PlaneId::new(declared)].slot].owner;
    for element in (0..found.len()).step_by(found.len().div_ceil(ELEMENTS).max(1)) {
        let place = (owner, declared, row, first + element);
        let difference = reference::difference(score, &case.bindings, &mut case.declared, &batch, place);
        let error = relative(f64::from(found[element]), difference, magnitude, How::default());
        let name = &case.names[plane];
        let place = || format!("{name}[{row}, {element}]: {:.6}, not {difference:.6}", found[element]);
        errors.see(|errors| &mut errors.differences, error, place);
        errors.elements += 1;
    }
}

/// |found − expected| relative to the larger of the expected value and the magnitude of its kind.
fn relative(found: f64, expected: f64, magnitude: f64, how: How) -> f64 {
    let scale = expected.abs().max(magnitude).max(1e-6);
    let difference = (found - expected).abs();
    match how.rounding {
        Some(rounding) if difference <= rounding => 0.0,
        _ => difference / scale,
    }
}

/// The larger of two errors; NaN is the largest.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sptx::models::{KernelChoice, Source};

    use super::super::TOLERANCE;
    use super::super::draw::{Case, Draw, MARGIN};
    use super::{Expected, Found, How, compare};

    const DRAW: Draw = Draw { triples: 8, seed: 1, margin: MARGIN, blocks: true };

    /// The largest error of the kernels for one norm against the meaning of another.
    fn worst(meant: f64, run: f64) -> f64 {
        let source = Source::find("transe").unwrap();
        let compiled = sptx::codegen::compile(source.analyze(&[("norm", meant)]).unwrap());
        let model = source.compile(&[("norm", run)], KernelChoice::Interpreted).unwrap();
        let sizes = BTreeMap::from([("d".to_owned(), 5)]);
        let (mut engine, mut case) = Case::new(&compiled, &model, &sizes, DRAW).unwrap();
        let (expected, found) = (Expected::of(&compiled, &case), Found::by(&mut engine, &case).unwrap());
        compare(&compiled, &mut case, &expected, &found, How { differences: true, rounding: None }).worst()
    }

    #[test]
    fn a_wrong_kernel_fails_and_the_right_one_passes() {
        assert!(worst(2.0, 2.0) <= TOLERANCE);
        assert!(worst(2.0, 1.0) > TOLERANCE);
    }
}
