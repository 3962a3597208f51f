//! Hits, sorted and cut, as the device does it.

use sptx_codegen::gpu::{Plan, training};
use sptx_codegen::testing::Random;
use sptx_runtime::gpu::{
    DIGIT_BITS, LossKind, PIECE, RUN_WORDS, RUNS_HEAD, Role, RuleKind, Training, histogram_words, most_pieces,
    pieces_words, runs_words, sort_rounds,
};
use sptx_runtime::program::{Model, Owner};
use sptx_tests::{lowered, zoo};

use super::memory::{Memory, of_role};

/// A batch's triples, and which of them have an upstream derivative.
pub(crate) struct Triples {
    pub(crate) columns: [Vec<u32>; 3],
    pub(crate) upstream: Vec<f32>,
}

/// What a buffer is called that each owner has its own of.
pub(crate) fn of_owner(name: &str, owner: Owner) -> String {
    match name {
        "hits" | "sorted" | "pieces" | "runs" | "partial" => format!("{name}.{owner:?}"),
        _ => name.to_owned(),
    }
}

/// How many hits of an owner's rows so many triples have.
pub(crate) fn hits_of(owner: Owner, triples: usize) -> usize {
    match owner {
        Owner::Entity => 2 * triples,
        Owner::Relation => triples,
    }
}

/// Room for the hits of an owner.
pub(crate) fn allocate(memory: &mut Memory, owner: Owner, triples: usize, rows: usize) {
    let hits = hits_of(owner, triples);
    let touched = rows.min(hits);
    let mut room = |name, words| memory.allocate(of_owner(name, owner), words);
    room("hits", 2 * hits);
    room("sorted", 2 * hits);
    room("pieces", pieces_words(most_pieces(hits, rows)));
    room("runs", runs_words(touched));
    memory.allocate("histogram", histogram_words(hits).max(memory.buffers.get("histogram").map_or(0, Vec::len)));
}

/// Lists, sorts and cuts the hits of an owner's rows.
pub(crate) fn sort_and_cut(memory: &mut Memory, plans: &[Plan], owner: Owner, triples: usize, rows: usize) {
    let hits = hits_of(owner, triples);
    memory.set(&[("row_count", rows as u32), ("batch", triples as u32)]);
    memory.launch(of_role(plans, Role::List(owner)), hits, |name| of_owner(name, owner));
    for round in 0..sort_rounds(rows as u32) {
        memory.set(&[("shift", round * DIGIT_BITS)]);
        memory.launch(of_role(plans, Role::Histogram), hits, |name| of_owner(name, owner));
        memory.launch(of_role(plans, Role::Scan), hits.div_ceil(1024) << DIGIT_BITS, str::to_owned);
        memory.launch(of_role(plans, Role::Sort), hits, |name| of_owner(name, owner));
        let [from, to] = ["hits", "sorted"].map(|name| of_owner(name, owner));
        let [sorted, other] = [&to, &from].map(|name| memory.buffers.remove(name).expect("it is there"));
        memory.put(from, sorted);
        memory.put(to, other);
    }
    memory.launch(of_role(plans, Role::Boundaries), hits + 1, |name| of_owner(name, owner));
    memory.launch(of_role(plans, Role::Scan), 2 * (hits + 1).div_ceil(1024), str::to_owned);
    memory.launch(of_role(plans, Role::Cut), hits + 1, |name| of_owner(name, owner));
}

fn model() -> Model {
    lowered(&zoo()[0]).1
}

fn plans(model: &Model) -> Vec<Plan> {
    let kinds = Training { filtered: false, loss: LossKind::Margin, rule: RuleKind::Sgd };
    training(model, &sptx_runtime::gpu::Schedule::default(), kinds)
}

/// Compares the device's hits with those that a stable sort gives.
fn check(triples: &Triples, rows: [usize; 2], all: bool) {
    let model = model();
    let plans = plans(&model);
    let count = triples.upstream.len();
    let mut memory = Memory::default();
    memory.put("triples", triples.columns.concat());
    let mut scalars = vec![super::memory::GARBAGE; model.scalars * count];
    for (triple, upstream) in triples.upstream.iter().enumerate() {
        scalars[model.upstream * count + triple] = upstream.to_bits();
    }
    memory.put("scalars", scalars);
    memory.set(&[("all", u32::from(all))]);
    for (owner, rows) in [Owner::Entity, Owner::Relation].into_iter().zip(rows) {
        allocate(&mut memory, owner, count, rows);
        sort_and_cut(&mut memory, &plans, owner, count, rows);
        let kept = (0..count as u32).filter(|triple| all || triples.upstream[*triple as usize] != 0.0);
        let [heads, relations, tails] = &triples.columns;
        let mut pairs: Vec<(u32, u32)> = match owner {
            Owner::Entity => kept
                .flat_map(|triple| [(heads[triple as usize], 2 * triple), (tails[triple as usize], 2 * triple + 1)])
                .collect(),
            Owner::Relation => kept.map(|triple| (relations[triple as usize], triple)).collect(),
        };
        pairs.sort_by_key(|(row, _)| *row);
        expect(&memory, owner, &pairs);
    }
}

fn expect(memory: &Memory, owner: Owner, pairs: &[(u32, u32)]) {
    let buffer = |name| &memory.buffers[&of_owner(name, owner)];
    let hits: Vec<u32> = pairs.iter().map(|(_, hit)| *hit).collect();
    assert_eq!(buffer("hits")[..hits.len()], hits, "hits of {owner:?}");
    let mut touched: Vec<u32> = pairs.iter().map(|(row, _)| *row).collect();
    touched.dedup();
    let (counts, runs) = buffer("runs").split_at(RUNS_HEAD);
    assert_eq!(counts[0] as usize, touched.len());
    let runs: Vec<&[u32]> = runs.chunks(RUN_WORDS).take(touched.len() + 1).collect();
    let pieces: Vec<&[u32]> = buffer("pieces").chunks(2).take(counts[1] as usize + 1).collect();
    assert_eq!((runs[0][1], runs[touched.len()][1], pieces[0][0]), (0, counts[1], 0));
    assert_eq!((runs[touched.len()][2], pieces[counts[1] as usize][0]), (hits.len() as u32, hits.len() as u32));
    assert_eq!(pieces[counts[1] as usize][1] as usize, touched.len(), "what is behind the last piece is of no row");
    for (row, number) in touched.iter().enumerate() {
        assert_eq!(runs[row][0], *number);
        let own = &pieces[runs[row][1] as usize..=runs[row + 1][1] as usize];
        assert!(own.windows(2).all(|piece| (1..=PIECE as u32).contains(&(piece[1][0] - piece[0][0]))), "{own:?}");
        assert!(own[..own.len() - 1].iter().all(|piece| piece[1] as usize == row), "{own:?}");
        let run = runs[row][2] as usize..runs[row + 1][2] as usize;
        assert_eq!(run, own[0][0] as usize..own[own.len() - 1][0] as usize);
        assert_eq!(own.len() == 2, run.len() <= PIECE, "few hits are one piece: {run:?} in {own:?}");
        assert_eq!(pairs.iter().filter(|(row, _)| row == number).count(), run.len());
        assert!(pairs[run].iter().all(|(row, _)| row == number));
    }
}

/// A random batch.
fn random(count: usize, rows: [usize; 2], flat: usize, seed: u64) -> Triples {
    let mut random = Random::new(seed);
    let mut column = |rows: usize| (0..count).map(|_| random.below(rows) as u32).collect::<Vec<_>>();
    let columns = [column(rows[0]), column(rows[1]), column(rows[0])];
    let upstream = (0..count).map(|_| if random.below(10) < flat { 0.0 } else { 1.0 }).collect();
    Triples { columns, upstream }
}

#[test]
fn hits_are_those_of_a_stable_sort() {
    let batches = [(1, [1, 1]), (5, [3, 2]), (40, [15, 16]), (512, [300, 1]), (513, [17, 255]), (2100, [5000, 7])];
    for (seed, (count, rows)) in batches.into_iter().enumerate() {
        for flat in [0, 4] {
            check(&random(count, rows, flat, seed as u64), rows, false);
        }
    }
}

#[test]
fn triples_without_a_derivative_are_left_out_unless_all_are_asked_for() {
    let triples = random(70, [9, 4], 10, 1);
    assert!(triples.upstream.iter().all(|upstream| *upstream == 0.0));
    check(&triples, [9, 4], false);
    check(&triples, [9, 4], true);
    check(&random(70, [9, 4], 5, 2), [9, 4], true);
}

#[test]
fn one_row_may_have_all_hits() {
    let count = 700;
    let triples = Triples { columns: [vec![3; count], vec![0; count], vec![3; count]], upstream: vec![1.0; count] };
    check(&triples, [5, 1], false);
}

/// Runs of every length about those of a piece, that begin everywhere about its multiples.
#[test]
fn few_hits_of_a_row_are_one_piece() {
    for before in (0..70).step_by(3) {
        let lengths = [before, 1, 31, 32, 33, 64, 2, 65, 30].into_iter();
        let relations: Vec<u32> = lengths.zip(0..).flat_map(|(length, row)| vec![row; length]).collect();
        let count = relations.len();
        let entities: Vec<u32> = (0..count as u32).collect();
        let triples = Triples { columns: [entities.clone(), relations, entities], upstream: vec![1.0; count] };
        check(&triples, [count, 9], false);
    }
}
