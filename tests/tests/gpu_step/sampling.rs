//! Batches drawn by the device, to the bit those of the host's sampler.

use sptx_codegen::gpu::training;
use sptx_runtime::gpu::{LossKind, Role, RuleKind, Training};
use sptx_tests::{lowered, zoo};
use sptx_train::{Corruption, KnownTriples, Sampler, SamplerOptions, Sides, Triple, epoch_order};

use super::memory::{Memory, of_role};
use super::schedules;

const SEED: u64 = 0x0123_4567_89AB_CDEF;

fn columns(triples: &[Triple]) -> Vec<u32> {
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect::<Vec<_>>();
    [column(|it| it.head), column(|it| it.relation), column(|it| it.tail)].concat()
}

/// Compares a batch of the device with the host's.
fn check(facts: &[Triple], entities: u32, options: SamplerOptions, [first, positives]: [usize; 2]) {
    let filtered = options.resamples > 0;
    let known = KnownTriples::new(facts.iter().copied());
    let sampler = Sampler::new(SEED, options, facts, entities, 3, filtered.then_some(&known));
    let epoch = 5;
    let order = epoch_order(SEED, epoch, facts.len() as u32);
    let batch: Vec<Triple> = order[first..first + positives].iter().map(|fact| facts[*fact as usize]).collect();
    let negatives = sampler.draw(epoch, first as u32, &batch);
    let mut expected = [&negatives.heads, &negatives.relations, &negatives.tails].map(|column| column.clone());
    for (column, of) in
        expected.iter_mut().zip([|it: &Triple| it.head, |it: &Triple| it.relation, |it: &Triple| it.tail])
    {
        column.splice(0..0, batch.iter().map(of));
    }

    let mut sorted = facts.to_vec();
    sorted.sort_by_key(|it| (it.head, it.relation, it.tail));
    sorted.dedup();
    let count = positives * (1 + options.negatives as usize);
    let mut memory = Memory::default();
    memory.put("facts", columns(facts));
    memory.put("order", order);
    memory.put("known", columns(&sorted));
    memory.put("thresholds", sampler.head_thresholds().iter().flat_map(|it| [*it as u32, (it >> 32) as u32]).collect());
    memory.set(&[
        ("positives", positives as u32),
        ("negatives", options.negatives),
        ("first", first as u32),
        ("fact_count", facts.len() as u32),
        ("known_count", sorted.len() as u32),
        ("resamples", options.resamples),
        ("entities", entities),
        ("epoch", epoch),
        ("key0", SEED as u32),
        ("key1", (SEED >> 32) as u32),
    ]);
    let model = lowered(&zoo()[0]).1;
    for (schedule, legal) in schedules().iter().zip([false, true]) {
        memory.legal = legal;
        memory.allocate("triples", 3 * count);
        let kinds = Training { filtered, loss: LossKind::Margin, rule: RuleKind::Sgd };
        let plans = training(&model, schedule, kinds);
        memory.launch(of_role(&plans, Role::Sample { filtered }), count, str::to_owned);
        assert_eq!(memory.buffers["triples"], expected.concat(), "{options:?}");
    }
}

/// A graph whose relations are one to many, many to one, and dense.
fn facts() -> Vec<Triple> {
    let stars = (1..20).flat_map(|i| [Triple::new(0, 0, i), Triple::new(i, 1, 0)]);
    let dense = (0..25).map(|i| Triple::new(i / 5, 2, i % 5));
    stars.chain(dense).collect()
}

#[test]
fn negatives_are_those_of_the_host() {
    for corruption in [Corruption::Uniform, Corruption::Bernoulli] {
        for sides in [Sides::Both, Sides::Head, Sides::Tail] {
            let options = SamplerOptions { corruption, sides, negatives: 7, resamples: 0 };
            check(&facts(), 20, options, [11, 30]);
        }
    }
}

#[test]
fn known_negatives_are_drawn_anew() {
    for resamples in [1, 5] {
        let options = SamplerOptions { negatives: 4, resamples, ..SamplerOptions::default() };
        check(&facts(), 20, options, [0, 63]);
        // No negative is unknown here: the last draw is kept.
        let complete: Vec<Triple> = (0..9).map(|i| Triple::new(i / 3, 0, i % 3)).collect();
        check(&complete, 3, options, [2, 6]);
    }
}

#[test]
fn few_entities_and_few_negatives() {
    let options = SamplerOptions::default();
    check(&[Triple::new(0, 0, 0)], 1, options, [0, 1]);
    check(&facts(), 20, SamplerOptions { negatives: 0, ..options }, [3, 50]);
    let many = u32::MAX - 3;
    let far: Vec<Triple> = (0..40).map(|i| Triple::new(many - 1 - i, i % 3, i)).collect();
    check(&far, many, SamplerOptions { negatives: 3, ..options }, [0, 40]);
}
