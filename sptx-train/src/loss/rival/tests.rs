//! Losses against rivals, held against their formulas in f64 and central differences of these.

use super::*;

const SCALE: f32 = 0.25;

fn losses() -> Vec<RivalLoss> {
    vec![
        RivalLoss::Margin { margin: 0.75 },
        RivalLoss::Logistic { margin: 0.5, adversarial: 0.0 },
        RivalLoss::Logistic { margin: 0.5, adversarial: 2.0 },
        RivalLoss::Softmax { sharpness: 1.0, stands_for: 1.0 },
        RivalLoss::Softmax { sharpness: 2.5, stands_for: 40.0 },
    ]
}

fn softplus_of(x: f64) -> f64 {
    x.exp().ln_1p()
}

/// Weights of self-adversarial rivals at some scores; 1 each for other losses.
fn weights(loss: RivalLoss, rivals: &[f64]) -> Vec<f64> {
    match loss {
        RivalLoss::Logistic { adversarial, .. } if adversarial > 0.0 => {
            let total: f64 = rivals.iter().map(|s| (f64::from(adversarial) * s).exp()).sum();
            rivals.iter().map(|s| (f64::from(adversarial) * s).exp() / total).collect()
        }
        RivalLoss::Logistic { .. } | RivalLoss::Margin { .. } | RivalLoss::Softmax { .. } => vec![1.0; rivals.len()],
    }
}

/// The formula as it is written, with weights that do not change.
fn plain(loss: RivalLoss, weights: &[f64], scores: &[f64]) -> f64 {
    let (answer, rivals) = (scores[0], &scores[1..]);
    match loss {
        RivalLoss::Margin { margin } => rivals.iter().map(|s| (f64::from(margin) - answer + s).max(0.0)).sum(),
        RivalLoss::Logistic { margin, .. } => {
            let margin = f64::from(margin);
            let against = rivals.iter().zip(weights).map(|(s, weight)| weight * softplus_of(margin + s));
            softplus_of(-margin - answer) + against.sum::<f64>()
        }
        RivalLoss::Softmax { sharpness, stands_for } => {
            let power = |s: f64| (f64::from(sharpness) * s).exp();
            let others: f64 = rivals.iter().map(|s| f64::from(stands_for) * power(*s)).sum();
            -(power(answer) / (power(answer) + others)).ln()
        }
    }
}

/// Compares loss and derivatives with the formula, at an answer's score and those of its rivals.
fn check(loss: RivalLoss, scores: &[f32]) {
    const STEP: f64 = 1e-5;
    let exact: Vec<f64> = scores.iter().map(|s| f64::from(*s)).collect();
    let weights = weights(loss, &exact[1..]);
    let mut found = scores.to_vec();
    let (answer, rivals) = found.split_first_mut().expect("an answer");
    let value = loss.row(answer, rivals, SCALE);
    let expected = plain(loss, &weights, &exact);
    assert!((value - expected).abs() <= 1e-5 * (1.0 + expected), "{loss:?}: {value}, not {expected}");
    for (index, derivative) in found.iter().enumerate() {
        let moved = |by: f64| {
            let mut scores = exact.clone();
            scores[index] += by;
            plain(loss, &weights, &scores)
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
        check(loss, &[0.3, -1.0, 0.8, 2.0, -3.5, 0.31]);
        check(loss, &[6.0, -1.0]);
        check(loss, &[-6.0, 1.0, 1.0, 1.0]);
    }
}

#[test]
fn rivals_left_out_change_nothing() {
    for loss in losses() {
        let (mut answer, mut rivals) = (0.4, [1.0, LEFT_OUT, -0.5, LEFT_OUT]);
        let (mut answer_alone, mut rivals_alone) = (0.4, [1.0, -0.5]);
        let value = loss.row(&mut answer, &mut rivals, 1.0);
        assert_eq!(value, loss.row(&mut answer_alone, &mut rivals_alone, 1.0), "{loss:?}");
        assert_eq!((answer, rivals), (answer_alone, [rivals_alone[0], 0.0, rivals_alone[1], 0.0]), "{loss:?}");
    }
}

#[test]
fn where_every_rival_is_left_out_nothing_is_lost_against_them() {
    for loss in losses() {
        let (mut answer, mut rivals) = (0.4, [LEFT_OUT; 3]);
        let value = loss.row(&mut answer, &mut rivals, 1.0);
        let expected = match loss {
            RivalLoss::Margin { .. } | RivalLoss::Softmax { .. } => 0.0,
            RivalLoss::Logistic { margin, .. } => softplus_of(-0.4 - f64::from(margin)),
        };
        assert!((value - expected).abs() < 1e-6 && answer.is_finite() && rivals == [0.0; 3], "{loss:?}: {value}");
    }
}

/// All ways to draw two entities of five: the estimated sums of powers have the full sum as their mean.
#[test]
fn the_corrected_softmax_estimates_the_full_one_without_bias() {
    let scores = [0.5_f32, -1.0, 2.0, 0.0, 1.5];
    let (answer, draws) = (2, 2);
    let loss = RivalLoss::Softmax { sharpness: 1.0, stands_for: scores.len() as f32 / draws as f32 };
    let mut mean = 0.0;
    for first in 0..scores.len() {
        for second in 0..scores.len() {
            let score = |entity: usize| if entity == answer { LEFT_OUT } else { scores[entity] };
            let mut own = scores[answer];
            let value = loss.row(&mut own, &mut [score(first), score(second)], 1.0);
            // The loss is log(sum) − s.
            mean += (value + f64::from(scores[answer])).exp() / (scores.len() * scores.len()) as f64;
        }
    }
    let full: f64 = scores.iter().map(|s| f64::from(*s).exp()).sum();
    assert!((mean - full).abs() < 1e-5 * full, "{mean}, not {full}");
}

#[test]
fn what_is_not_a_number_is_not_hidden_by_the_softmax() {
    let loss = RivalLoss::Softmax { sharpness: 1.0, stands_for: 1.0 };
    assert!(loss.row(&mut f32::NAN.clone(), &mut [1.0], 1.0).is_nan());
    assert!(loss.row(&mut 1.0, &mut [f32::NAN, 2.0], 1.0).is_nan());
}

#[test]
fn the_softmax_does_not_overflow() {
    let loss = RivalLoss::Softmax { sharpness: 10.0, stands_for: 1e5 };
    for (answer, rival) in [(3e4, -3e4), (-3e4, 3e4)] {
        let (mut answer, mut rivals) = (answer, [rival, 0.0]);
        assert!(loss.row(&mut answer, &mut rivals, 1.0).is_finite());
        assert!(answer.is_finite() && rivals.iter().all(|x| x.is_finite()));
    }
}
