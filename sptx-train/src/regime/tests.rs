//! Blocks of small graphs, looked at one by one, and their losses held against sums over triples.

use super::*;
use crate::loss::Loss;
use crate::sampler::{NegativeSet, shared_negatives};

const ENTITIES: u32 = 9;

/// Two relations; the query (0, 0, ?) has three answers.
const TRIPLES: [[u32; 3]; 6] = [[0, 0, 1], [0, 0, 2], [3, 1, 0], [0, 0, 4], [5, 1, 0], [4, 0, 1]];

fn triples() -> Vec<Triple> {
    TRIPLES.map(|[head, relation, tail]| Triple::new(head, relation, tail)).to_vec()
}

fn config(settings: &str) -> Config {
    let mut config = Config::default();
    settings.split_whitespace().for_each(|setting| config.set(setting).expect(setting));
    config.check().expect("settings that go together");
    config
}

/// A score for any triple.
fn score(triple: Triple) -> f32 {
    ((triple.head * 31 + triple.relation * 17 + triple.tail * 7) % 23) as f32 / 5.0 - 2.0
}

fn complete(missing: sptx_runtime::program::Side, entity: u32, relation: u32, other: u32) -> Triple {
    match missing {
        sptx_runtime::program::Side::Head => Triple::new(other, relation, entity),
        sptx_runtime::program::Side::Tail => Triple::new(entity, relation, other),
        sptx_runtime::program::Side::Relation => unreachable!("blocks ask for entities"),
    }
}

fn candidates(block: &Block<'_>) -> Vec<u32> {
    match &block.candidates {
        sptx_runtime::cpu::Candidates::Range(range) => range.clone().collect(),
        sptx_runtime::cpu::Candidates::List(list) => list.to_vec(),
    }
}

/// The batch's loss, and the derivative by the score of each triple, added up and in order.
fn run(batch: &BlockBatch<'_>) -> (f64, Vec<(Triple, f32)>) {
    let (mut sum, mut slopes) = (0.0, std::collections::BTreeMap::<Triple, f32>::new());
    for (number, block) in batch.blocks().iter().enumerate() {
        let candidates = candidates(block);
        for query in 0..block.queries.len() {
            let (entity, relation) = (block.queries.entities[query], block.queries.relations[query]);
            let triple = |other| complete(block.queries.missing, entity, relation, other);
            let mut answer = block.answers.map_or(0.0, |answers| score(triple(answers[query])));
            let mut scores: Vec<f32> = candidates.iter().map(|other| score(triple(*other))).collect();
            sum += batch.loss().row(number, query, &mut answer, &mut scores);
            let own = block.answers.map(|answers| (triple(answers[query]), answer));
            let others = candidates.iter().map(|other| triple(*other)).zip(scores);
            others.chain(own).for_each(|(triple, slope)| *slopes.entry(triple).or_default() += slope);
        }
    }
    (sum, slopes.into_iter().collect())
}

#[test]
fn shared_negatives_give_the_loss_of_triples_with_the_same_negatives() {
    for settings in [
        "loss.name=margin loss.margin=1",
        "loss.name=logistic",
        "loss.adversarial=1.5",
        "loss.name=softmax loss.log_q=off",
    ] {
        let config = config(&format!("regime.name=shared negatives=6 regime.sides=tail loss.reduction=sum {settings}"));
        let positives = triples();
        let regime = BlockRegime::new(&config, &positives, ENTITIES);
        let order = [5, 2, 0];
        let (sum, _) = run(&regime.batch(&order, 3, 1));
        let negatives = shared_negatives(config.seed, NegativeSet { epoch: 3, batch: 1, set: 0 }, 6, ENTITIES);
        let mut expected = 0.0;
        for triple in order.map(|index| triples()[index as usize]) {
            let rivals = negatives.iter().filter(|negative| **negative != triple.tail);
            let mut scores = vec![score(triple)];
            scores.extend(rivals.map(|negative| score(Triple { tail: *negative, ..triple })));
            expected += Loss::new(&config.loss).evaluate(&scores, 1, &mut vec![0.0; scores.len()]).sum;
        }
        assert!((sum - expected).abs() < 1e-5 * (1.0 + expected), "{settings}: {sum}, not {expected}");
    }
}

#[test]
fn the_mean_is_over_the_terms_that_count() {
    let config = config("regime.name=shared negatives=40 loss.name=margin loss.margin=100");
    let positives = triples();
    let regime = BlockRegime::new(&config, &positives, ENTITIES);
    let batch = regime.batch(&[0, 1, 2, 3, 4, 5], 0, 0);
    let (_, slopes) = run(&batch);
    // Every negative violates such a margin, so each term has a slope of one n-th for its negative.
    let upward: f32 = slopes.iter().map(|(_, slope)| slope.max(0.0)).sum();
    let downward: f32 = slopes.iter().map(|(_, slope)| slope.min(0.0)).sum();
    assert!(batch.terms() < 2 * 6 * 40 && batch.terms() > 2 * 6 * 25, "{}", batch.terms());
    // Negatives of one query may be positives of another, so that parts cancel.
    assert!((upward + downward).abs() < 1e-5 && upward <= 1.0 + 1e-5, "{upward} and {downward}");
}

#[test]
fn filtered_negatives_make_no_known_triple() {
    let known = KnownTriples::new(triples());
    for (filtered, expected) in [(true, 0), (false, 1)] {
        let config = config(&format!(
            "regime.name=shared negatives=60 regime.chunk=2 loss.name=logistic regime.filtered={filtered}"
        ));
        let positives = triples();
        let regime = BlockRegime::new(&config, &positives, ENTITIES);
        let (_, slopes) = run(&regime.batch(&[0, 4, 2], 0, 0));
        // A known triple that is no positive of the batch has a slope only where it is a negative.
        let others = slopes.iter().filter(|(triple, slope)| *slope > 0.0 && known.contains(*triple));
        assert!(
            others.count() >= expected
                && (expected == 1 || slopes.iter().all(|(triple, slope)| *slope <= 0.0 || !known.contains(*triple)))
        );
    }
}

#[test]
fn chunks_and_ends_have_negatives_of_their_own() {
    let config = config("regime.name=shared negatives=50 regime.chunk=2");
    let positives = triples();
    let regime = BlockRegime::new(&config, &positives, ENTITIES);
    let batch = regime.batch(&[0, 1, 2, 3, 4], 0, 0);
    let blocks = batch.blocks();
    assert_eq!(blocks.iter().map(|block| block.queries.len()).collect::<Vec<_>>(), [2, 2, 2, 2, 1, 1]);
    let sets: std::collections::BTreeSet<Vec<u32>> = blocks.iter().map(candidates).collect();
    assert_eq!(sets.len(), 6);
    assert_eq!(regime.scored(), 2 * 6 * 51);
}

#[test]
fn one_against_all_asks_both_ends_of_each_triple() {
    let config = config("regime.name=one-vs-all loss.name=softmax");
    let positives = triples();
    let regime = BlockRegime::new(&config, &positives, ENTITIES);
    let batch = regime.batch(&[0, 2, 5], 0, 0);
    assert_eq!((batch.terms(), regime.count(), regime.scored()), (6, 6, 2 * 6 * 9));
    let (_, slopes) = run(&batch);
    for (triple, slope) in slopes {
        let is_positive = [0, 2, 5].iter().any(|index| triples()[*index] == triple);
        assert_eq!(slope < 0.0, is_positive, "{triple:?}");
    }
}

#[test]
fn distinct_queries_have_all_known_answers() {
    let config = config("regime.name=k-vs-all loss.name=bce loss.reduction=sum");
    let positives = triples();
    let regime = BlockRegime::new(&config, &positives, ENTITIES);
    // (0, 0, ?), (4, 0, ?), (3, 1, ?), (5, 1, ?) and (?, 0, 1), (?, 0, 2), (?, 0, 4), (?, 1, 0).
    assert_eq!((regime.count(), regime.scored()), (8, 8 * 9));
    let order: Vec<u32> = (0..8).collect();
    let batch = regime.batch(&order, 0, 0);
    assert_eq!(batch.blocks().iter().map(|block| block.queries.len()).collect::<Vec<_>>(), [4, 4]);
    let known = KnownTriples::new(triples());
    for (triple, slope) in run(&batch).1 {
        assert_eq!(slope < 0.0, known.contains(triple), "{triple:?}");
    }
    let occurring = regime.occurring(&order);
    let count = |rows: &[u32], row| rows.iter().filter(|it| **it == row).count();
    // Each triple answers one query at either end.
    assert_eq!((occurring.relations.len(), count(&occurring.entities, 0), count(&occurring.entities, 2)), (12, 10, 2));
}

#[test]
fn one_end_alone_is_asked_where_it_is_asked_for() {
    let missing = |settings: &str| {
        let config = config(settings);
        let positives = triples();
        let regime = BlockRegime::new(&config, &positives, ENTITIES);
        let order: Vec<u32> = (0..regime.count() as u32).collect();
        let batch = regime.batch(&order, 0, 0);
        batch.blocks().iter().map(|block| block.queries.missing).collect::<Vec<_>>()
    };
    use sptx_runtime::program::Side::{Head, Tail};
    for name in ["shared", "one-vs-all", "k-vs-all"] {
        assert_eq!(missing(&format!("regime.name={name}")), [Tail, Head]);
        assert_eq!(missing(&format!("regime.name={name} regime.sides=head")), [Head]);
        assert_eq!(missing(&format!("regime.name={name} regime.sides=tail")), [Tail]);
        assert_eq!(missing(&format!("regime.name={name} reciprocal=true")), [Tail]);
    }
}

#[test]
fn a_score_that_is_no_number_refuses_its_row() {
    for settings in
        ["regime.name=shared negatives=3 loss.name=margin", "regime.name=one-vs-all", "regime.name=k-vs-all"]
    {
        let config = config(settings);
        let positives = triples();
        let regime = BlockRegime::new(&config, &positives, ENTITIES);
        let batch = regime.batch(&[0], 0, 0);
        let count = candidates(&batch.blocks()[0]).len();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut scores = vec![0.0; count];
            scores[count - 1] = bad;
            assert!(batch.loss().row(0, 0, &mut 0.0, &mut scores).is_nan(), "{settings}: {bad}");
        }
        assert!(batch.loss().row(0, 0, &mut 0.0, &mut vec![0.0; count]).is_finite());
    }
}
