//! Axes: ranges that begin and end at round numbers, and the round numbers between.

/// A range of values with its ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// The round numbers of the range, its ends among them.
    pub(super) ticks: Vec<f64>,
    digits: usize,
}

impl Axis {
    /// An axis that covers finite values with about `count` ticks at multiples of 1, 2 or 5 times a power of ten, which
    /// is at least `least`.
    pub(super) fn over(values: impl Iterator<Item = f64> + Clone, count: usize, least: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        // Values that are all the same stand in the middle of a range.
        let (low, high) = if low < high { (low, high) } else { (low - spread(low), high + spread(high)) };
        let step = round_step((high - low) / count as f64).max(least);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let ticks: Vec<f64> = (0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect();
        let digits = (-step.log10()).ceil().clamp(0.0, 12.0) as usize;
        Self { low: first * step, high: last * step, ticks, digits }
    }

    /// Where a value stands between the ends, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// A tick as text.
    pub(super) fn label(&self, tick: f64) -> String {
        // A multiple of a step may be a negative zero.
        format!("{:.*}", self.digits, tick + 0.0)
    }
}

/// Half of the range around a value that stands alone.
fn spread(value: f64) -> f64 {
    if value == 0.0 { 0.5 } else { value.abs() / 2.0 }
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let multiple = [1.0, 2.0, 5.0].into_iter().find(|multiple| multiple * power >= step * (1.0 - 1e-9));
    multiple.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], least: f64) -> Vec<String> {
        let axis = Axis::over(values.iter().copied(), 5, least);
        axis.ticks.iter().map(|tick| axis.label(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        assert_eq!(labels(&[0.13, 0.62], 0.0), ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(labels(&[-3.0, 7.0], 0.0), ["-4", "-2", "0", "2", "4", "6", "8"]);
        assert_eq!(labels(&[0.0, 0.004], 0.0), ["0.000", "0.001", "0.002", "0.003", "0.004"]);
        assert_eq!(labels(&[1.0, 2.0], 1.0), ["1", "2"]);
        assert_eq!(labels(&[1.0, 100.0], 1.0), ["0", "20", "40", "60", "80", "100"]);
    }

    #[test]
    fn one_value_or_none_has_an_axis_too() {
        let axis = Axis::over([4.0].into_iter(), 5, 0.0);
        assert_eq!(axis.share(4.0), 0.5);
        assert_eq!(labels(&[0.0], 0.0), ["-0.6", "-0.4", "-0.2", "0.0", "0.2", "0.4", "0.6"]);
        assert_eq!(labels(&[], 0.0).len(), 6);
    }
}
