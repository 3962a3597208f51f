//! Whether the values of a configuration make sense, each by itself and all together.

use super::{Config, ConfigError, LossConfig, OptimizerConfig, RegimeName, RegularizerConfig, ScheduleConfig};

impl Config {
    /// Checks every value's range, and that the values go together.
    ///
    /// [`Config::set`] and the readers of TOML check ranges alone, since a later setting may mend a combination.
    ///
    /// # Errors
    /// The first value out of range, by its key; then the first combination that means nothing, such as a margin loss
    /// against all entities.
    ///
    /// ```
    /// let config = sptx_train::Config { batch_size: 0, ..Default::default() };
    /// assert_eq!(config.check().unwrap_err().to_string(), "`batch_size` must be at least 1; it is 0");
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_ranges()?;
        self.check_combinations()
    }

    /// Checks every value's range.
    pub(crate) fn check_ranges(&self) -> Result<(), ConfigError> {
        self.check_sizes()?;
        self.check_loss()?;
        self.check_optimizer()?;
        self.check_schedule()
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        const MOST: usize = 1 << 20;
        const ROOM: usize = u32::MAX as usize;
        ensure("dim", (1..=MOST).contains(&self.dim), "from 1 to 1048576", self.dim)?;
        for (symbol, size) in &self.dims {
            ensure(&format!("dims.{symbol}"), (1..=MOST).contains(size), "from 1 to 1048576", size)?;
        }
        ensure("batch_size", self.batch_size >= 1, "at least 1", self.batch_size)?;
        ensure("negatives", self.negatives >= 1, "at least 1", self.negatives)?;
        let triples = self.batch_size.saturating_mul(self.rivals());
        ensure("batch_size", triples <= ROOM, "such that a batch with its negatives has under 2^32 triples", triples)?;
        let chunks = self.batch_size.div_ceil(self.regime.chunk.max(1));
        let fits = self.regime.chunk == 0 || chunks <= MOST;
        ensure("regime.chunk", fits, "such that a batch has at most 1048576 chunks", self.regime.chunk)?;
        ensure("seed", i64::try_from(self.seed).is_ok(), "below 2^63", self.seed)?;
        ensure("initial.deviation", natural(self.initial.deviation), NATURAL, self.initial.deviation)?;
        let rest = ["wgpu", "cuda"].iter().find_map(|kind| self.device.strip_prefix(kind));
        let gpu = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        let device = gpu || matches!(self.device.as_str(), "auto" | "cpu");
        ensure("device", device, "`auto`, `cpu`, `wgpu` or `cuda`, with `:` and a number or a name", &self.device)
    }

    /// Triples of a batch for each positive.
    fn rivals(&self) -> usize {
        if self.regime.name == RegimeName::PerTriple { 1 + self.negatives as usize } else { 2 }
    }

    fn check_loss(&self) -> Result<(), ConfigError> {
        let LossConfig { margin, adversarial, label_smoothing, temperature, .. } = self.loss;
        ensure("loss.margin", margin.is_finite(), "a finite number", margin)?;
        ensure("loss.adversarial", natural(adversarial), NATURAL, adversarial)?;
        ensure("loss.label_smoothing", share(label_smoothing), SHARE, label_smoothing)?;
        ensure("loss.temperature", natural(temperature) && temperature > 0.0, POSITIVE, temperature)?;
        let RegularizerConfig { p, entity, relation, .. } = self.regularizer;
        ensure("regularizer.p", (1.0..=16.0).contains(&p), "from 1 to 16", p)?;
        ensure("regularizer.entity", natural(entity), NATURAL, entity)?;
        ensure("regularizer.relation", natural(relation), NATURAL, relation)?;
        ensure("dropout.entity", share(self.dropout.entity), SHARE, self.dropout.entity)?;
        ensure("dropout.relation", share(self.dropout.relation), SHARE, self.dropout.relation)
    }

    fn check_optimizer(&self) -> Result<(), ConfigError> {
        let OptimizerConfig { learning_rate: rate, weight_decay, betas: [beta1, beta2], epsilon, .. } = self.optimizer;
        ensure("optimizer.learning_rate", natural(rate) && rate > 0.0, POSITIVE, rate)?;
        ensure("optimizer.weight_decay", natural(weight_decay), NATURAL, weight_decay)?;
        ensure("optimizer.epsilon", natural(epsilon), NATURAL, epsilon)?;
        ensure("optimizer.betas", share(beta1), "numbers from 0 to below 1", beta1)?;
        ensure("optimizer.betas", share(beta2), "numbers from 0 to below 1", beta2)
    }

    fn check_schedule(&self) -> Result<(), ConfigError> {
        let ScheduleConfig { warmup, every, factor, floor, .. } = self.schedule;
        ensure("schedule.warmup", natural(warmup), NATURAL, warmup)?;
        ensure("schedule.every", every >= 1, "at least 1", every)?;
        ensure("schedule.factor", factor > 0.0 && factor <= 1.0, "above 0 and at most 1", factor)?;
        ensure("schedule.floor", (0.0..=1.0).contains(&floor), "from 0 to 1", floor)
    }
}

const NATURAL: &str = "a finite number, 0 or above";
const POSITIVE: &str = "a finite number above 0";
const SHARE: &str = "from 0 to below 1";

fn natural(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

fn share(x: f64) -> bool {
    (0.0..1.0).contains(&x)
}

fn ensure(key: &str, holds: bool, expected: &'static str, found: impl std::fmt::Display) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { key: key.to_owned(), expected, found: found.to_string() })
    }
}
