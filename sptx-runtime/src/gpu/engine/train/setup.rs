//! What a learner is made from.

use super::shared::Sharing;
use crate::gpu::Artifact;
use crate::optimizer::Rule;

/// What a [`Learner`](super::Learner) is made from, beside a model with its tables.
#[derive(Clone, Debug)]
pub struct LearnerSetup<'a> {
    /// The kernels, for the device: one of each role that a step needs.
    pub artifacts: Vec<Artifact>,
    /// The triples that are learnt: heads, relations, tails. At least one.
    pub facts: [&'a [u32]; 3],
    /// How their negatives are drawn.
    pub negatives: NegativesSetup<'a>,
    /// Which negatives positives share, where they have none of their own.
    pub sharing: Option<Sharing>,
    /// The numbers of the loss by name, as its kernel has them: `margin`, `adversarial`, `sharpness`, `stands_for`.
    pub loss: &'a [(&'static str, f32)],
    /// The optimizer.
    pub rule: Rule,
    /// Positives of a batch at most, at least one.
    pub batch: usize,
}

/// How negatives are drawn.
#[derive(Clone, Copy, Debug)]
pub struct NegativesSetup<'a> {
    /// The key of all random numbers.
    pub seed: u64,
    /// Negatives of each positive, or of each set that is shared.
    pub each: u32,
    /// For each relation how often, of 2³², the head is replaced.
    pub thresholds: &'a [u64],
    /// What is drawn anew, or left out where negatives are shared, where they are filtered.
    pub filter: Option<Filter<'a>>,
}

/// Known triples, which no negative should be.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// Heads, relations and tails, each triple once, in order of head, relation, tail.
    pub known: [&'a [u32]; 3],
    /// How often a negative is drawn anew at most.
    pub resamples: u32,
}
