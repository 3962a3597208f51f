//! The learning rate over time: a pure function of the step, so that a resumed run has the very same rates.

use std::f64::consts::PI;

use crate::config::{ScheduleConfig, ScheduleName};

/// The course of a run's learning rate.
///
/// ```
/// use sptx_train::{Schedule, ScheduleConfig, ScheduleName};
/// let config = ScheduleConfig { name: ScheduleName::Linear, warmup: 1.0, ..ScheduleConfig::default() };
/// // Five epochs of two steps each: up over the first epoch, down over the other four.
/// let schedule = Schedule::new(&config, 5, 2);
/// let factors: Vec<f64> = (0..10).map(|step| schedule.factor(step)).collect();
/// assert_eq!(factors, [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    config: ScheduleConfig,
    /// Epochs over which `linear` and `cosine` fall, those of the warm-up not counted.
    span: f64,
    steps_per_epoch: u64,
}

impl Schedule {
    /// The schedule of a run of `epochs` epochs, of `steps_per_epoch` steps each (0 counts as 1).
    pub fn new(config: &ScheduleConfig, epochs: u32, steps_per_epoch: u32) -> Self {
        let end = if config.epochs == 0 { epochs } else { config.epochs };
        let span = f64::from(end) - config.warmup;
        Self { config: config.clone(), span, steps_per_epoch: u64::from(steps_per_epoch.max(1)) }
    }

    /// What the learning rate is multiplied by at a step; steps count from 0, through the whole run.
    pub fn factor(&self, step: u64) -> f64 {
        let per_epoch = self.steps_per_epoch as f64;
        let warmup = (self.config.warmup * per_epoch).ceil();
        if (step as f64) < warmup {
            return (step as f64 + 1.0) / warmup;
        }
        self.decay((step as f64 - warmup) / per_epoch)
    }

    /// The factor at a number of epochs after the warm-up.
    fn decay(&self, epochs: f64) -> f64 {
        let ScheduleConfig { every, factor, floor, .. } = self.config;
        let done = if self.span > 0.0 { (epochs / self.span).min(1.0) } else { 1.0 };
        match self.config.name {
            ScheduleName::Constant => 1.0,
            ScheduleName::Linear => floor + (1.0 - floor) * (1.0 - done),
            ScheduleName::Cosine => floor + (1.0 - floor) * 0.5 * (1.0 + (PI * done).cos()),
            ScheduleName::Step => factor.powf((epochs / f64::from(every.max(1))).floor()),
            ScheduleName::Exponential => factor.powf(epochs.floor()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(name: ScheduleName, warmup: f64) -> Schedule {
        let config = ScheduleConfig { name, warmup, every: 2, factor: 0.5, floor: 0.1, ..ScheduleConfig::default() };
        Schedule::new(&config, 8, 10)
    }

    #[test]
    fn each_course_has_the_values_of_its_formula() {
        let at = |name, epoch: u64| schedule(name, 0.0).factor(10 * epoch);
        for epoch in [0, 3, 8, 80] {
            assert_eq!(at(ScheduleName::Constant, epoch), 1.0);
        }
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        near(at(ScheduleName::Linear, 2), 0.1 + 0.9 * 0.75);
        near(at(ScheduleName::Cosine, 4), 0.1 + 0.9 * 0.5);
        near(at(ScheduleName::Cosine, 2), 0.1 + 0.45 * (1.0 + 0.5_f64.sqrt()));
        for name in [ScheduleName::Linear, ScheduleName::Cosine] {
            near(at(name, 0), 1.0);
            near(at(name, 8), 0.1);
            near(at(name, 80), 0.1);
        }
        assert_eq!([0, 1, 2, 3, 4].map(|epoch| at(ScheduleName::Step, epoch)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        assert_eq!([0, 1, 2].map(|epoch| at(ScheduleName::Exponential, epoch)), [1.0, 0.5, 0.25]);
        assert_eq!(schedule(ScheduleName::Exponential, 0.0).factor(19), 0.5, "within an epoch nothing changes");
    }

    #[test]
    fn the_warm_up_rises_in_equal_steps_and_shifts_the_rest() {
        let schedule = schedule(ScheduleName::Step, 1.5);
        let rising: Vec<f64> = (0..15).map(|step| schedule.factor(step)).collect();
        assert!(rising.iter().zip(1..).all(|(factor, n)| (factor - f64::from(n) / 15.0).abs() < 1e-12), "{rising:?}");
        assert_eq!((schedule.factor(34), schedule.factor(35)), (1.0, 0.5));
    }

    #[test]
    fn a_warm_up_longer_than_the_run_ends_at_the_floor() {
        assert!((schedule(ScheduleName::Linear, 9.0).factor(90) - 0.1).abs() < 1e-12);
    }
}
