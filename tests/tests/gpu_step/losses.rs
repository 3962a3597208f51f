//! Losses by the device against those of the trainer.

use sptx_codegen::gpu::training;
use sptx_codegen::testing::Random;
use sptx_runtime::gpu::{LossKind, Role, RuleKind, Schedule, Training};
use sptx_runtime::program::Model;
use sptx_tests::{lowered, zoo};
use sptx_train::{Loss, LossConfig, LossName, Reduction};

use super::memory::{GARBAGE, Memory, bits, of_role};
use super::schedules;

/// Losses of every kind, under both reductions.
pub(crate) fn losses() -> Vec<Loss> {
    let margin = LossConfig { margin: 0.75, ..LossConfig::default() };
    let configs = [
        LossConfig { name: LossName::Margin, ..margin.clone() },
        LossConfig { name: LossName::Logistic, ..margin.clone() },
        LossConfig { name: LossName::Logistic, adversarial: 1.5, ..margin },
        LossConfig { name: LossName::Bce, ..LossConfig::default() },
        LossConfig { name: LossName::Softmax, temperature: 0.5, ..LossConfig::default() },
    ];
    let both = |config: &LossConfig| {
        [Reduction::Mean, Reduction::Sum].map(|reduction| Loss::new(&LossConfig { reduction, ..config.clone() }))
    };
    let losses: Vec<Loss> = configs.iter().flat_map(both).collect();
    assert!(LossKind::ALL.iter().all(|kind| losses.iter().any(|loss| loss.kind() == *kind)));
    losses
}

/// The parameters of a loss's kernel.
pub(crate) fn set(memory: &mut Memory, loss: &Loss, positives: usize, negatives: usize) {
    let (_, scale) = loss.terms_and_scale(positives, positives * negatives);
    memory.set(&[("negatives", negatives as u32), ("scale", scale.to_bits())]);
    for name in ["margin", "adversarial", "sharpness"] {
        if let Some(value) = loss.coefficient(name) {
            memory.set(&[(name, value.to_bits())]);
        }
    }
}

/// Runs a loss on scores: the derivatives, and what is left in `losses`.
fn run(model: &Model, schedule: &Schedule, loss: &Loss, scores: &[f32], positives: usize) -> (Vec<f32>, Vec<f32>) {
    let (count, first) = (scores.len(), 3);
    let mut memory = Memory::default();
    let mut scalars = vec![GARBAGE; model.scalars * count];
    scalars[model.score * count..][..count].copy_from_slice(&bits(scores));
    memory.put("scalars", scalars);
    memory.allocate("losses", 2 * (first + positives));
    memory.set(&[("batch", count as u32), ("first", first as u32)]);
    set(&mut memory, loss, positives, count / positives - 1);
    let kinds = Training { filtered: false, loss: loss.kind(), rule: RuleKind::Sgd };
    let plans = training(model, schedule, kinds);
    memory.launch(of_role(&plans, Role::Loss(loss.kind())), positives, str::to_owned);
    let upstream = memory.numbers("scalars")[model.upstream * count..][..count].to_vec();
    (upstream, memory.numbers("losses")[2 * first..].to_vec())
}

fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{what}: {found}, not {expected}");
}

#[test]
fn losses_are_those_of_the_trainer() {
    let model = lowered(&zoo()[0]).1;
    let mut random = Random::new(3);
    for (positives, negatives) in [(1, 1), (7, 3), (33, 40)] {
        for spread in [2.0, 40.0] {
            let count = positives * (1 + negatives);
            let scores: Vec<f32> = (0..count).map(|_| random.uniform(-spread, spread) as f32).collect();
            for loss in losses() {
                let mut expected = vec![0.0; count];
                let value = loss.evaluate(&scores, positives, &mut expected);
                for schedule in schedules() {
                    let (upstream, losses) = run(&model, &schedule, &loss, &scores, positives);
                    let what = format!("{loss:?} {schedule} {positives}·{negatives}");
                    near(losses.iter().step_by(2).map(|it| f64::from(*it)).sum(), value.sum, &what);
                    assert!(losses.iter().skip(1).step_by(2).all(|broken| *broken == 0.0), "{what}");
                    for (found, expected) in upstream.iter().zip(&expected) {
                        near(f64::from(*found), f64::from(*expected), &what);
                    }
                }
            }
        }
    }
}

#[test]
fn extremes_stay_finite_and_what_is_not_is_told() {
    let model = lowered(&zoo()[0]).1;
    let schedule = &schedules()[1];
    for loss in losses() {
        let (upstream, found) = run(&model, schedule, &loss, &[3e4, -3e4, 3e4, -3e4], 2);
        assert!(upstream.iter().chain(&found).all(|number| number.is_finite()), "{loss:?}");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in 0..6 {
                let mut scores = [0.0; 6];
                scores[place] = bad;
                let (_, found) = run(&model, schedule, &loss, &scores, 2);
                let broken: f32 = found.iter().skip(1).step_by(2).sum();
                assert_eq!(broken, 1.0, "{loss:?}: {bad} at {place}");
            }
        }
    }
}
