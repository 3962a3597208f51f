//! What the integration tests share: scorers made of functions, and skips that are seen.

// Each test binary uses a part of this module.
#![allow(dead_code)]

pub(crate) mod runs;

use std::ops::Range;

use sptx_train::{CandidateScorer, Query};

/// Scores (head, relation, tail) by a function.
pub(crate) struct Function<F> {
    /// The number of entities.
    pub(crate) entities: u32,
    /// The score of a triple.
    pub(crate) score: F,
}

impl<F: Fn(u32, u32, u32) -> f32 + Sync> CandidateScorer for Function<F> {
    fn entity_count(&self) -> u32 {
        self.entities
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let pairs = queries.iter().flat_map(|query| candidates.clone().map(move |tail| (query, tail)));
        for (score, (query, tail)) in scores.iter_mut().zip(pairs) {
            *score = (self.score)(query.entity, query.relation, tail);
        }
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let pairs = queries.iter().flat_map(|query| candidates.clone().map(move |head| (query, head)));
        for (score, (query, head)) in scores.iter_mut().zip(pairs) {
            *score = (self.score)(head, query.relation, query.entity);
        }
    }
}

/// Says that a test could not run for want of `what`; fails where `SPTX_REQUIRE` lists it.
pub(crate) fn skip(what: &str, why: &str) {
    let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == what), "SPTX_REQUIRE lists `{what}`: {why}");
    println!("SKIPPED ({what}): {why}");
}
