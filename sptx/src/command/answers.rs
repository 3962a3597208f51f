//! What a model answers to a question about the graph, by name, with what the graph itself says.

use serde::Serialize;
use sptx::runtime::cpu::Engine;
use sptx::train::{Dataset, Error, KnownTriples, Question, Split, Triple, predict};

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    /// The entity or the relation.
    pub(super) name: String,
    /// The score of the whole triple.
    pub(super) score: f32,
    /// The split that holds the triple.
    pub(super) known: Option<Split>,
}

/// The `count` best answers to a question, the best first, without those that make a triple of `left_out`.
pub(super) fn ask(
    engine: &Engine,
    dataset: &Dataset,
    question: Question,
    count: usize,
    left_out: Option<&KnownTriples>,
) -> Result<Vec<Answer>, Error> {
    let names = match question {
        Question::Relation { .. } => dataset.relations(),
        Question::Head { .. } | Question::Tail { .. } => dataset.entities(),
    };
    let nothing = KnownTriples::new([]);
    let best = predict(engine, question, count, left_out.unwrap_or(&nothing), left_out.is_some())?;
    let answer = |best: &sptx::train::Answer| Answer {
        name: names.name(best.id).unwrap_or_default().to_owned(),
        score: best.score,
        known: split_of(dataset, question.fill(best.id)),
    };
    Ok(best.iter().map(answer).collect())
}

fn split_of(dataset: &Dataset, triple: Triple) -> Option<Split> {
    Split::ALL.into_iter().find(|split| dataset.split(*split).contains(&triple))
}
