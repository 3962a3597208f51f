//! What ranking costs beside scoring: the ranks of `fb15k-237`'s size under a scorer that copies scores made before.
//!
//! Elements are the scores that ranks are made from: queries, each counted once, times entities.

use std::collections::HashSet;
use std::hint::black_box;
use std::ops::Range;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sptx_train::{
    CandidateScorer, EvaluateOptions, KnownTriples, Purpose, Query, Side, Stream, Triple, bounded, rank, top_k_many,
    uniform_f32,
};

const ENTITIES: u32 = 14_541;
const RELATIONS: u32 = 237;
const TRIPLES: u32 = 10_000;
const KNOWN: u32 = 300_000;

/// One row of scores for all queries.
struct Copied(Vec<f32>);

impl CandidateScorer for Copied {
    fn entity_count(&self) -> u32 {
        ENTITIES
    }

    fn score_tails(&self, _: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let row = &self.0[candidates.start as usize..candidates.end as usize];
        scores.chunks_exact_mut(row.len()).for_each(|scores| scores.copy_from_slice(row));
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.score_tails(queries, candidates, scores);
    }
}

fn triples(count: u32, draw: u32) -> Vec<Triple> {
    let stream = Stream::new(1, Purpose::Initial);
    let triple = |index| {
        let [[a, b, c, d], [e, f, ..]] = [0, 1].map(|block| stream.block([index, draw, 0], block));
        Triple::new(bounded([a, b], ENTITIES), bounded([c, d], RELATIONS), bounded([e, f], ENTITIES))
    };
    (0..count).map(triple).collect()
}

fn ranks(criterion: &mut Criterion) {
    let stream = Stream::new(2, Purpose::Initial);
    let scorer = Copied((0..ENTITIES).map(|entity| uniform_f32(stream.block([entity, 0, 0], 0)[0])).collect());
    let asked = triples(TRIPLES, 0);
    let known = KnownTriples::new(triples(KNOWN, 1).into_iter().chain(asked.iter().copied()));
    let tails: HashSet<(u32, u32)> = asked.iter().map(|triple| (triple.head, triple.relation)).collect();
    let heads: HashSet<(u32, u32)> = asked.iter().map(|triple| (triple.relation, triple.tail)).collect();
    let queries: Vec<Query> = tails.iter().map(|&(entity, relation)| Query { entity, relation }).collect();
    let exclude = vec![&[][..]; queries.len()];
    let mut group = criterion.benchmark_group("ranks");
    group.sample_size(10).throughput(Throughput::Elements((tails.len() + heads.len()) as u64 * u64::from(ENTITIES)));
    group.bench_function("filtered", |bencher| {
        bencher.iter(|| rank(&scorer, black_box(&asked), Some(&known), &EvaluateOptions::default()));
    });
    group.throughput(Throughput::Elements(queries.len() as u64 * u64::from(ENTITIES)));
    group.bench_function("top 10", |bencher| {
        bencher.iter(|| top_k_many(&scorer, Side::Tail, black_box(&queries), 10, &exclude));
    });
}

criterion_group!(benches, ranks);
criterion_main!(benches);
