//! Blocks whose candidates are all entities, each true or false: `one-vs-all` and `k-vs-all`.

use sptx_runtime::cpu::{Block, BlockLoss, Candidates};

use super::asked::Asked;
use crate::config::Reduction;
use crate::filter::KnownTriples;
use crate::loss::{LabelLoss, are_finite, rival};

/// Which candidates are true.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answers<'a> {
    /// The one that the query's triple has.
    Own,
    /// All that training knows.
    Known(&'a KnownTriples),
}

/// The blocks of one step, one for each end.
#[derive(Debug)]
pub(crate) struct Exhaustive<'a> {
    asked: Vec<Asked>,
    answers: Answers<'a>,
    entities: u32,
    loss: LabelLoss,
    terms: usize,
    scale: f32,
}

impl<'a> Exhaustive<'a> {
    pub(super) fn new(
        asked: Vec<Asked>,
        answers: Answers<'a>,
        entities: u32,
        loss: LabelLoss,
        reduction: Reduction,
    ) -> Self {
        let terms = loss.terms(asked.iter().map(Asked::len).sum(), entities as usize);
        Self { asked, answers, entities, loss, terms, scale: rival::scale(reduction, terms) }
    }

    /// The blocks, as the engine takes them.
    pub(super) fn blocks<'s>(&'s self) -> Vec<Block<'s>> {
        let candidates = Candidates::Range(0..self.entities);
        let block =
            |asked: &'s Asked| Block { queries: asked.queries(), candidates: candidates.clone(), answers: None };
        self.asked.iter().map(block).collect()
    }

    /// How many terms the loss has.
    pub(super) fn terms(&self) -> usize {
        self.terms
    }
}

impl BlockLoss for Exhaustive<'_> {
    fn row(&self, block: usize, query: usize, _: &mut f32, scores: &mut [f32]) -> f64 {
        if !are_finite(scores) {
            return f64::NAN;
        }
        let asked = &self.asked[block];
        match self.answers {
            Answers::Own => self.loss.row(scores, &[asked.answers[query]], self.scale),
            Answers::Known(known) => self.loss.row(scores, known.answers(asked.side, asked.query(query)), self.scale),
        }
    }
}
