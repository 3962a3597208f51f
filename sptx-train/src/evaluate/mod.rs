//! Link prediction: how high a model ranks what is true, and what it predicts.

mod scorer;

mod rank;

mod ranking;

mod tiles;

mod count;

mod metrics;

mod top_k;

pub use metrics::{Metrics, RankMetrics, SideMetrics, TieMetrics};
pub use rank::{Rank, Ranks, rank};
pub use scorer::{Asked, CandidateScorer, Query, Side};
pub use top_k::{Prediction, top_k, top_k_many};

use crate::category::{Cardinality, Category};
use crate::dataset::{Dataset, Split, Triple, check_ids};
use crate::error::{Error, Result};
use crate::filter::KnownTriples;

/// How ranks are found.
///
/// ```
/// use sptx_train::EvaluateOptions;
/// let raw = EvaluateOptions { filtered: false, ..EvaluateOptions::default() };
/// assert!(EvaluateOptions::default().filtered && !raw.filtered);
/// ```
#[derive(Clone, Copy)]
pub struct EvaluateOptions<'a> {
    /// Whether known answers other than the one asked for are left out of the ranking, as Bordes et al. (2013) do.
    pub filtered: bool,
    /// The most queries scored in one call; 0 counts as 1.
    pub query_tile: usize,
    /// The most candidates scored in one call; 0 counts as 1. A tile of scores, 4 bytes each, should fit the cache of a
    /// core beside the rows that it is made from.
    pub candidate_tile: u32,
    /// Told, now and then and from any thread, how many of how many ranks are found.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl Default for EvaluateOptions<'_> {
    fn default() -> Self {
        EvaluateOptions { filtered: true, query_tile: 512, candidate_tile: 512, progress: None }
    }
}

/// Evaluates models against one dataset: holds the filter and the categories, which all evaluations share.
///
/// The protocol: every entity of the scorer is a candidate for the head and for the tail of every triple, those that
/// training lacks included; nothing is sampled; known triples of train, valid and test are filtered out; ties are
/// reported in three ways. See [`rank`] for ties, NaN and memory.
///
/// ```
/// use std::ops::Range;
/// use sptx_train::{CandidateScorer, Dataset, EvaluateOptions, Evaluator, Query, Split};
///
/// struct Constant(u32);
/// impl CandidateScorer for Constant {
///     fn entity_count(&self) -> u32 { self.0 }
///     fn score_tails(&self, _: &[Query], _: Range<u32>, scores: &mut [f32]) { scores.fill(0.0) }
///     fn score_heads(&self, _: &[Query], _: Range<u32>, scores: &mut [f32]) { scores.fill(0.0) }
/// }
///
/// let dataset = Dataset::from_texts("toy", "a\tr\tb\nc\tr\td\n", "", "a\tr\td\n").unwrap();
/// let evaluator = Evaluator::new(&dataset);
/// let metrics = evaluator.evaluate(&Constant(4), Split::Test, &EvaluateOptions::default()).unwrap();
/// // Of four entities one is filtered on either side: the true one is second of three, if ties are broken fairly.
/// assert_eq!(metrics.both.realistic.mean_rank, 2.0);
/// assert_eq!(metrics.both.optimistic.mean_rank, 1.0);
/// assert_eq!(metrics.both.pessimistic.mean_rank, 3.0);
/// ```
#[derive(Clone, Debug)]
pub struct Evaluator<'a> {
    dataset: &'a Dataset,
    known: KnownTriples,
    categories: Vec<Category>,
}

impl<'a> Evaluator<'a> {
    /// Indexes all splits of `dataset` for the filter, and finds the categories of its relations in training.
    pub fn new(dataset: &'a Dataset) -> Self {
        let cardinalities = Cardinality::of_relations(dataset.train(), dataset.relations().len());
        Evaluator {
            dataset,
            known: KnownTriples::of_dataset(dataset),
            categories: cardinalities.iter().map(Cardinality::category).collect(),
        }
    }

    /// The filter.
    pub fn known(&self) -> &KnownTriples {
        &self.known
    }

    /// The category of every relation, by id.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The metrics of `scorer` on one split.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate_triples`].
    pub fn evaluate(
        &self,
        scorer: &dyn CandidateScorer,
        split: Split,
        options: &EvaluateOptions<'_>,
    ) -> Result<Metrics> {
        self.evaluate_triples(scorer, self.dataset.split(split), options)
    }

    /// The metrics of `scorer` on any triples of the dataset's entities and relations.
    ///
    /// # Errors
    /// [`Error::NothingToEvaluate`] where there are no triples, [`Error::TripleOutOfRange`] where a triple has an
    /// entity that the scorer lacks or a relation that the dataset lacks.
    pub fn evaluate_triples(
        &self,
        scorer: &dyn CandidateScorer,
        triples: &[Triple],
        options: &EvaluateOptions<'_>,
    ) -> Result<Metrics> {
        if triples.is_empty() {
            return Err(Error::NothingToEvaluate);
        }
        check_ids(triples, scorer.entity_count() as usize, self.dataset.relations().len())?;
        let ranks = rank(scorer, triples, options.filtered.then_some(&self.known), options)?;
        Ok(Metrics::new(options.filtered, triples, &ranks, &self.categories, self.dataset.relations()))
    }
}
