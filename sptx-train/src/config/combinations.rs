//! Which settings go together.
//!
//! Each value of a configuration may be right and the whole still mean nothing: a margin against every entity, filtered
//! negatives where none are drawn. [`RULES`] lists what is refused, each with the reason and the mend. What is merely
//! not read (`negatives` where all entities are candidates, `optimizer.betas` of another optimizer) is no mistake.

use toml::{Table, Value};

use super::{Config, ConfigError, LogQ, LossName, RegimeName, Sides};
use crate::sampler::Corruption;

/// A combination that is refused.
struct Rule {
    /// The key of the setting at fault.
    key: &'static str,
    /// The key of the setting that it does not go with.
    with: &'static str,
    /// Whether a configuration has the combination.
    is_broken: fn(&Config) -> bool,
    /// Why it is refused.
    reason: &'static str,
    /// What to do.
    mend: &'static str,
}

/// Every combination that is refused, in the order in which they are looked for.
const RULES: [Rule; 17] = [
    Rule {
        key: "loss.name",
        with: "regime.name",
        is_broken: |config| config.loss.name == LossName::Margin && config.is_exhaustive(),
        reason: "a margin ranks a few negatives; of all entities most are far below it and teach nothing",
        mend: "set `loss.name` to `softmax` or `bce`",
    },
    Rule {
        key: "loss.adversarial",
        with: "loss.name",
        is_broken: |config| config.is_adversarial() && config.loss.name != LossName::Logistic,
        reason: "only the logistic loss has self-adversarial weights (the softmax weights its rivals by itself)",
        mend: "set `loss.adversarial` to 0, or `loss.name` to `logistic`",
    },
    Rule {
        key: "loss.adversarial",
        with: "regime.name",
        is_broken: |config| config.is_adversarial() && config.is_exhaustive(),
        reason: "self-adversarial weights are for sampled negatives, and here every entity is a candidate",
        mend: "set `loss.adversarial` to 0, or `regime.name` to `shared`",
    },
    Rule {
        key: "loss.label_smoothing",
        with: "loss.name",
        is_broken: |config| config.smooths_labels() && !config.has_labels(),
        reason: "this loss has no labels to smooth",
        mend: "set `loss.label_smoothing` to 0, or `loss.name` to `bce` or `softmax`",
    },
    Rule {
        key: "loss.label_smoothing",
        with: "regime.name",
        is_broken: |config| config.smooths_labels() && !config.is_exhaustive(),
        reason: "a smoothed label is spread over all entities, and here only some are scored",
        mend: "set `loss.label_smoothing` to 0, or `regime.name` to `one-vs-all` or `k-vs-all`",
    },
    Rule {
        key: "loss.temperature",
        with: "loss.name",
        is_broken: |config| config.loss.temperature != 1.0 && config.loss.name != LossName::Softmax,
        reason: "only the softmax has a temperature",
        mend: "set `loss.temperature` to 1, or `loss.name` to `softmax`",
    },
    Rule {
        key: "loss.log_q",
        with: "loss.name",
        is_broken: |config| config.loss.log_q == LogQ::On && config.loss.name != LossName::Softmax,
        reason: "it corrects the sum of a sampled softmax",
        mend: "set `loss.log_q` to `auto`, or `loss.name` to `softmax`",
    },
    Rule {
        key: "loss.log_q",
        with: "regime.name",
        is_broken: |config| config.loss.log_q == LogQ::On && config.regime.name != RegimeName::Shared,
        reason: "it corrects for negatives that are drawn evenly from all entities and shared",
        mend: "set `loss.log_q` to `auto`, or `regime.name` to `shared`",
    },
    Rule {
        key: "regime.chunk",
        with: "regime.name",
        is_broken: |config| config.regime.chunk > 0 && config.regime.name != RegimeName::Shared,
        reason: "a chunk is of positives that share negatives",
        mend: "set `regime.chunk` to 0, or `regime.name` to `shared`",
    },
    Rule {
        key: "regime.filtered",
        with: "regime.name",
        is_broken: |config| config.regime.filtered && config.regime.name != RegimeName::Shared,
        reason: "it leaves out shared negatives, and this regime has none",
        mend: "set `regime.filtered` to false, or `regime.name` to `shared` (`per-triple` has `sampler.filtered`; \
               `k-vs-all` takes all known answers as true)",
    },
    Rule {
        key: "sampler.filtered",
        with: "regime.name",
        is_broken: |config| config.sampler.filtered && !config.is_per_triple(),
        reason: "it draws a triple's own negatives anew, and this regime has none",
        mend: "set `sampler.filtered` to false (`shared` has `regime.filtered`)",
    },
    Rule {
        key: "sampler.corruption",
        with: "regime.name",
        is_broken: |config| config.is_bernoulli() && !config.is_per_triple(),
        reason: "it chooses an end for each negative, and this regime asks for each end of every triple",
        mend: "set `sampler.corruption` to `uniform`, or `regime.name` to `per-triple`",
    },
    Rule {
        key: "sampler.corruption",
        with: "regime.sides",
        is_broken: |config| config.is_bernoulli() && config.regime.sides != Sides::Both,
        reason: "it chooses between the two ends, and only one is replaced",
        mend: "set `sampler.corruption` to `uniform`, or `regime.sides` to `both`",
    },
    Rule {
        key: "sampler.corruption",
        with: "reciprocal",
        is_broken: |config| config.is_bernoulli() && config.reciprocal,
        reason: "it chooses between the two ends, and with inverse relations only tails are replaced",
        mend: "set `sampler.corruption` to `uniform`, or `reciprocal` to false",
    },
    Rule {
        key: "regime.sides",
        with: "reciprocal",
        is_broken: |config| config.reciprocal && config.regime.sides != Sides::Both,
        reason: "heads are asked for as the tails of inverse relations: with one end alone, half of the relations \
                 would learn nothing",
        mend: "set `regime.sides` to `both`, or `reciprocal` to false",
    },
    Rule {
        key: "dropout.entity",
        with: "regime.name",
        is_broken: |config| config.dropout.entity > 0.0 && config.is_per_triple(),
        reason: "it masks the rows of queries, and triples with negatives of their own have none",
        mend: "set `dropout.entity` to 0, or `regime.name` to `shared`",
    },
    Rule {
        key: "dropout.relation",
        with: "regime.name",
        is_broken: |config| config.dropout.relation > 0.0 && config.is_per_triple(),
        reason: "it masks the rows of queries, and triples with negatives of their own have none",
        mend: "set `dropout.relation` to 0, or `regime.name` to `shared`",
    },
];

impl Config {
    /// Checks that the settings go together.
    ///
    /// # Errors
    /// The first combination that means nothing, with the reason and the mend.
    pub(super) fn check_combinations(&self) -> Result<(), ConfigError> {
        let Some(rule) = RULES.iter().find(|rule| (rule.is_broken)(self)) else { return Ok(()) };
        let table = self.to_table()?;
        let setting = |key| (key, shown(&table, key));
        let (key, value) = setting(rule.key);
        let (with, with_value) = setting(rule.with);
        Err(ConfigError::Combination { key, value, with, with_value, reason: rule.reason, mend: rule.mend })
    }

    fn is_exhaustive(&self) -> bool {
        self.regime.name.is_exhaustive()
    }

    fn is_per_triple(&self) -> bool {
        self.regime.name == RegimeName::PerTriple
    }

    fn is_adversarial(&self) -> bool {
        self.loss.adversarial > 0.0
    }

    fn smooths_labels(&self) -> bool {
        self.loss.label_smoothing > 0.0
    }

    fn has_labels(&self) -> bool {
        match self.loss.name {
            LossName::Bce | LossName::Softmax => true,
            LossName::Margin | LossName::Logistic => false,
        }
    }

    fn is_bernoulli(&self) -> bool {
        self.sampler.corruption == Corruption::Bernoulli
    }
}

/// A setting's value, as a person writes it on the command line.
fn shown(table: &Table, key: &str) -> String {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let place = if section.is_empty() { Some(table) } else { table.get(section).and_then(Value::as_table) };
    let value = place.and_then(|table| table.get(name));
    value.map_or_else(String::new, |value| value.to_string().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration that breaks each rule: settings beside the defaults, in the order of [`RULES`].
    const BROKEN: [&str; 17] = [
        "loss.name=margin regime.name=one-vs-all",
        "loss.adversarial=1 loss.name=softmax",
        "loss.adversarial=1 regime.name=k-vs-all",
        "loss.label_smoothing=0.1 regime.name=k-vs-all",
        "loss.label_smoothing=0.1 loss.name=bce regime.name=shared",
        "loss.temperature=2",
        "loss.log_q=on regime.name=shared",
        "loss.log_q=on loss.name=softmax",
        "regime.chunk=8 regime.name=one-vs-all",
        "regime.filtered=true regime.name=k-vs-all",
        "sampler.filtered=true regime.name=shared",
        "sampler.corruption=bernoulli regime.name=shared",
        "sampler.corruption=bernoulli regime.sides=tail",
        "sampler.corruption=bernoulli reciprocal=true",
        "reciprocal=true regime.sides=tail",
        "dropout.entity=0.1",
        "dropout.relation=0.1",
    ];

    fn with(settings: &str) -> Config {
        let mut config = Config::default();
        settings.split_whitespace().for_each(|setting| config.set(setting).expect(setting));
        config
    }

    #[test]
    fn each_rule_refuses_its_combination_and_says_why() {
        for (rule, settings) in RULES.iter().zip(BROKEN) {
            let message = with(settings).check().expect_err(settings).to_string();
            assert!(message.contains(rule.reason) && message.ends_with(rule.mend), "{settings}: {message}");
            let named = |key: &str| message.contains(&format!("`{key} = "));
            assert!(named(rule.key) && named(rule.with), "{settings}: {message}");
        }
    }

    #[test]
    fn a_refusal_reads_well() {
        assert_eq!(
            with(BROKEN[0]).check().expect_err("refused").to_string(),
            "`loss.name = margin` does not go with `regime.name = one-vs-all`: a margin ranks a few negatives; of all \
             entities most are far below it and teach nothing; set `loss.name` to `softmax` or `bce`"
        );
    }

    #[test]
    fn what_goes_together_is_let_through() {
        for settings in [
            "",
            "loss.name=margin regime.name=shared regime.chunk=64 regime.filtered=true",
            "loss.name=softmax",
            "loss.name=softmax regime.name=shared loss.log_q=on loss.temperature=0.5",
            "loss.name=softmax regime.name=one-vs-all loss.label_smoothing=0.1 reciprocal=true",
            "loss.name=bce regime.name=k-vs-all loss.label_smoothing=0.1 regime.sides=tail",
            "loss.name=logistic loss.adversarial=1 regime.name=shared",
            "loss.name=logistic regime.name=k-vs-all reciprocal=true",
            "sampler.filtered=true reciprocal=true",
            "sampler.corruption=bernoulli sampler.filtered=true",
        ] {
            with(settings).check().unwrap_or_else(|error| panic!("{settings}: {error}"));
        }
    }
}
