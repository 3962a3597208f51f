//! The values of a setting that are tried: some that are listed, or those of a range.

use serde::Deserialize;
use toml::Value;
use toml::de::DeTable;

use crate::search::error::SpaceMistake;

/// The values of a setting that are tried.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::search) enum Domain {
    /// One of these.
    List(Vec<Value>),
    /// A whole number, `low`, `low + step`, … up to `high`.
    Whole {
        /// The least.
        low: i64,
        /// The greatest.
        high: i64,
        /// From one to the next; 1 on a logarithmic scale.
        step: i64,
        /// What is even.
        scale: Scale,
    },
    /// A number from `low` to `high`.
    Real {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
        /// From one to the next, where not all are tried.
        step: Option<f64>,
        /// What is even.
        scale: Scale,
    },
}

/// What is spread evenly over a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::search) enum Scale {
    /// The numbers.
    #[default]
    Linear,
    /// Their logarithms.
    Log,
}

/// A range as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    low: Value,
    high: Value,
    #[serde(default)]
    step: Option<Value>,
    #[serde(default)]
    scale: Scale,
}

/// Whether a table is meant as a range, and not as a section of settings.
pub(super) fn is_range(table: &DeTable<'_>) -> bool {
    ["low", "high", "step", "scale"].into_iter().any(|key| table.contains_key(key))
}

/// Digits of a drawn number: enough to try, few enough to read, and beyond what logarithms of two platforms differ in.
const DIGITS: usize = 4;

/// Digits of a number that steps lead to: what the sum of the steps rounds to.
const STEP_DIGITS: usize = 12;

impl Range {
    /// The range as a domain: of whole numbers, where all its numbers are written as such.
    pub(super) fn domain(&self, key: &str) -> Result<Domain, SpaceMistake> {
        let low = number(key, "low", &self.low)?;
        let high = number(key, "high", &self.high)?;
        let step = self.step.as_ref().map(|step| number(key, "step", step)).transpose()?;
        if low > high {
            let (low, high) = (self.low.to_string(), self.high.to_string());
            return Err(SpaceMistake::Reversed { key: key.to_owned(), low, high });
        }
        if let (Some(value), Some(step)) = (&self.step, step)
            && !(step > 0.0 && step <= high - low)
        {
            return Err(SpaceMistake::Step { key: key.to_owned(), step: value.to_string() });
        }
        match self.scale {
            Scale::Log if low <= 0.0 => {
                return Err(SpaceMistake::LogarithmOfZero { key: key.to_owned(), low: self.low.to_string() });
            }
            Scale::Log if step.is_some() => return Err(SpaceMistake::LogarithmicSteps { key: key.to_owned() }),
            Scale::Log | Scale::Linear => {}
        }
        let whole_step = self.step.as_ref().map_or(Some(1), Value::as_integer);
        Ok(match (self.low.as_integer(), self.high.as_integer(), whole_step) {
            (Some(low), Some(high), Some(step)) => Domain::Whole { low, high, step, scale: self.scale },
            _ => Domain::Real { low, high, step, scale: self.scale },
        })
    }
}

fn number(key: &str, part: &'static str, value: &Value) -> Result<f64, SpaceMistake> {
    let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    let no_number = || SpaceMistake::NoNumber { key: key.to_owned(), part, found: value.to_string() };
    number.filter(|number| number.is_finite()).ok_or_else(no_number)
}

impl Domain {
    /// Values that stand for all: whoever takes them takes the others.
    pub(super) fn examples(&self) -> Vec<Value> {
        match self {
            Self::List(values) => values.clone(),
            Self::Whole { low, high, .. } => vec![(*low).into(), (*high).into()],
            Self::Real { low, high, .. } => vec![(*low).into(), (*high).into()],
        }
    }

    /// The value at a place from 0 to below 1, to which every value has its even share.
    pub(in crate::search) fn at(&self, place: f64) -> Value {
        match self {
            Self::List(values) => values[((place * values.len() as f64) as usize).min(values.len() - 1)].clone(),
            Self::Whole { low, high, step, scale } => whole(*low, *high, *step, *scale, place).into(),
            Self::Real { low, high, step, scale } => real(*low, *high, *step, *scale, place).into(),
        }
    }
}

fn whole(low: i64, high: i64, step: i64, scale: Scale, place: f64) -> i64 {
    match scale {
        Scale::Linear => {
            // In 128 bits, for the ends may be as far apart as numbers of 64 bits are.
            let last = (i128::from(high) - i128::from(low)) / i128::from(step);
            let index = ((place * (last + 1) as f64) as i128).min(last);
            (i128::from(low) + index * i128::from(step)) as i64
        }
        Scale::Log => {
            between((low as f64).ln(), (high as f64 + 1.0).ln(), place).exp().floor().clamp(low as f64, high as f64)
                as i64
        }
    }
}

fn real(low: f64, high: f64, step: Option<f64>, scale: Scale, place: f64) -> f64 {
    let value = match (step, scale) {
        (Some(step), _) => {
            // A range of 0 to 0.3 by 0.1 has four values, though 0.3 / 0.1 is below 3.
            let last = ((high - low) / step * (1.0 + f64::EPSILON * 4.0)).floor();
            rounded(low + (place * (last + 1.0)).floor().min(last) * step, STEP_DIGITS)
        }
        (None, Scale::Linear) => rounded(between(low, high, place), DIGITS),
        (None, Scale::Log) => rounded(between(low.ln(), high.ln(), place).exp(), DIGITS),
    };
    value.clamp(low, high)
}

/// The number at a place between two, whose difference need not be a number.
fn between(low: f64, high: f64, place: f64) -> f64 {
    low * (1.0 - place) + high * place
}

/// A number with so many significant digits.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(range: &str) -> Result<Domain, String> {
        let range: Range = toml::from_str(range).map_err(|error| error.message().to_owned())?;
        range.domain("x").map_err(|mistake| mistake.to_string())
    }

    /// The values at a thousand places, without repetitions.
    fn values(range: &str) -> Vec<String> {
        let domain = domain(range).expect(range);
        let mut values: Vec<String> = (0..1000).map(|i| domain.at(f64::from(i) / 1000.0).to_string()).collect();
        values.dedup();
        values
    }

    #[test]
    fn every_value_of_a_short_range_is_reached() {
        assert_eq!(values("low = 1\nhigh = 4"), ["1", "2", "3", "4"]);
        assert_eq!(values("low = -2\nhigh = 5\nstep = 3"), ["-2", "1", "4"]);
        assert_eq!(values("low = 0\nhigh = 0.3\nstep = 0.1"), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(values("low = 1\nhigh = 5\nscale = \"log\""), ["1", "2", "3", "4", "5"]);
        assert_eq!(values("low = 7\nhigh = 7"), ["7"]);
        assert_eq!(values("low = 0.5\nhigh = 0.5\nscale = \"log\""), ["0.5"]);
    }

    #[test]
    fn scales_are_even_in_their_own_measure() {
        let at = |range: &str, place| domain(range).expect(range).at(place).to_string();
        assert_eq!(at("low = 0.0\nhigh = 3.0", 1.0 / 3.0), "1.0");
        assert_eq!(at("low = 1e-4\nhigh = 1.0\nscale = \"log\"", 0.5), "0.01");
        assert_eq!(at("low = 1e-4\nhigh = 1.0\nscale = \"log\"", 0.3), "0.001585");
        assert_eq!(at("low = 1\nhigh = 1023\nscale = \"log\"", 0.5), "32");
        assert_eq!(at("low = -9223372036854775808\nhigh = 9223372036854775807", 0.5), "0");
    }

    #[test]
    fn ranges_that_make_no_sense() {
        let fails = |range: &str| domain(range).expect_err(range);
        assert_eq!(fails("low = 2\nhigh = 1"), "the range of `x` goes from 2 down to 1; swap `low` and `high`");
        assert_eq!(
            fails("low = 0\nhigh = 1.0\nscale = \"log\""),
            "the range of `x` is logarithmic and must begin above 0; it begins at 0"
        );
        assert_eq!(fails("low = \"a\"\nhigh = 1"), "`low` of `x` must be a finite number; `\"a\"` is not");
        assert_eq!(fails("low = 0\nhigh = inf"), "`high` of `x` must be a finite number; `inf` is not");
        assert_eq!(
            fails("low = 0\nhigh = 4\nstep = 5"),
            "`step` of `x` must be above 0 and at most `high` − `low`; it is 5"
        );
        assert!(fails("low = 0\nhigh = 4\nstep = 0").contains("must be above 0"));
        assert!(fails("low = 1\nhigh = 4\nstep = 1\nscale = \"log\"").contains("cannot have both"));
        assert!(fails("low = 1\nhigh = 4\nscale = \"cubic\"").contains("unknown variant `cubic`"));
        assert!(fails("low = 1\nhihg = 4").contains("unknown field `hihg`"));
    }
}
