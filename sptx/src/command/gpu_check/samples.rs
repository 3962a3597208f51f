//! Times that were measured several times.

use serde::Serialize;

/// Seconds of something, measured several times.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Samples {
    /// The one in the middle.
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
    /// All of them, in the order in which they were measured.
    pub(super) all: Vec<f64>,
}

impl Samples {
    /// None of nothing.
    pub(super) fn of(all: Vec<f64>) -> Option<Self> {
        let mut sorted = all.clone();
        sorted.sort_by(f64::total_cmp);
        let [least, most] = [*sorted.first()?, *sorted.last()?];
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Some(Self { median, least, most, all })
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |all: &[f64]| Samples::of(all.to_vec()).map(|it| (it.median, it.least, it.most));
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), Some((2.5, 1.0, 4.0)));
        assert_eq!(of(&[]), None);
    }
}
