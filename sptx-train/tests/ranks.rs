//! The tiled ranking against a naive one, and its promises about ties, NaN, threads and tiles.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::Function;
use proptest::prelude::*;
use sptx_train::{
    CandidateScorer, Category, Dataset, Error, EvaluateOptions, Evaluator, KnownTriples, Query, Rank, Side, Split,
    Triple, rank, top_k, top_k_many,
};

const SCORES: [f32; 8] = [0.0, -0.0, 1.0, -1.0, 0.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];

/// Ranks one answer by the definition, without tiles.
fn naive(entities: u32, known: Option<&[Triple]>, answer: Triple, side: Side, score: impl Fn(Triple) -> f32) -> Rank {
    let truth = score(answer);
    let mut rank = Rank::default();
    for entity in 0..entities {
        let rival = match side {
            Side::Head => Triple { head: entity, ..answer },
            Side::Tail => Triple { tail: entity, ..answer },
        };
        if rival == answer || known.is_some_and(|known| known.contains(&rival)) {
            continue;
        }
        let score = score(rival);
        if score > truth || score.is_nan() || truth.is_nan() {
            rank.greater += 1;
        } else if score == truth {
            rank.equal += 1;
        }
    }
    rank
}

fn triples(entities: u32) -> impl Strategy<Value = Vec<Triple>> {
    let triple =
        (0..entities, 0u32..2, 0..entities).prop_map(|(head, relation, tail)| Triple::new(head, relation, tail));
    prop::collection::vec(triple, 1..20)
}

proptest! {
    #[test]
    fn ranks_agree_with_the_definition(
        asked in triples(9),
        more in triples(9),
        picks in prop::collection::vec(0usize..SCORES.len(), 9 * 2 * 9),
        query_tile in 0usize..5,
        candidate_tile in 0u32..12,
        filtered in any::<bool>(),
        filter_has_asked in any::<bool>(),
    ) {
        let score = |triple: Triple| SCORES[picks[(triple.head * 18 + triple.relation * 9 + triple.tail) as usize]];
        let scorer = Function { entities: 9, score: |head, relation, tail| score(Triple::new(head, relation, tail)) };
        let mut known = more;
        if filter_has_asked {
            known.extend(&asked);
        }
        let index = KnownTriples::new(known.iter().copied());
        let options = EvaluateOptions { query_tile, candidate_tile, ..EvaluateOptions::default() };
        let ranks = rank(&scorer, &asked, filtered.then_some(&index), &options).expect("ids in range");
        for (position, &triple) in asked.iter().enumerate() {
            let known = filtered.then_some(known.as_slice());
            prop_assert_eq!(ranks.head[position], naive(9, known, triple, Side::Head, score));
            prop_assert_eq!(ranks.tail[position], naive(9, known, triple, Side::Tail, score));
        }
    }

    #[test]
    fn top_k_is_the_start_of_the_sorted_list(
        picks in prop::collection::vec(0usize..SCORES.len(), 40),
        count in 0usize..45,
        exclude in prop::collection::btree_set(0u32..40, 0..10),
    ) {
        let scorer = Function { entities: 40, score: |_, _, tail| SCORES[picks[tail as usize]] };
        let exclude: Vec<u32> = exclude.into_iter().collect();
        let mut expected: Vec<u32> =
            (0..40).filter(|id| !exclude.contains(id) && !SCORES[picks[*id as usize]].is_nan()).collect();
        expected.sort_by(|&a, &b| SCORES[picks[b as usize]].partial_cmp(&SCORES[picks[a as usize]]).expect("no NaN"));
        expected.truncate(count);
        let found = top_k(&scorer, Side::Tail, Query { entity: 0, relation: 0 }, count, &exclude);
        prop_assert_eq!(found.iter().map(|prediction| prediction.entity).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn top_k_of_many_queries_over_many_tiles_and_threads() {
    // 40 000 candidates are several stretches; scores are few, so that there are ties between them.
    let score = |head: u32, relation: u32, tail: u32| {
        ((tail + head).wrapping_mul(2_654_435_761) >> 20) as f32 * (relation as f32 - 0.5)
    };
    let scorer = Function { entities: 40_000, score };
    let queries: Vec<Query> = (0..7).map(|i| Query { entity: i * 5000, relation: i % 2 }).collect();
    let lists: Vec<Vec<u32>> = (0..7).map(|i| (0..40_000).step_by(2 + i * 13).collect()).collect();
    let exclude: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    for count in [0, 1, 100, 30_000] {
        let found = top_k_many(&scorer, Side::Tail, &queries, count, &exclude);
        for ((query, list), found) in queries.iter().zip(&lists).zip(&found) {
            let score = |entity| score(query.entity, query.relation, entity);
            let mut expected: Vec<u32> = (0..40_000).filter(|entity| list.binary_search(entity).is_err()).collect();
            expected.sort_by(|&left, &right| score(right).total_cmp(&score(left)));
            expected.truncate(count);
            assert!(found.iter().map(|found| found.entity).eq(expected), "{count} answers to {query:?}");
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        assert_eq!(one.install(|| top_k_many(&scorer, Side::Tail, &queries, count, &exclude)), found);
    }
}

#[test]
fn a_constant_model_ranks_in_the_middle() {
    let scorer = Function { entities: 10_001, score: |_, _, _| 0.25 };
    let asked = [Triple::new(0, 0, 1), Triple::new(10_000, 0, 9_999)];
    let ranks = rank(&scorer, &asked, None, &EvaluateOptions::default()).expect("ranks");
    for rank in ranks.head.iter().chain(&ranks.tail) {
        assert_eq!((rank.optimistic(), rank.realistic(), rank.pessimistic()), (1.0, 5001.0, 10_001.0));
    }
}

#[test]
fn nan_never_flatters() {
    let asked = [Triple::new(3, 0, 5)];
    let all_nan = Function { entities: 100, score: |_, _, _| f32::NAN };
    let truth_nan = Function { entities: 100, score: |_, _, tail| if tail == 5 { f32::NAN } else { 1.0 } };
    let rivals_nan = Function { entities: 100, score: |_, _, tail| if tail == 5 { 1.0 } else { f32::NAN } };
    let last = Rank { greater: 99, equal: 0 };
    for scorer in [&all_nan as &dyn CandidateScorer, &truth_nan, &rivals_nan] {
        let ranks = rank(scorer, &asked, None, &EvaluateOptions::default()).expect("ranks");
        assert_eq!(ranks.tail, [last]);
        assert_eq!((last.optimistic(), last.realistic(), last.pessimistic()), (100.0, 100.0, 100.0));
    }
    assert_eq!(top_k(&all_nan, Side::Tail, Query { entity: 0, relation: 0 }, 5, &[]), []);
}

fn chain(count: u32) -> Dataset {
    let line = |i: u32| format!("e{i}\tnext\te{}\n", (i * 7 + 1) % count);
    let text = |ids: std::ops::Range<u32>| ids.map(line).collect::<String>();
    Dataset::from_texts("chain", &text(0..count), &text(3..9), &text(9..200)).expect("a dataset")
}

fn mixed(head: u32, relation: u32, tail: u32) -> f32 {
    let mixed = (head * 31 + relation * 17 + tail * 101).wrapping_mul(2_654_435_761) >> 24;
    mixed as f32
}

#[test]
fn tiles_and_threads_do_not_matter() {
    let dataset = chain(500);
    let evaluator = Evaluator::new(&dataset);
    let scorer = Function { entities: 500, score: mixed };
    let evaluate = |query_tile, candidate_tile| {
        let options = EvaluateOptions { query_tile, candidate_tile, ..EvaluateOptions::default() };
        evaluator.evaluate(&scorer, Split::Test, &options).expect("metrics")
    };
    let expected = evaluate(512, 512);
    for (query_tile, candidate_tile) in [(1, 1), (7, 33), (1000, 100), (64, u32::MAX), (usize::MAX, 3)] {
        assert_eq!(evaluate(query_tile, candidate_tile), expected);
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        assert_eq!(pool.install(|| evaluate(7, 33)), expected);
    }
}

#[test]
fn tiles_are_bounded_and_rarely_scored_twice() {
    struct Counting(AtomicUsize);
    impl CandidateScorer for Counting {
        fn entity_count(&self) -> u32 {
            50_000
        }
        fn score_tails(&self, queries: &[Query], candidates: std::ops::Range<u32>, scores: &mut [f32]) {
            assert!(
                queries.len() <= 512 && candidates.len() <= 512 && scores.len() == queries.len() * candidates.len()
            );
            self.0.fetch_add(scores.len(), Ordering::Relaxed);
            scores.fill(0.0);
        }
        fn score_heads(&self, queries: &[Query], candidates: std::ops::Range<u32>, scores: &mut [f32]) {
            self.score_tails(queries, candidates, scores);
        }
    }
    let asked: Vec<Triple> = (0..3000).map(|i| Triple::new(i * 7919 % 50_000, 0, i * 104_729 % 50_000)).collect();
    let scorer = Counting(AtomicUsize::new(0));
    rank(&scorer, &asked, None, &EvaluateOptions::default()).expect("ranks");
    let needed = 2 * asked.len() * 50_000;
    let scored = scorer.0.into_inner();
    assert!(scored >= needed && scored < needed + needed / 100, "{scored} scores where {needed} are needed");
}

#[test]
fn triples_with_one_query_share_its_scores() {
    struct Counting(AtomicUsize);
    impl CandidateScorer for Counting {
        fn entity_count(&self) -> u32 {
            1000
        }
        fn score_tails(&self, queries: &[Query], candidates: std::ops::Range<u32>, scores: &mut [f32]) {
            self.0.fetch_add(queries.len() * candidates.len(), Ordering::Relaxed);
            scores.chunks_exact_mut(candidates.len()).for_each(|row| {
                row.iter_mut().zip(candidates.clone()).for_each(|(score, entity)| *score = (entity % 10) as f32);
            });
        }
        fn score_heads(&self, _: &[Query], _: std::ops::Range<u32>, scores: &mut [f32]) {
            scores.fill(0.0);
        }
    }
    let asked: Vec<Triple> = (0..200).map(|tail| Triple::new(7, 0, tail)).collect();
    let scorer = Counting(AtomicUsize::new(0));
    let known = KnownTriples::new(asked.iter().copied());
    let ranks = rank(&scorer, &asked, Some(&known), &EvaluateOptions::default()).expect("ranks");
    // Of the 800 candidates that are not known, each last digit has 80.
    for (triple, rank) in asked.iter().zip(&ranks.tail) {
        assert_eq!(*rank, Rank { greater: 80 * (9 - triple.tail % 10), equal: 80 });
    }
    assert_eq!(scorer.0.into_inner(), 1000 + asked.len());
}

/// Scores whose bits depend on the shape of the tile: what is asked for alone is a little higher.
struct Shaped<F> {
    exact: Function<F>,
    whole_tiles: AtomicUsize,
}

impl<F: Fn(u32, u32, u32) -> f32 + Sync> CandidateScorer for Shaped<F> {
    fn entity_count(&self) -> u32 {
        self.exact.entities
    }
    fn score_tails(&self, queries: &[Query], candidates: std::ops::Range<u32>, scores: &mut [f32]) {
        self.exact.score_tails(queries, candidates.clone(), scores);
        match candidates.len() {
            1 => scores.iter_mut().for_each(|score| *score += 0.25),
            _ => drop(self.whole_tiles.fetch_add(1, Ordering::Relaxed)),
        }
    }
    fn score_heads(&self, queries: &[Query], candidates: std::ops::Range<u32>, scores: &mut [f32]) {
        self.exact.score_heads(queries, candidates.clone(), scores);
        if candidates.len() == 1 {
            scores.iter_mut().for_each(|score| *score += 0.25);
        }
    }
}

#[test]
fn answers_are_compared_with_the_scores_of_tiles() {
    let dataset = chain(500);
    let exact = Function { entities: 500, score: mixed };
    let options = EvaluateOptions { query_tile: 50, candidate_tile: 100, ..EvaluateOptions::default() };
    let expected = rank(&exact, dataset.test(), None, &options).expect("ranks");
    assert!(expected.tail.iter().any(|rank| rank.equal > 0), "the test needs ties");
    let shaped = Shaped { exact, whole_tiles: AtomicUsize::new(0) };
    assert_eq!(rank(&shaped, dataset.test(), None, &options).expect("ranks"), expected);
    // Four blocks of queries, five tiles, each twice.
    assert_eq!(shaped.whole_tiles.into_inner(), 40);
}

#[test]
fn equal_embeddings_in_different_tiles_tie() {
    // A model with vectors for embeddings, of which every tenth is the same.
    let embedding = |entity: u32| (0..8).map(move |column| ((entity % 10 * 8 + column) as f32).sin());
    let score = |head: u32, _: u32, tail: u32| embedding(head).zip(embedding(tail)).map(|(a, b)| a * b).sum();
    let scorer = Function { entities: 2000, score };
    let asked: Vec<Triple> = (0..50).map(|i| Triple::new(i * 31, 0, i * 37 + 1)).collect();
    let options = EvaluateOptions { candidate_tile: 64, ..EvaluateOptions::default() };
    let ranks = rank(&scorer, &asked, None, &options).expect("ranks");
    for rank in ranks.head.iter().chain(&ranks.tail) {
        assert_eq!((rank.equal, rank.greater % 200), (199, 0));
    }
}

#[test]
fn progress_reaches_the_end() {
    let dataset = chain(300);
    let scorer = Function { entities: 300, score: mixed };
    let most = AtomicUsize::new(0);
    let progress = |done: usize, total: usize| {
        assert!(done <= total && total == 2 * 191);
        most.fetch_max(done, Ordering::Relaxed);
    };
    let options = EvaluateOptions { progress: Some(&progress), query_tile: 10, ..EvaluateOptions::default() };
    let metrics = Evaluator::new(&dataset).evaluate(&scorer, Split::Test, &options).expect("metrics");
    assert_eq!(most.into_inner(), 2 * 191);
    assert_eq!((metrics.count, metrics.by_category[&Category::OneToOne].count), (191, 191));
    assert_eq!(metrics.by_relation["next"].both, metrics.both);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let dataset = Dataset::from_texts("toy", "a\tr\tb\n", "", "a\tr\tc\n").expect("a dataset");
    let evaluator = Evaluator::new(&dataset);
    let small = Function { entities: 2, score: mixed };
    let options = EvaluateOptions::default();
    assert!(matches!(
        evaluator.evaluate(&small, Split::Test, &options),
        Err(Error::TripleOutOfRange { index: 0, id: 2, count: 2, .. })
    ));
    assert!(matches!(evaluator.evaluate(&small, Split::Valid, &options), Err(Error::NothingToEvaluate)));
    assert!(rank(&small, &[Triple::new(0, 0, 2)], None, &options).is_err());
}

#[test]
fn entities_that_training_lacks_stay_candidates() {
    // `d` is in the test split only; it scores highest, and so costs the test triple a rank.
    let dataset = Dataset::from_texts("toy", "a\tr\tb\n", "", "a\tr\tc\nc\tr\td\n").expect("a dataset");
    let scorer = Function { entities: 4, score: |_, _, tail| tail as f32 };
    let ranks = rank(&scorer, &dataset.test()[..1], None, &EvaluateOptions::default()).expect("ranks");
    assert_eq!(ranks.tail, [Rank { greater: 1, equal: 0 }]);
}
