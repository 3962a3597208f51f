//! What an epoch does: the regime of a configuration, over what it visits.

use std::borrow::Cow;

use crate::config::{Config, RegimeName, SamplerConfig, Sides};
use crate::dataset::{Dataset, Triple};
use crate::filter::KnownTriples;
use crate::reciprocal;
use crate::regime::{BlockRegime, Occurring};
use crate::sampler::{Sampler, SamplerOptions};

/// The true triples that a run trains on: those of the training split and, with inverse relations, each turned round.
#[derive(Debug)]
pub(super) struct Positives<'a> {
    pub(super) triples: Cow<'a, [Triple]>,
    /// What the sampler avoids, where it is filtered.
    known: Option<KnownTriples>,
}

/// What an epoch does.
#[derive(Debug)]
pub(super) enum Work<'a> {
    /// Triples, each with negatives of its own.
    PerTriple { positives: &'a [Triple], sampler: Sampler<'a>, negatives: u32 },
    /// Queries against candidates.
    Blocks(BlockRegime<'a>),
}

impl<'a> Positives<'a> {
    pub(super) fn new(config: &Config, dataset: &'a Dataset) -> Self {
        let triples: Cow<'_, [Triple]> = match config.reciprocal {
            // A vocabulary has fewer than 2^32 names.
            true => reciprocal::with_inverses(dataset.train(), dataset.relations().len() as u32).into(),
            false => dataset.train().into(),
        };
        let known = config.sampler.filtered.then(|| KnownTriples::new(triples.iter().copied()));
        Self { triples, known }
    }
}

impl<'a> Work<'a> {
    /// The work of a configuration.
    pub(super) fn new(config: &'a Config, dataset: &Dataset, positives: &'a Positives<'_>) -> Self {
        // A vocabulary has fewer than 2^32 names, and a table fewer than 2^32 rows.
        let entities = dataset.entities().len() as u32;
        match config.regime.name {
            RegimeName::PerTriple => {
                let relations = config.relation_rows(dataset.relations().len()) as u32;
                let sampler = sampler(config, positives, entities, relations);
                Self::PerTriple { positives: &positives.triples, sampler, negatives: config.negatives }
            }
            RegimeName::Shared | RegimeName::OneVsAll | RegimeName::KVsAll => {
                Self::Blocks(BlockRegime::new(config, &positives.triples, entities))
            }
        }
    }

    /// The most triples or queries that an epoch may visit.
    pub(super) fn most(config: &Config, dataset: &Dataset) -> usize {
        let doubled = config.reciprocal || config.regime.name == RegimeName::KVsAll;
        dataset.train().len() * if doubled { 2 } else { 1 }
    }

    /// How many triples or queries an epoch visits.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::PerTriple { positives, .. } => positives.len(),
            Self::Blocks(regime) => regime.count(),
        }
    }

    /// How many triples an epoch scores.
    pub(super) fn scored(&self) -> u64 {
        match self {
            Self::PerTriple { positives, negatives, .. } => positives.len() as u64 * (1 + u64::from(*negatives)),
            Self::Blocks(regime) => regime.scored(),
        }
    }

    /// The rows of the true triples that stand at `order`, each as often as it stands there.
    pub(super) fn occurring(&self, order: &[u32]) -> Occurring {
        match self {
            Self::PerTriple { positives, .. } => {
                let mut occurring = Occurring::default();
                order.iter().for_each(|index| occurring.add(positives[*index as usize]));
                occurring
            }
            Self::Blocks(regime) => regime.occurring(order),
        }
    }
}

fn sampler<'a>(config: &Config, positives: &'a Positives<'_>, entities: u32, relations: u32) -> Sampler<'a> {
    let options = SamplerOptions {
        corruption: config.sampler.corruption,
        // With inverse relations, heads are replaced as tails of these.
        sides: if config.reciprocal { Sides::Tail } else { config.regime.sides },
        negatives: config.negatives,
        resamples: if config.sampler.filtered { SamplerConfig::RESAMPLES } else { 0 },
    };
    Sampler::new(config.seed, options, &positives.triples, entities, relations, positives.known.as_ref())
}
