//! Ranks and best candidates by the device against plain loops, on scores of every kind, a few candidates at a time.

use std::cmp::Reverse;
use std::ops::Range;

use sptx_codegen::gpu::{Plan, ranking};
use sptx_codegen::testing::Random;
use sptx_runtime::gpu::{Role, score_of_merit};
use sptx_tests::{lowered, zoo};

use super::memory::{Memory, of_role};
use super::schedules;

const QUERIES: usize = 3;
const FIRST_QUERY: usize = 4;
const FIRST_CANDIDATE: usize = 6;
const SCORES_AT: usize = 5;

/// Every kind of score, with few values, so that many are equal.
const SCORES: [f32; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    f32::MIN_POSITIVE / 2.0,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    -f32::NAN,
];

/// Rows of scores in a device's memory.
struct Rows {
    scores: Vec<Vec<f32>>,
    memory: Memory,
}

impl Rows {
    fn new(candidates: usize, random: &mut Random) -> Self {
        let row = |random: &mut Random| (0..candidates).map(|_| random.pick(&SCORES)).collect();
        let scores: Vec<Vec<f32>> = (0..QUERIES).map(|_| row(random)).collect();
        let mut memory = Memory::default();
        let words = scores.iter().flatten().map(|score| score.to_bits());
        memory.put("scores", [0; SCORES_AT].into_iter().chain(words).collect());
        memory.set(&[
            ("scores0", SCORES_AT as u32),
            ("candidates", candidates as u32),
            ("first_query", FIRST_QUERY as u32),
            ("first_candidate", FIRST_CANDIDATE as u32),
        ]);
        Self { scores, memory }
    }

    fn launch(&mut self, plans: &[Plan], role: Role, count: usize) {
        self.memory.launch(of_role(plans, role), count, str::to_owned);
    }

    /// Launches a kernel for some candidates at a time, in order.
    fn launch_in_parts(&mut self, plans: &[Plan], role: Role, count: usize, random: &mut Random) {
        for part in parts(FIRST_CANDIDATE..FIRST_CANDIDATE + self.scores[0].len(), random) {
            self.memory.set(&[("from", part.start as u32), ("until", part.end as u32)]);
            self.launch(plans, role, count);
        }
    }
}

/// A range in parts, some of them empty.
fn parts(range: Range<usize>, random: &mut Random) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (Vec::new(), range.start);
    while from < range.end {
        let until = (from + random.below(range.len() + 1)).min(range.end);
        parts.push(from..until);
        from = until;
    }
    parts
}

/// Runs a test under every schedule, and as WGSL has the kernels.
fn check(test: impl Fn(&[Plan], &mut Random, bool)) {
    let model = lowered(&zoo()[0]).1;
    let mut random = Random::new(5);
    for schedule in &schedules() {
        let plans = ranking(&model, schedule);
        for turn in 0..6 {
            test(&plans, &mut random, turn % 2 == 1);
        }
    }
}

#[test]
fn ranks_are_those_of_a_scan() {
    check(|plans, random, as_wgsl| {
        let candidates = 1 + random.below(40);
        let mut rows = Rows::new(candidates, random);
        rows.memory.legal = as_wgsl;
        let lists: Vec<Vec<usize>> = (0..QUERIES)
            .map(|_| (0..FIRST_CANDIDATE + candidates + 3).filter(|_| random.below(4) == 0).collect())
            .collect();
        // The first questions and the last are about other queries, and others have answers among other candidates.
        let questions: Vec<(usize, usize)> =
            (0..7).map(|question| (question * QUERIES / 7, random.below(FIRST_CANDIDATE + candidates + 3))).collect();
        let ends: Vec<usize> = [0]
            .into_iter()
            .chain(lists.iter().scan(0, |end, list| {
                *end += list.len();
                Some(*end)
            }))
            .collect();
        let column = |of: &dyn Fn(&(usize, usize)) -> usize| {
            [0].into_iter().chain(questions.iter().map(of)).chain([0]).map(|word| word as u32).collect::<Vec<_>>()
        };
        let words = [
            column(&|question| FIRST_QUERY + question.0),
            column(&|question| question.1),
            column(&|question| ends[question.0]),
            column(&|question| ends[question.0 + 1]),
        ];
        let count = questions.len() + 2;
        rows.memory.put("questions", words.concat());
        rows.memory.put("filtered", lists.iter().flatten().map(|id| *id as u32).chain([0]).collect());
        rows.memory.put("truths", vec![7.5_f32.to_bits(); count]);
        rows.memory.put("ranks", vec![100; 2 * count]);
        rows.memory.set(&[("question_count", count as u32), ("first_question", 1)]);
        rows.launch(plans, Role::Pick, questions.len());
        rows.launch_in_parts(plans, Role::Rank, questions.len(), random);
        let found = &rows.memory.buffers["ranks"];
        assert_eq!([&found[..2], &found[2 * count - 2..]].concat(), [100; 4], "other questions are left alone");
        for ((query, answer), found) in questions.iter().zip(found[2..].chunks(2)) {
            let numbers = FIRST_CANDIDATE..FIRST_CANDIDATE + candidates;
            let truth = if numbers.contains(answer) { rows.scores[*query][answer - FIRST_CANDIDATE] } else { 7.5 };
            let rivals = numbers.filter(|number| number != answer && !lists[*query].contains(number));
            let scores: Vec<f32> = rivals.map(|number| rows.scores[*query][number - FIRST_CANDIDATE]).collect();
            let count = |of: &dyn Fn(f32) -> bool| 100 + scores.iter().filter(|score| of(**score)).count() as u32;
            let expected =
                [count(&|score| score > truth || score.is_nan() || truth.is_nan()), count(&|score| score == truth)];
            assert_eq!(found, expected, "{truth} among {scores:?}");
        }
    });
}

#[test]
fn the_best_are_the_start_of_a_sorted_list() {
    check(|plans, random, as_wgsl| {
        let candidates = 1 + random.below(60);
        let mut rows = Rows::new(candidates, random);
        rows.memory.legal = as_wgsl;
        let pairs: Vec<(usize, usize)> = (FIRST_QUERY..FIRST_QUERY + QUERIES)
            .flat_map(|query| (0..FIRST_CANDIDATE + candidates + 3).map(move |candidate| (query, candidate)))
            .filter(|_| random.below(5) == 0)
            .collect();
        let outside = [(FIRST_QUERY - 1, FIRST_CANDIDATE)];
        let listed = || outside.iter().chain(&pairs);
        let words = listed().map(|pair| pair.0).chain(listed().map(|pair| pair.1));
        rows.memory.put("excluded", words.map(|word| word as u32).collect());
        rows.memory.set(&[("pair_count", 1 + pairs.len() as u32), ("first_pair", 1)]);
        if !pairs.is_empty() {
            rows.launch(plans, Role::Exclude, pairs.len());
        }
        let kept: usize = random.pick(&[1, 2, 3, 4, 7, 8, 20]);
        rows.memory.set(&[("kept", kept as u32), ("levels", kept.ilog2())]);
        let plan = of_role(plans, Role::Best);
        let lists = (plan.kernel.workgroup / plan.rows) as usize * kept * 2;
        rows.memory.put("best", vec![0; (FIRST_QUERY + QUERIES) * lists]);
        rows.launch_in_parts(plans, Role::Best, QUERIES, random);
        let found = &rows.memory.buffers["best"];
        assert!(found[..FIRST_QUERY * lists].iter().all(|word| *word == 0), "other queries are left alone");
        for (query, lists) in found[FIRST_QUERY * lists..].chunks(lists).enumerate() {
            let mut entries: Vec<&[u32]> = lists.chunks(2).filter(|entry| entry[0] > 0).collect();
            entries.sort_by_key(|entry| (Reverse(entry[0]), entry[1]));
            let found = entries.iter().map(|entry| (entry[1] as usize, score_of_merit(entry[0]).expect("a score")));
            let scored = rows.scores[query].iter().enumerate().map(|(place, score)| (FIRST_CANDIDATE + place, *score));
            let is_listed = |number: usize| pairs.contains(&(FIRST_QUERY + query, number));
            let mut expected: Vec<(usize, f32)> =
                scored.filter(|(number, score)| !score.is_nan() && !is_listed(*number)).collect();
            expected.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("no NaN"));
            expected.truncate(kept);
            assert_eq!(found.take(kept).collect::<Vec<_>>(), expected, "{kept} of {candidates}");
        }
    });
}
