//! What a model answers to a question about the graph, with what the graph itself says.

use serde::Serialize;
use sptx::runtime::cpu::Engine;
use sptx::train::{Dataset, EngineScorer, KnownTriples, Query, Side, Split, Triple, top_k};

/// A triple with one part left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// (head, relation, ?)
    Tails { head: u32, relation: u32 },
    /// (?, relation, tail)
    Heads { relation: u32, tail: u32 },
    /// (head, ?, tail)
    Relations { head: u32, tail: u32 },
}

/// An answer, the best first.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    /// The entity or the relation.
    pub(super) name: String,
    /// Its score.
    pub(super) score: f32,
    /// The split that holds the triple.
    pub(super) known: Option<Split>,
}

/// What is left out of the answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclude<'a> {
    /// Answers to the question among these triples.
    pub(super) known: Option<&'a KnownTriples>,
    /// The entity that the question names.
    pub(super) itself: bool,
}

impl Question {
    /// The triple that an answer makes.
    fn with(self, answer: u32) -> Triple {
        match self {
            Self::Tails { head, relation } => Triple::new(head, relation, answer),
            Self::Heads { relation, tail } => Triple::new(answer, relation, tail),
            Self::Relations { head, tail } => Triple::new(head, answer, tail),
        }
    }

    /// The `count` best answers.
    pub(super) fn ask(self, engine: &Engine, dataset: &Dataset, count: usize, exclude: &Exclude<'_>) -> Vec<Answer> {
        let scored = match self {
            Self::Tails { head, relation } => {
                let query = Query { entity: head, relation };
                let known = exclude.known.map_or(&[][..], |known| known.tails(head, relation));
                entities(engine, Side::Tail, query, count, known, exclude.itself)
            }
            Self::Heads { relation, tail } => {
                let query = Query { entity: tail, relation };
                let known = exclude.known.map_or(&[][..], |known| known.heads(relation, tail));
                entities(engine, Side::Head, query, count, known, exclude.itself)
            }
            Self::Relations { head, tail } => relations(engine, dataset, head, tail, count, |answer| {
                exclude.known.is_some_and(|known| known.contains(self.with(answer)))
            }),
        };
        let names = match self {
            Self::Relations { .. } => dataset.relations(),
            Self::Tails { .. } | Self::Heads { .. } => dataset.entities(),
        };
        let answer = |(id, score): (u32, f32)| {
            let name = names.name(id).unwrap_or_default().to_owned();
            Answer { name, score, known: split_of(dataset, self.with(id)) }
        };
        scored.into_iter().map(answer).collect()
    }
}

fn entities(engine: &Engine, side: Side, query: Query, count: usize, known: &[u32], itself: bool) -> Vec<(u32, f32)> {
    let mut left_out = known.to_vec();
    if itself {
        left_out.push(query.entity);
        left_out.sort_unstable();
    }
    let best = engine.install(|| top_k(&EngineScorer::new(engine), side, query, count, &left_out));
    best.into_iter().map(|prediction| (prediction.entity, prediction.score)).collect()
}

fn relations(
    engine: &Engine,
    dataset: &Dataset,
    head: u32,
    tail: u32,
    count: usize,
    left_out: impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    // A vocabulary has fewer than 2^32 names.
    let ids = 0..dataset.relations().len() as u32;
    let scores = engine.install(|| EngineScorer::new(engine).score_relations(head, tail, ids.clone()));
    let mut scored: Vec<(u32, f32)> = ids.zip(scores).filter(|(id, score)| !score.is_nan() && !left_out(*id)).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(count);
    scored
}

fn split_of(dataset: &Dataset, triple: Triple) -> Option<Split> {
    Split::ALL.into_iter().find(|split| dataset.split(*split).contains(&triple))
}
