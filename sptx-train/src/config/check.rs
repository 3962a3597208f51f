//! Whether the values of a configuration make sense.

use super::{Config, ConfigError};

impl Config {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first value out of range, by its key.
    ///
    /// ```
    /// let config = sptx_train::Config { batch_size: 0, ..Default::default() };
    /// assert_eq!(config.check().unwrap_err().to_string(), "`batch_size` must be at least 1; it is 0");
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        const MOST: usize = 1 << 20;
        const ROOM: usize = u32::MAX as usize;
        let [beta1, beta2] = self.optimizer.betas;
        let share = |beta: f64| (0.0..1.0).contains(&beta);
        let natural = |x: f64| x.is_finite() && x >= 0.0;
        ensure("dim", (1..=MOST).contains(&self.dim), "from 1 to 1048576", self.dim)?;
        for (symbol, size) in &self.dims {
            ensure(&format!("dims.{symbol}"), (1..=MOST).contains(size), "from 1 to 1048576", size)?;
        }
        ensure("batch_size", self.batch_size >= 1, "at least 1", self.batch_size)?;
        ensure("negatives", self.negatives >= 1, "at least 1", self.negatives)?;
        let triples = self.batch_size.saturating_mul(1 + self.negatives as usize);
        ensure("batch_size", triples <= ROOM, "such that a batch with its negatives has under 2^32 triples", triples)?;
        ensure("seed", i64::try_from(self.seed).is_ok(), "below 2^63", self.seed)?;
        ensure("device", self.device == "cpu", "`cpu`", &self.device)?;
        ensure("loss.margin", self.loss.margin.is_finite(), "a finite number", self.loss.margin)?;
        let adversarial = self.loss.adversarial;
        ensure("loss.adversarial", natural(adversarial), "a finite number, 0 or above", adversarial)?;
        let optimizer = &self.optimizer;
        let rate = optimizer.learning_rate;
        ensure("optimizer.learning_rate", natural(rate) && rate > 0.0, "a finite number above 0", rate)?;
        let decay = optimizer.weight_decay;
        ensure("optimizer.weight_decay", natural(decay), "a finite number, 0 or above", decay)?;
        ensure("optimizer.epsilon", natural(optimizer.epsilon), "a finite number, 0 or above", optimizer.epsilon)?;
        ensure("optimizer.betas", share(beta1), "numbers from 0 to below 1", beta1)?;
        ensure("optimizer.betas", share(beta2), "numbers from 0 to below 1", beta2)
    }
}

fn ensure(key: &str, holds: bool, expected: &'static str, found: impl std::fmt::Display) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { key: key.to_owned(), expected, found: found.to_string() })
    }
}
