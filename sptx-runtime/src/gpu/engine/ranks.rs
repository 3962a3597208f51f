//! How true answers stand among all entities, counted where the scores are.

use std::ops::Range;

use super::Engine;
use super::arrays::Grown;
use super::block::{Held, ranges};
use super::launch::About;
use crate::Error;
use crate::cpu::{Block, Candidates, Queries};
use crate::gpu::{Device, DeviceError, MOST_COUNTED, Role};
use crate::program::Owner;

/// Rounds of a thread's loops in one launch, at most: Mesa's software driver ends loops after 65 535 in all.
pub(super) const ROUNDS: usize = 1 << 15;

/// True answers to queries.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// For each answer the place of its query.
    pub queries: &'a [u32],
    /// For each answer the entity that it is.
    pub entities: &'a [u32],
    /// For each query, ascending and each once, the entities that are no rivals of its answers.
    pub filtered: &'a [&'a [u32]],
}

/// How a true answer stands against its rivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The rivals that score higher, or cannot be compared (NaN).
    pub above: u32,
    /// The rivals that score the same.
    pub equal: u32,
}

/// What ranks and lists of the best need.
#[derive(Debug)]
pub(super) struct Arrays<B> {
    questions: Grown<B>,
    filtered: Grown<B>,
    truths: Grown<B>,
    ranks: Grown<B>,
    pub(super) excluded: Grown<B>,
    pub(super) best: Grown<B>,
}

impl<B> Default for Arrays<B> {
    fn default() -> Self {
        let [questions, filtered, truths, ranks, excluded, best] = [const { None::<B> }; 6].map(|_| Grown::default());
        Self { questions, filtered, truths, ranks, excluded, best }
    }
}

impl<B> Arrays<B> {
    /// The buffer of a name.
    pub(super) fn buffer(&self, name: &str) -> Option<&B> {
        Some(match name {
            "questions" => self.questions.buffer(),
            "filtered" => self.filtered.buffer(),
            "truths" => self.truths.buffer(),
            "ranks" => self.ranks.buffer(),
            "excluded" => self.excluded.buffer(),
            "best" => self.best.buffer(),
            _ => return None,
        })
    }
}

impl<D: Device> Engine<D> {
    /// Whether the engine was given the kernels that [`rank`](Self::rank) and [`best`](Self::best) need.
    pub fn ranks(&self) -> bool {
        [Role::Pick, Role::Rank, Role::Exclude, Role::Best].into_iter().all(|role| self.kernel(role).is_some())
    }

    /// How each answer stands among all entities, those that are filtered left out.
    ///
    /// An answer's score is the one that it has among the scores of its rivals.
    ///
    /// # Errors
    /// When a row number is out of range, the device has no room or is lost.
    ///
    /// # Panics
    /// When there are not as many queries of answers as entities, nor as many lists as queries, when a query's place is
    /// none, or when the engine was given no kernels for it.
    pub fn rank(&mut self, queries: Queries<'_>, answers: &Answers<'_>) -> Result<Vec<Standing>, Error> {
        assert_eq!(answers.queries.len(), answers.entities.len(), "a query for each answer");
        assert_eq!(answers.filtered.len(), queries.len(), "a list for each query");
        let entities = self.all_entities();
        let block = |candidates| Block { queries, candidates, answers: None };
        block(Candidates::Range(0..entities.len() as u32)).check(self.counts)?;
        block(Candidates::List(answers.entities)).check(self.counts)?;
        if answers.entities.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Asked::new(&self.query_groups(queries).concat(), answers);
        asked.put(&mut self.ranking, &self.device)?;
        let mut whole = true;
        self.each_held(queries, &entities, &mut |engine, held| {
            engine.pick(held, &asked)?;
            whole &= held.columns.len() == entities.len();
            if whole { engine.count(held, &asked) } else { Ok(()) }
        })?;
        if !whole {
            // An answer's score is known once all stretches were seen, and its rivals are in all of them.
            self.each_held(queries, &entities, &mut |engine, held| engine.count(held, &asked))?;
        }
        let mut words = vec![0; 2 * asked.order.len()];
        self.device.read(self.ranking.ranks.buffer(), 0, &mut words)?;
        let mut standings = vec![Standing::default(); asked.order.len()];
        for (answer, counts) in asked.order.iter().zip(words.chunks(2)) {
            standings[*answer] = Standing { above: counts[0], equal: counts[1] };
        }
        Ok(standings)
    }

    /// All entities, as candidates.
    pub(super) fn all_entities(&self) -> Vec<u32> {
        // A vocabulary has fewer than 2^32 names.
        (0..self.counts[Owner::Entity as usize] as u32).collect()
    }

    /// Keeps the scores of the answers that these scores have.
    fn pick(&self, held: &Held<'_>, asked: &Asked) -> Result<(), DeviceError> {
        let questions = asked.of(held);
        let words = [("question_count", asked.order.len()), ("first_question", questions.start)];
        self.launch_held(Role::Pick, questions.len(), held, &words)
    }

    /// Counts the rivals that these scores have.
    fn count(&self, held: &Held<'_>, asked: &Asked) -> Result<(), DeviceError> {
        let questions = asked.of(held);
        let most = (ROUNDS * self.lanes(Role::Rank)).min(MOST_COUNTED as usize);
        for part in ranges(held.columns.len(), most) {
            let [from, until] = [part.start, part.end].map(|place| held.columns.start + place);
            let words = [
                ("question_count", asked.order.len()),
                ("first_question", questions.start),
                ("from", from),
                ("until", until),
            ];
            self.launch_held(Role::Rank, questions.len(), held, &words)?;
        }
        Ok(())
    }

    /// Launches a kernel on scores that the device holds, for none of its work not at all.
    pub(super) fn launch_held(
        &self,
        role: Role,
        count: usize,
        scores: &Held<'_>,
        words: &[(&'static str, usize)],
    ) -> Result<(), DeviceError> {
        if count == 0 { Ok(()) } else { self.launch(role, count, About::Held { scores, words }) }
    }

    /// How many threads share a row of a kernel's work.
    pub(super) fn lanes(&self, role: Role) -> usize {
        self.loaded(role).artifact.schedule.lanes as usize
    }
}

/// For each query its place in an order.
fn places(order: &[usize]) -> Vec<usize> {
    let mut places = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, query)| places[*query] = place);
    places
}

/// Answers in the order in which their queries are scored.
struct Asked {
    /// The answers' places.
    order: Vec<usize>,
    /// For each the number of its query in that order.
    numbers: Vec<u32>,
    questions: Vec<u32>,
    filtered: Vec<u32>,
}

impl Asked {
    fn new(queries: &[usize], answers: &Answers<'_>) -> Self {
        let places = places(queries);
        let number = |answer: usize| places[answers.queries[answer] as usize] as u32;
        let mut order: Vec<usize> = (0..answers.queries.len()).collect();
        order.sort_by_key(|answer| number(*answer));
        let mut ends = Vec::with_capacity(queries.len() + 1);
        ends.push(0);
        ends.extend(queries.iter().scan(0, |end, query| {
            *end += answers.filtered[*query].len() as u32;
            Some(*end)
        }));
        let filtered = queries.iter().flat_map(|query| answers.filtered[*query].iter().copied()).collect();
        let numbers: Vec<u32> = order.iter().map(|answer| number(*answer)).collect();
        let entities = order.iter().map(|answer| answers.entities[*answer]);
        let end = |number: &u32, after: usize| ends[*number as usize + after];
        let questions = numbers
            .iter()
            .copied()
            .chain(entities)
            .chain(numbers.iter().map(|number| end(number, 0)))
            .chain(numbers.iter().map(|number| end(number, 1)));
        Self { questions: questions.collect(), order, numbers, filtered }
    }

    fn put<D: Device>(&self, arrays: &mut Arrays<D::Buffer>, device: &D) -> Result<(), DeviceError> {
        arrays.questions.put(device, &self.questions)?;
        arrays.filtered.put(device, &self.filtered)?;
        arrays.truths.hold(device, self.order.len())?;
        arrays.ranks.put(device, &vec![0; 2 * self.order.len()])
    }

    /// The questions about queries whose scores are held.
    fn of(&self, held: &Held<'_>) -> Range<usize> {
        numbered(&self.numbers, held)
    }
}

/// Where the ascending `numbers` are those of queries whose scores are held.
pub(super) fn numbered(numbers: &[u32], held: &Held<'_>) -> Range<usize> {
    let before = |end: usize| numbers.partition_point(|number| (*number as usize) < end);
    before(held.first)..before(held.first + held.members.len())
}
