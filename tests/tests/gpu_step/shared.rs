//! Shared negatives, which of them count, and losses against them, by the device against those of the trainer.

use sptx_codegen::gpu::{Plan, shared_training};
use sptx_codegen::testing::Random;
use sptx_runtime::gpu::{Role, RuleKind, Schedule, SharedTraining};
use sptx_runtime::program::{Model, Side};
use sptx_tests::{lowered, zoo};
use sptx_train::{KnownTriples, Loss, LossConfig, LossName, NegativeSet, Reduction, Triple, shared_negatives};

use super::memory::{GARBAGE, Memory, bits, of_role};
use super::schedules;

const SEED: u64 = 0x0123_4567_89AB_CDEF;
const ENTITIES: u32 = 13;
const MISSING: [Side; 2] = [Side::Tail, Side::Head];

/// A batch of a regime: positives, in chunks that share so many negatives.
struct Batch {
    positives: Vec<Triple>,
    chunk: usize,
    negatives: usize,
    filtered: bool,
}

impl Batch {
    fn new(positives: usize, chunk: usize, negatives: usize, filtered: bool) -> Self {
        let mut random = Random::new(positives as u64);
        let mut below = |count: usize| random.below(count) as u32;
        let triple = |_| Triple::new(below(ENTITIES as usize), below(2), below(ENTITIES as usize));
        Self { positives: (0..positives).map(triple).collect(), chunk, negatives, filtered }
    }

    fn chunks(&self) -> usize {
        self.positives.len().div_ceil(self.chunk)
    }

    /// The negatives of all chunks for an end, as the trainer draws them.
    fn drawn(&self, side: usize) -> Vec<u32> {
        let set = |chunk| NegativeSet { epoch: 4, batch: 7, set: (chunk * MISSING.len() + side) as u32 };
        (0..self.chunks()).flat_map(|it| shared_negatives(SEED, set(it), self.negatives as u32, ENTITIES)).collect()
    }

    /// Whether a negative counts against a positive.
    fn counts(&self, known: &KnownTriples, positive: Triple, missing: Side, entity: u32) -> bool {
        let (own, other) = match missing {
            Side::Head => (positive.head, Triple { head: entity, ..positive }),
            Side::Relation | Side::Tail => (positive.tail, Triple { tail: entity, ..positive }),
        };
        entity != own && !(self.filtered && known.contains(other))
    }

    /// The device's memory with all that the kernels are told.
    fn memory(&self) -> Memory {
        let column = |of: fn(&Triple) -> u32| self.positives.iter().map(of).collect::<Vec<_>>();
        let mut known = self.positives.clone();
        known.sort_by_key(|it| (it.head, it.relation, it.tail));
        known.dedup();
        let known_column = |of: fn(&Triple) -> u32| known.iter().map(of).collect::<Vec<_>>();
        let mut memory = Memory::default();
        memory.put("triples", [column(|it| it.head), column(|it| it.relation), column(|it| it.tail)].concat());
        let columns = [known_column(|it| it.head), known_column(|it| it.relation), known_column(|it| it.tail)];
        memory.put("known", columns.concat());
        memory.set(&[
            ("negatives", self.negatives as u32),
            ("chunk", self.chunk as u32),
            ("candidate_count", (self.chunks() * self.negatives) as u32),
            ("known_count", known.len() as u32),
            ("entities", ENTITIES),
            ("sides", MISSING.len() as u32),
            ("step", 7),
            ("epoch", 4),
            ("key0", SEED as u32),
            ("key1", (SEED >> 32) as u32),
        ]);
        memory
    }

    fn draw(&self, memory: &mut Memory, plans: &[Plan], side: usize) {
        let count = self.chunks() * self.negatives;
        memory.allocate("candidates", 3 * count);
        memory.set(&[("side", side as u32)]);
        memory.launch(of_role(plans, Role::Negatives), count, |_| "candidates".to_owned());
    }
}

fn plans(model: &Model, schedule: &Schedule, batch: &Batch, loss: &Loss) -> Vec<Plan> {
    let (missing, filtered) = (MISSING.to_vec(), batch.filtered);
    let training = SharedTraining { missing, filtered, loss: loss.kind(), rule: RuleKind::Sgd };
    shared_training(model, schedule, &training)
}

/// Losses of every kind with their configurations, under both reductions.
fn losses() -> Vec<(Loss, LossConfig)> {
    let margin = LossConfig { margin: 0.75, ..LossConfig::default() };
    let configs = [
        LossConfig { name: LossName::Margin, ..margin.clone() },
        LossConfig { name: LossName::Logistic, ..margin.clone() },
        LossConfig { name: LossName::Logistic, adversarial: 1.5, ..margin },
        LossConfig { name: LossName::Softmax, temperature: 0.5, ..LossConfig::default() },
    ];
    let both = |config: &LossConfig| {
        [Reduction::Mean, Reduction::Sum].map(|it| LossConfig { reduction: it, ..config.clone() })
    };
    configs.iter().flat_map(both).map(|config| (Loss::standing_for(&config, 2.6), config)).collect()
}

fn batches() -> Vec<Batch> {
    let sizes = [(1, 1, 1), (5, 5, 3), (7, 3, 9), (40, 16, 33)];
    sizes.into_iter().flat_map(|(a, b, c)| [false, true].map(|filtered| Batch::new(a, b, c, filtered))).collect()
}

#[test]
fn shared_negatives_are_those_of_the_host() {
    let model = lowered(&zoo()[0]).1;
    for (number, batch) in batches().iter().enumerate() {
        let schedule = &schedules()[number % schedules().len()];
        let plans = plans(&model, schedule, batch, &losses()[0].0);
        let mut memory = batch.memory();
        memory.legal = number % 2 == 0;
        for side in 0..MISSING.len() {
            batch.draw(&mut memory, &plans, side);
            let drawn = batch.drawn(side);
            let columns = [&drawn[..], &vec![0; drawn.len()], &drawn].concat();
            assert_eq!(memory.buffers["candidates"], columns);
        }
    }
}

fn near(found: f32, expected: f64, what: &str) {
    let found = f64::from(found);
    assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{what}: {found}, not {expected}");
}

/// Compares the losses of a batch, asked for both ends, and all derivatives, with the trainer's.
fn check(batch: &Batch, schedule: &Schedule, legal: bool, (loss, config): &(Loss, LossConfig)) {
    let model = lowered(&zoo()[0]).1;
    let plans = plans(&model, schedule, batch, loss);
    let what = format!("{config:?} {schedule} {}", batch.filtered);
    let mut random = Random::new(batch.positives.len() as u64);
    let (count, each, first) = (batch.positives.len(), batch.negatives, 2);
    let mut scores = |count: usize| (0..count).map(|_| random.uniform(-3.0, 3.0) as f32).collect::<Vec<_>>();
    let (answers, pairs) = (scores(count), [scores(count * each), scores(count * each)]);
    let mut memory = batch.memory();
    memory.legal = legal;
    let mut scalars = vec![GARBAGE; model.scalars * count];
    scalars[model.score * count..][..count].copy_from_slice(&bits(&answers));
    memory.put("scalars", scalars);
    memory.allocate("losses", 3 * MISSING.len() * (first + count));
    memory.allocate("scale", 1);
    let (fixed, _) = loss.terms_and_scale(MISSING.len() * count, 0);
    let (each_rival, _) = loss.terms_and_scale(0, 1);
    memory.set(&[
        ("first", first as u32),
        ("first_loss", (first * MISSING.len()) as u32),
        ("terms", fixed as u32),
        ("rival_terms", each_rival as u32),
        ("mean", u32::from(config.reduction == Reduction::Mean)),
    ]);
    for name in ["margin", "adversarial", "sharpness", "stands_for"] {
        memory.set_one(name, loss.coefficient(name).unwrap_or(f32::NAN).to_bits());
    }
    for (side, missing) in MISSING.into_iter().enumerate() {
        batch.draw(&mut memory, &plans, side);
        memory.put(format!("scores{side}"), bits(&pairs[side]));
        let role = Role::Rivals { missing, filtered: batch.filtered };
        memory.launch(of_role(&plans, role), count, |name| match name {
            "scores" => format!("scores{side}"),
            "candidate_triples" => "candidates".to_owned(),
            _ => name.to_owned(),
        });
    }
    memory.launch(of_role(&plans, Role::Terms), MISSING.len() * count, str::to_owned);
    for side in 0..MISSING.len() {
        memory.set(&[("side", side as u32), ("adds", side as u32)]);
        let plan = of_role(&plans, Role::SharedLoss(loss.kind()));
        memory.launch(plan, count, |name| if name == "scores" { format!("scores{side}") } else { name.to_owned() });
    }

    let known = KnownTriples::new(batch.positives.iter().copied());
    let sum = Loss::standing_for(&LossConfig { reduction: Reduction::Sum, ..config.clone() }, 2.6);
    let drawn = [0, 1].map(|side| batch.drawn(side));
    let counts = |side: usize, positive: usize| -> Vec<usize> {
        let candidates = &drawn[side][positive / batch.chunk * each..][..each];
        let counts = |it: &usize| batch.counts(&known, batch.positives[positive], MISSING[side], candidates[*it]);
        (0..each).filter(counts).collect()
    };
    let rivals: usize =
        (0..2).flat_map(|side| (0..count).map(move |it| (side, it))).map(|(a, b)| counts(a, b).len()).sum();
    let (_, scale) = loss.terms_and_scale(MISSING.len() * count, rivals);
    let found = memory.numbers("losses");
    for positive in 0..count {
        let mut slope = 0.0;
        for side in 0..MISSING.len() {
            let kept = counts(side, positive);
            let own = &pairs[side][positive * each..][..each];
            let row: Vec<f32> = std::iter::once(answers[positive]).chain(kept.iter().map(|it| own[*it])).collect();
            let mut upstream = vec![0.0; row.len()];
            let value = sum.evaluate(&row, 1, &mut upstream);
            let losses = &found[3 * (MISSING.len() * (first + positive) + side)..][..3];
            near(losses[0], value.sum, &what);
            assert_eq!(losses[1..], [0.0, kept.len() as f32], "{what}");
            slope += f64::from(upstream[0]);
            let slopes = &memory.numbers(&format!("scores{side}"))[positive * each..][..each];
            for (negative, found) in slopes.iter().enumerate() {
                let place = kept.iter().position(|it| *it == negative);
                let expected = place.map_or(0.0, |place| f64::from(upstream[1 + place]));
                near(*found, expected * f64::from(scale), &what);
            }
        }
        near(memory.numbers("scalars")[model.upstream * count + positive], slope * f64::from(scale), &what);
    }
}

#[test]
fn losses_against_shared_negatives_are_those_of_the_trainer() {
    let schedules = schedules();
    let mut number = 0;
    for batch in batches() {
        for loss in losses() {
            check(&batch, &schedules[number % schedules.len()], number % 3 == 0, &loss);
            number += 1;
        }
    }
}

#[test]
fn scores_that_are_not_finite_are_counted() {
    let model = lowered(&zoo()[0]).1;
    let (loss, _) = &losses()[0];
    let batch = Batch::new(3, 3, 4, false);
    let plans = plans(&model, &schedules()[1], &batch, loss);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut memory = batch.memory();
        batch.draw(&mut memory, &plans, 0);
        let mut scalars = vec![0; model.scalars * 3];
        scalars[model.score * 3 + 1] = bad.to_bits();
        let mut scores = [0.5; 12];
        scores[0] = bad;
        scores[7] = bad;
        memory.put("scalars", scalars);
        memory.put("scores", bits(&scores));
        memory.allocate("losses", 3 * MISSING.len() * 3);
        memory.set(&[("first", 0), ("side", 0)]);
        memory.launch(of_role(&plans, Role::Rivals { missing: Side::Tail, filtered: false }), 3, |name| {
            if name == "candidate_triples" { "candidates".to_owned() } else { name.to_owned() }
        });
        let losses = memory.numbers("losses");
        assert_eq!([1, 7, 13].map(|place| losses[place]), [1.0, 2.0, 0.0], "{bad}");
    }
}
