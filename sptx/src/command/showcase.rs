//! A handful of predictions that a person can judge: facts held out of training, and what the model says of them.

use std::collections::BTreeSet;

use sptx::bundled;
use sptx::runtime::cpu::Engine;
use sptx::train::{Dataset, KnownTriples, Question, Split, Triple};

use super::answers::{Answer, Oracle, Wanted};
use super::scoring::Scoring;
use super::{Outcome, output};

/// Questions about the bundled graph whose answers many people know, one for each relation that is neither trivial nor
/// out of reach. Each has an answer that is held out of training.
const ABOUT_COUNTRIES: [(&str, &str); 7] = [
    ("germany", "neighbour"),
    ("slovakia", "member_of"),
    ("honduras", "main_language"),
    ("croatia", "currency"),
    ("egypt", "main_religion"),
    ("greece", "borders_sea"),
    ("jordan_river", "flows_through"),
];

/// Questions shown of any other graph.
const QUESTIONS: usize = 5;

/// Answers shown to each.
const ANSWERS: usize = 5;

/// Prints some questions with the model's best answers, those that it was trained with left out.
pub(super) fn print(engine: &Engine, dataset: &Dataset) -> Outcome {
    let questions = questions(dataset);
    if questions.is_empty() {
        return Ok(());
    }
    // Nothing that training had, and no entity as an answer to a question about itself.
    let left_out = KnownTriples::new(dataset.train().iter().copied());
    let wanted = Wanted { count: ANSWERS, left_out: &left_out, exclude_self: true };
    let oracle = Oracle::new(Scoring::cpu(engine), dataset);
    let mut table = output::table(&["question", "best answers that training did not have"], 2);
    for (head, relation) in questions {
        let answers = oracle.ask(Question::Tail { head, relation }, wanted)?;
        let names = (dataset.entities().name(head), dataset.relations().name(relation));
        let question = format!("{} {} ?", names.0.unwrap_or_default(), names.1.unwrap_or_default());
        table.add_row([question, answers.iter().map(spelled).collect::<Vec<_>>().join(", ")]);
    }
    output::line(table)?;
    output::line("* true: the graph holds it, outside the training split")
}

fn spelled(answer: &Answer) -> String {
    let mark = if answer.known.is_some() { "*" } else { "" };
    format!("{}{mark}", answer.name)
}

/// Heads and relations to ask the tails of.
pub(super) fn questions(dataset: &Dataset) -> Vec<(u32, u32)> {
    let (entities, relations) = (dataset.entities(), dataset.relations());
    if dataset.name() == bundled::NAME {
        let ids = ABOUT_COUNTRIES.map(|(head, relation)| Some((entities.id(head)?, relations.id(relation)?)));
        return ids.into_iter().flatten().collect();
    }
    held_out(dataset, [Split::Test, Split::Valid])
}

/// The first triple of each of the first relations of a split that is not empty.
fn held_out(dataset: &Dataset, splits: [Split; 2]) -> Vec<(u32, u32)> {
    let mut relations = BTreeSet::new();
    let triples = splits.into_iter().map(|split| dataset.split(split)).find(|triples| !triples.is_empty());
    let new = |triple: &&Triple| relations.insert(triple.relation);
    let first = triples.unwrap_or_default().iter().filter(new).take(QUESTIONS);
    first.map(|triple| (triple.head, triple.relation)).collect()
}
