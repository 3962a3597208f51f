//! Losses of labelled candidates, held against their formulas in f64 and central differences of these.

use super::*;

const SCALE: f32 = 0.25;

fn losses() -> Vec<LabelLoss> {
    let mut losses = Vec::new();
    for smoothing in [0.0, 0.3] {
        losses.push(LabelLoss::Logits { margin: 0.5, smoothing });
        losses.push(LabelLoss::Softmax { sharpness: 1.0, smoothing });
        losses.push(LabelLoss::Softmax { sharpness: 2.5, smoothing });
    }
    losses
}

/// The formula as it is written, with every label spelled out.
fn plain(loss: LabelLoss, scores: &[f64], answers: &[u32]) -> f64 {
    let count = scores.len() as f64;
    let is_true = |place: usize| f64::from(u8::from(answers.contains(&(place as u32))));
    match loss {
        LabelLoss::Logits { margin, smoothing } => {
            let (margin, smoothing) = (f64::from(margin), f64::from(smoothing));
            let term = |(place, score): (usize, &f64)| {
                let label = (1.0 - smoothing) * is_true(place) + smoothing / count;
                let truth = 1.0 / (1.0 + (-margin - score).exp());
                -label * truth.ln() - (1.0 - label) * (1.0 - truth).ln()
            };
            scores.iter().enumerate().map(term).sum()
        }
        LabelLoss::Softmax { sharpness, smoothing } => {
            let (sharpness, smoothing) = (f64::from(sharpness), f64::from(smoothing));
            let total: f64 = scores.iter().map(|s| (sharpness * s).exp()).sum();
            let term = |(place, score): (usize, &f64)| {
                let share = is_true(place) / answers.len().max(1) as f64;
                let label = (1.0 - smoothing) * share + smoothing / count;
                -label * ((sharpness * score).exp() / total).ln()
            };
            scores.iter().enumerate().map(term).sum()
        }
    }
}

fn check(loss: LabelLoss, scores: &[f32], answers: &[u32]) {
    const STEP: f64 = 1e-5;
    let exact: Vec<f64> = scores.iter().map(|s| f64::from(*s)).collect();
    let mut found = scores.to_vec();
    let value = loss.row(&mut found, answers, SCALE);
    let expected = plain(loss, &exact, answers);
    assert!((value - expected).abs() <= 1e-5 * (1.0 + expected), "{loss:?}: {value}, not {expected}");
    for (index, derivative) in found.iter().enumerate() {
        let moved = |by: f64| {
            let mut scores = exact.clone();
            scores[index] += by;
            plain(loss, &scores, answers)
        };
        let difference = f64::from(SCALE) * (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        assert!(
            (f64::from(*derivative) - difference).abs() < 1e-5,
            "{loss:?}, {index}: {derivative}, not {difference}"
        );
    }
}

#[test]
fn losses_and_derivatives_are_those_of_the_formulas() {
    for loss in losses() {
        check(loss, &[0.3, -1.0, 0.8, 2.0, -3.5, 0.31], &[3]);
        check(loss, &[0.3, -1.0, 0.8, 2.0, -3.5, 0.31], &[0, 1, 5]);
        check(loss, &[0.3, -1.0, 0.8], &[0, 1, 2]);
        check(loss, &[0.3, -1.0, 0.8], &[]);
    }
}

#[test]
fn one_answer_among_all_is_one_answer_against_its_rivals() {
    use super::super::RivalLoss;
    let (sharpness, smoothing) = (1.5, 0.0);
    let mut labelled = [0.3, 2.0, -1.0];
    let value = LabelLoss::Softmax { sharpness, smoothing }.row(&mut labelled, &[1], 1.0);
    let (mut answer, mut rivals) = (2.0, [0.3, -1.0]);
    let other = RivalLoss::Softmax { sharpness, stands_for: 1.0 }.row(&mut answer, &mut rivals, 1.0);
    assert!((value - other).abs() < 1e-6);
    let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
    assert!(near(labelled[0], rivals[0]) && near(labelled[1], answer) && near(labelled[2], rivals[1]));
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    for loss in losses() {
        assert!(loss.row(&mut [0.0, f32::NAN, 1.0], &[0], 1.0).is_nan(), "{loss:?}");
        assert!(!loss.row(&mut [0.0, f32::INFINITY, 1.0], &[0], 1.0).is_finite(), "{loss:?}");
    }
}

#[test]
fn extremes_stay_finite() {
    for loss in losses() {
        let mut scores = [3e4, -3e4, 0.0];
        assert!(loss.row(&mut scores, &[1], 1.0).is_finite(), "{loss:?}");
        assert!(scores.iter().all(|x| x.is_finite()), "{loss:?}");
    }
}
