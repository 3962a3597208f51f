//! What a model answers to questions about the graph, by name, with what the graph itself says.

use serde::Serialize;
use sptx::train::{Dataset, KnownTriples, PredictOptions, Question, Split, Triple, Vocabulary, predict_with};

use super::failure::Failure;
use super::scoring::Scoring;

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    /// Its place among the answers, from 1.
    pub(super) rank: usize,
    /// The entity or the relation.
    pub(super) name: String,
    /// The score of the whole triple.
    pub(super) score: f32,
    /// The split that holds the triple.
    pub(super) known: Option<Split>,
    /// Whether it is the entity that the question names.
    pub(super) itself: bool,
}

/// Which answers are wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The most answers to a question.
    pub(super) count: usize,
    /// Triples that are no answers.
    pub(super) left_out: &'a KnownTriples,
    /// Whether the entity that a question names is no answer.
    pub(super) exclude_self: bool,
}

/// A model and its graph, to be asked.
pub(super) struct Oracle<'a> {
    scoring: Scoring<'a>,
    dataset: &'a Dataset,
    /// The triples of each split, in order.
    splits: [(Split, Vec<Triple>); 3],
}

impl<'a> Oracle<'a> {
    pub(super) fn new(scoring: Scoring<'a>, dataset: &'a Dataset) -> Self {
        let sorted = |split| {
            let mut triples = dataset.split(split).to_vec();
            triples.sort_unstable();
            (split, triples)
        };
        Self { scoring, dataset, splits: Split::ALL.map(sorted) }
    }

    /// The best answers to a question, the best first.
    pub(super) fn ask(&self, question: Question, wanted: Wanted<'_>) -> Result<Vec<Answer>, Failure> {
        Ok(self.ask_many(&[question], wanted)?.pop().unwrap_or_default())
    }

    /// The best answers to each question, the best first.
    pub(super) fn ask_many(&self, questions: &[Question], wanted: Wanted<'_>) -> Result<Vec<Vec<Answer>>, Failure> {
        let Wanted { count, left_out, exclude_self } = wanted;
        let options = PredictOptions { count, known: left_out, new_only: true, exclude_self };
        let found = self.scoring.ask(|scorer| predict_with(scorer, questions, &options))?;
        let named = |(question, best): (&Question, Vec<_>)| {
            (1..).zip(best).map(|(rank, best)| self.name(*question, rank, best)).collect()
        };
        Ok(questions.iter().zip(found).map(named).collect())
    }

    fn name(&self, question: Question, rank: usize, best: sptx::train::Answer) -> Answer {
        let names = gap_names(self.dataset, question);
        Answer {
            rank,
            name: names.name(best.id).unwrap_or_default().to_owned(),
            score: best.score,
            known: self.split_of(question.fill(best.id)),
            itself: best.itself,
        }
    }

    fn split_of(&self, triple: Triple) -> Option<Split> {
        let holds = |(_, triples): &&(Split, Vec<Triple>)| triples.binary_search(&triple).is_ok();
        self.splits.iter().find(holds).map(|(split, _)| *split)
    }
}

/// What the answers to a question are the names of.
fn gap_names(dataset: &Dataset, question: Question) -> &Vocabulary {
    match question {
        Question::Relation { .. } => dataset.relations(),
        Question::Head { .. } | Question::Tail { .. } => dataset.entities(),
    }
}

/// The names of a question's head, relation and tail; none for the part that is asked for.
pub(super) fn parts(dataset: &Dataset, question: Question) -> [Option<&str>; 3] {
    let (entity, relation) = (|id| dataset.entities().name(id), |id| dataset.relations().name(id));
    match question {
        Question::Head { relation: label, tail } => [None, relation(label), entity(tail)],
        Question::Relation { head, tail } => [entity(head), None, entity(tail)],
        Question::Tail { head, relation: label } => [entity(head), relation(label), None],
    }
}
