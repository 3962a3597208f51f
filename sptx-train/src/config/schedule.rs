//! The section `schedule`: the learning rate over time.

use serde::{Deserialize, Serialize};

/// The learning rate over time. It is `optimizer.learning_rate` times a factor that depends on the step's number alone,
/// so that a resumed run has the very same rates.
///
/// | `schedule.name` | The factor after x epochs, those of the warm-up not counted |
/// |---|---|
/// | `constant` | 1 |
/// | `linear` | from 1 down to `floor` in equal steps, over `epochs` |
/// | `cosine` | from 1 down to `floor` by half a cosine (Loshchilov and Hutter, 2017), over `epochs` |
/// | `step` | `factor` to the power of ⌊x / `every`⌋ |
/// | `exponential` | `factor` to the power of ⌊x⌋ |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// `constant`, `linear`, `cosine`, `step` or `exponential`.
    pub name: ScheduleName,
    /// Epochs (fractions are allowed) over which the rate first rises to its full value in equal steps; 0 for none.
    pub warmup: f64,
    /// The epoch at which `linear` and `cosine` reach `floor`, and stay; 0 for the run's `epochs`, which then must not
    /// change when it is resumed.
    pub epochs: u32,
    /// Epochs from one fall of `step` to the next.
    pub every: u32,
    /// What is left of the rate after each fall of `step`, or each epoch of `exponential`.
    pub factor: f64,
    /// What is left of the rate in the end, of `linear` and `cosine`.
    pub floor: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { name: ScheduleName::Constant, warmup: 0.0, epochs: 0, every: 10, factor: 0.5, floor: 0.0 }
    }
}

/// A course of the learning rate; [`ScheduleConfig`] has the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleName {
    /// Always the same.
    Constant,
    /// Down a straight line.
    Linear,
    /// Down half a cosine.
    Cosine,
    /// Down a stair.
    Step,
    /// A little less each epoch.
    Exponential,
}

impl ScheduleName {
    /// Whether the schedule has an end.
    pub fn has_end(self) -> bool {
        match self {
            Self::Linear | Self::Cosine => true,
            Self::Constant | Self::Step | Self::Exponential => false,
        }
    }
}

impl ScheduleConfig {
    /// Whether the rate depends on how many epochs the run has.
    pub(crate) fn reads_run_length(&self) -> bool {
        self.name.has_end() && self.epochs == 0
    }
}
