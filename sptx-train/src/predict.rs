//! Predictions: the most plausible completions of triples with one part missing.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use sptx_runtime::cpu::Engine;

use crate::dataset::{Triple, check_ids};
use crate::error::Result;
use crate::evaluate::{Query, Side, top_k_many};
use crate::filter::KnownTriples;
use crate::score::{EngineScorer, RelationScorer};

/// A triple with one part missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// (?, relation, tail).
    Head {
        /// The relation.
        relation: u32,
        /// The tail.
        tail: u32,
    },
    /// (head, ?, tail).
    Relation {
        /// The head.
        head: u32,
        /// The tail.
        tail: u32,
    },
    /// (head, relation, ?).
    Tail {
        /// The head.
        head: u32,
        /// The relation.
        relation: u32,
    },
}

/// What may fill the gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The id of the entity or relation.
    pub id: u32,
    /// The score of the whole triple; a higher one is more plausible.
    pub score: f32,
    /// Whether the triple is known to be true.
    pub known: bool,
    /// Whether the answer is the entity that the question names: the triple would lead from an entity to itself.
    pub itself: bool,
}

/// Which answers are given.
#[derive(Clone, Copy, Debug)]
pub struct PredictOptions<'a> {
    /// The most answers to a question.
    pub count: usize,
    /// Triples that are known to be true.
    pub known: &'a KnownTriples,
    /// Whether answers that `known` has are left out, rather than marked.
    pub new_only: bool,
    /// Whether the entity that a question names is left out as its answer, rather than marked.
    ///
    /// Models of distances rank it high, for a relation's translation is short: often it is the first answer. It is
    /// kept by default, because evaluation ranks it like any other entity, and because some graphs have such triples.
    pub exclude_self: bool,
}

impl Question {
    /// The triple with the gap filled.
    pub fn fill(self, id: u32) -> Triple {
        match self {
            Self::Head { relation, tail } => Triple::new(id, relation, tail),
            Self::Relation { head, tail } => Triple::new(head, id, tail),
            Self::Tail { head, relation } => Triple::new(head, relation, id),
        }
    }

    /// The side asked for and what is asked, where it is an entity that is asked for.
    fn query(self) -> Option<(Side, Query)> {
        match self {
            Self::Head { relation, tail } => Some((Side::Head, Query { entity: tail, relation })),
            Self::Tail { head, relation } => Some((Side::Tail, Query { entity: head, relation })),
            Self::Relation { .. } => None,
        }
    }
}

/// The `count` best answers to a question, the best first; of equal scores, the lower id.
///
/// Answers that `known` has are marked, or left out where `new_only`.
///
/// # Errors
/// As [`predict_many`].
pub fn predict(
    engine: &Engine,
    question: Question,
    count: usize,
    known: &KnownTriples,
    new_only: bool,
) -> Result<Vec<Answer>> {
    let options = PredictOptions { count, known, new_only, exclude_self: false };
    Ok(predict_many(engine, &[question], &options)?.pop().unwrap_or_default())
}

/// The best answers to each of many questions, in the order of the questions; for each the best first, and of equal
/// scores the lower id. An answer whose score is NaN is none.
///
/// Many questions asked together cost far less than one by one: they are scored by tiles, on all of the engine's
/// threads. Memory is that of the answers, and a tile for each thread.
///
/// ```
/// use sptx_runtime::cpu::{Engine, EngineOptions};
/// use sptx_train::{KnownTriples, PredictOptions, Question, Triple, predict_many};
///
/// let model = (kernels_generated::find("distmult").unwrap().load)(&[]).unwrap();
/// let mut engine = Engine::new(model, &[("d".to_owned(), 1)].into(), 5, 2, &EngineOptions::default()).unwrap();
/// engine.tables_mut().import(0, &[1.0, 2.0, 3.0, 4.0, 5.0]);
/// engine.tables_mut().import(1, &[1.0, -1.0]);
///
/// let known = KnownTriples::new([Triple::new(4, 0, 3)]);
/// let options = PredictOptions { count: 2, known: &known, new_only: true, exclude_self: true };
/// let questions = [Question::Tail { head: 4, relation: 0 }, Question::Relation { head: 4, tail: 3 }];
/// let answers = predict_many(&engine, &questions, &options).unwrap();
/// let ids = |index: usize| answers[index].iter().map(|answer| answer.id).collect::<Vec<_>>();
/// assert_eq!((ids(0), ids(1)), (vec![2, 1], vec![1]));
/// ```
///
/// # Errors
/// [`Error::TripleOutOfRange`](crate::Error::TripleOutOfRange) where the engine has no such entity or relation.
pub fn predict_many(engine: &Engine, questions: &[Question], options: &PredictOptions<'_>) -> Result<Vec<Vec<Answer>>> {
    engine.install(|| predict_with(&EngineScorer::new(engine), questions, options))
}

/// The same by any scorer, on the threads that it is called on.
///
/// # Errors
/// As [`predict_many`].
pub fn predict_with(
    scorer: &dyn RelationScorer,
    questions: &[Question],
    options: &PredictOptions<'_>,
) -> Result<Vec<Vec<Answer>>> {
    let asked: Vec<Triple> = questions.iter().map(|question| question.fill(0)).collect();
    check_ids(&asked, scorer.entity_count() as usize, scorer.relation_count() as usize)?;
    let predictor = Predictor { scorer, options };
    let mut answers = vec![Vec::new(); questions.len()];
    for side in [Side::Head, Side::Tail] {
        predictor.entities(questions, side, &mut answers);
    }
    predictor.relations(questions, &mut answers);
    Ok(answers)
}

struct Predictor<'a> {
    scorer: &'a dyn RelationScorer,
    options: &'a PredictOptions<'a>,
}

impl Predictor<'_> {
    /// Answers the questions for the entities of one side, by relation, as [`top_k_many`] asks.
    fn entities(&self, questions: &[Question], side: Side, answers: &mut [Vec<Answer>]) {
        let asked = |(index, question): (usize, &Question)| match question.query() {
            Some((end, query)) if end == side => Some((query, index)),
            Some(_) | None => None,
        };
        let mut asked: Vec<(Query, usize)> = questions.iter().enumerate().filter_map(asked).collect();
        asked.sort_unstable_by_key(|&(query, index)| (query.relation, index));
        let queries: Vec<Query> = asked.iter().map(|&(query, _)| query).collect();
        let exclude: Vec<&[u32]> = queries.iter().map(|&query| self.excluded(side, query)).collect();
        // One more than asked for, where one may have to go.
        let count = self.options.count.saturating_add(self.options.exclude_self.into());
        let found = top_k_many(self.scorer, side, &queries, count, &exclude);
        for ((query, index), found) in asked.into_iter().zip(found) {
            let offered = found.iter().filter(|found| !self.options.exclude_self || found.entity != query.entity);
            let best = offered.take(self.options.count);
            answers[index] = best.map(|found| self.answer(questions[index], found.entity, found.score)).collect();
        }
    }

    fn excluded(&self, side: Side, query: Query) -> &[u32] {
        if self.options.new_only { self.options.known.answers(side, query) } else { &[] }
    }

    fn relations(&self, questions: &[Question], answers: &mut [Vec<Answer>]) {
        let asked: Vec<usize> = (0..questions.len()).filter(|&index| questions[index].query().is_none()).collect();
        let found: Vec<_> = asked.par_iter().map(|&index| self.best_relations(questions[index])).collect();
        for (index, best) in asked.into_iter().zip(found) {
            answers[index] = best;
        }
    }

    fn best_relations(&self, question: Question) -> Vec<Answer> {
        let Triple { head, tail, .. } = question.fill(0);
        let scores = self.scorer.score_relations(head, tail, 0..self.scorer.relation_count());
        let scored = (0..).zip(scores).filter(|(_, score)| !score.is_nan());
        let answers = scored.map(|(relation, score)| self.answer(question, relation, score));
        let mut best: Vec<Answer> = answers.filter(|answer| !self.options.new_only || !answer.known).collect();
        // Adding zero makes the two zeros one.
        best.sort_by(|left, right| (right.score + 0.0).total_cmp(&(left.score + 0.0)));
        best.truncate(self.options.count);
        best
    }

    fn answer(&self, question: Question, id: u32, score: f32) -> Answer {
        let itself = question.query().is_some_and(|(_, query)| query.entity == id);
        Answer { id, score, known: self.options.known.contains(question.fill(id)), itself }
    }
}
