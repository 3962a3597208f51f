//! Training by blocks: queries against candidates that many of them share.
//!
//! A [`BlockRegime`] knows what an epoch visits: true triples, or of `k-vs-all` the distinct queries of training. For
//! some of these it makes a [`BlockBatch`]: the blocks of one step, with the loss of each of their rows. Both are
//! functions of the settings, the data and the place in the epoch's order, so that a resumed run makes the same ones.

mod asked;
mod exhaustive;
mod shared;

use sptx_runtime::cpu::{Block, BlockLoss};
use sptx_runtime::program;

pub(crate) use asked::Occurring;

use crate::config::{Config, LogQ, LossName, RegimeName, Sides};
use crate::dataset::Triple;
use crate::evaluate::Side;
use crate::filter::KnownTriples;
use crate::loss::{LabelLoss, RivalLoss};
use asked::Visits;
use exhaustive::{Answers, Exhaustive};
use shared::{Shared, Sharing};

/// A regime whose steps are made of blocks.
#[derive(Debug)]
pub(crate) struct BlockRegime<'a> {
    config: &'a Config,
    visits: Visits<'a>,
    sides: &'static [Side],
    entities: u32,
    /// The training triples, where answers other than a positive's own matter.
    known: Option<KnownTriples>,
}

impl<'a> BlockRegime<'a> {
    /// The regime of a configuration over its positives (those with inverse relations included, where there are any) and
    /// `entities` entities.
    pub(crate) fn new(config: &'a Config, positives: &'a [Triple], entities: u32) -> Self {
        let sides = asked_sides(config);
        let known = || KnownTriples::new(positives.iter().copied());
        let (visits, known) = match config.regime.name {
            RegimeName::KVsAll => (Visits::queries(positives, sides), Some(known())),
            RegimeName::PerTriple | RegimeName::Shared | RegimeName::OneVsAll => {
                (Visits::Triples(positives), config.regime.filtered.then(known))
            }
        };
        Self { config, visits, sides, entities, known }
    }

    /// How many triples or queries an epoch visits.
    pub(crate) fn count(&self) -> usize {
        self.visits.len()
    }

    /// How many triples an epoch scores.
    pub(crate) fn scored(&self) -> u64 {
        let each = match self.config.regime.name {
            RegimeName::PerTriple | RegimeName::Shared => 1 + u64::from(self.config.negatives),
            RegimeName::OneVsAll | RegimeName::KVsAll => u64::from(self.entities),
        };
        let queries = match &self.visits {
            Visits::Triples(triples) => triples.len() * self.sides.len(),
            Visits::Queries(queries) => queries.len(),
        };
        queries as u64 * each
    }

    /// The batch of what stands at `order` in the epoch; `number` is that of the batch in it.
    pub(crate) fn batch(&'a self, order: &[u32], epoch: u32, number: u32) -> BlockBatch<'a> {
        let (seed, entities) = (self.config.seed, self.entities);
        match self.config.regime.name {
            RegimeName::PerTriple | RegimeName::Shared => {
                let sharing = Sharing { seed, epoch, batch: number, count: self.config.negatives, entities };
                let chunk = if self.config.regime.chunk == 0 { order.len() } else { self.config.regime.chunk };
                let chunks = order.chunks(chunk).map(|order| self.visits.ask(order, self.sides)).collect();
                let known = self.known.as_ref();
                BlockBatch::Shared(Shared::new(sharing, chunks, known, self.rival_loss(), self.config.loss.reduction))
            }
            RegimeName::OneVsAll | RegimeName::KVsAll => {
                let answers = self.known.as_ref().map_or(Answers::Own, Answers::Known);
                let (asked, loss) = (self.visits.ask(order, self.sides), LabelLoss::new(&self.config.loss));
                BlockBatch::Exhaustive(Exhaustive::new(asked, answers, entities, loss, self.config.loss.reduction))
            }
        }
    }

    /// The rows of the true triples that stand at `order`, each as often as it stands there.
    pub(crate) fn occurring(&self, order: &[u32]) -> Occurring {
        self.visits.occurring(order, self.known.as_ref())
    }

    fn rival_loss(&self) -> RivalLoss {
        RivalLoss::new(&self.config.loss, stands_for(self.config, self.entities))
    }
}

/// How many of so many entities each shared negative stands for.
pub(crate) fn stands_for(config: &Config, entities: u32) -> f32 {
    let corrects = match config.loss.log_q {
        LogQ::Auto | LogQ::On => config.loss.name == LossName::Softmax,
        LogQ::Off => false,
    };
    if corrects { (f64::from(entities) / f64::from(config.negatives)) as f32 } else { 1.0 }
}

/// The ends that are missing where a configuration's questions are asked, in their order.
pub(crate) fn missing(config: &Config) -> Vec<program::Side> {
    asked_sides(config).iter().map(|side| asked::missing(*side)).collect()
}

/// The ends that are asked for. With inverse relations every question is one for a tail.
fn asked_sides(config: &Config) -> &'static [Side] {
    match config.regime.sides {
        Sides::Both if config.reciprocal => &[Side::Tail],
        Sides::Both => &[Side::Tail, Side::Head],
        Sides::Tail => &[Side::Tail],
        Sides::Head => &[Side::Head],
    }
}

/// The blocks of one step, with their loss.
#[derive(Debug)]
pub(crate) enum BlockBatch<'a> {
    /// Against negatives that a chunk shares.
    Shared(Shared<'a>),
    /// Against all entities.
    Exhaustive(Exhaustive<'a>),
}

impl BlockBatch<'_> {
    /// The blocks, as the engine takes them.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        match self {
            Self::Shared(batch) => batch.blocks(),
            Self::Exhaustive(batch) => batch.blocks(),
        }
    }

    /// The loss of their rows.
    pub(crate) fn loss(&self) -> &dyn BlockLoss {
        match self {
            Self::Shared(batch) => batch,
            Self::Exhaustive(batch) => batch,
        }
    }

    /// How many terms the loss has.
    pub(crate) fn terms(&self) -> usize {
        match self {
            Self::Shared(batch) => batch.terms(),
            Self::Exhaustive(batch) => batch.terms(),
        }
    }
}

#[cfg(test)]
mod tests;
