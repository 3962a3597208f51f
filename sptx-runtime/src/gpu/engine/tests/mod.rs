//! The engine against a device in memory and plain loops. Numbers are small whole ones, so that every sum is exact.

mod fake;
mod model;

use proptest::prelude::*;

use super::hits::Hits;
use super::{Engine, Setup};
use crate::Error;
use crate::cpu::Batch;
use crate::gpu::{Backward, DeviceError, PIECE, RUN_WORDS, RUNS_HEAD, Role, table_words};
use crate::program::Owner;
use fake::Fake;
use model::{Rows, artifacts, model};

/// An engine, and what it should hold.
struct Case {
    sizes: [usize; 2],
    counts: [usize; 2],
    scale: f64,
    turn: usize,
    shards: usize,
    binding_words: u32,
    backward: Backward,
}

impl Case {
    fn setup(&self) -> Setup {
        let model = model();
        let parameters = [(model.parameters[0].name.clone(), self.scale)].into();
        let ([entities, relations], sizes) = (self.counts, self.sizes.to_vec());
        Setup {
            model,
            sizes,
            entities,
            relations,
            parameters,
            artifacts: artifacts(self.turn, self.shards, self.backward),
        }
    }

    fn engine(&self) -> Engine<Fake> {
        Engine::new(Fake::new(self.binding_words), self.setup()).expect("the model fits")
    }

    /// Rows of small whole numbers that differ from place to place.
    fn rows(&self) -> Rows {
        let model = model();
        let rows = |plane: usize| {
            let count = self.counts[model.owner(plane) as usize];
            let len = super::Lines::of(model.planes[plane].shape, &self.sizes).row_len();
            let value = |row: usize, at: usize| ((plane * 31 + row * 17 + at * 7 + row * at) % 9) as f32 - 4.0;
            (0..count).map(|row| (0..len).map(|at| value(row, at)).collect()).collect()
        };
        Rows { planes: (0..model.planes.len()).map(rows).collect(), scale: self.scale as f32 }
    }
}

/// Triples as columns.
fn columns(triples: &[[u32; 3]]) -> [Vec<u32>; 3] {
    [0, 1, 2].map(|column| triples.iter().map(|triple| triple[column]).collect())
}

fn batch(columns: &[Vec<u32>; 3]) -> Batch<'_> {
    Batch { heads: &columns[0], relations: &columns[1], tails: &columns[2] }
}

/// Holds scores and gradients of one batch against the definition.
fn check(engine: &mut Engine<Fake>, rows: &Rows, triples: &[[u32; 3]]) {
    let columns = columns(triples);
    let scores: Vec<f32> = triples.iter().map(|triple| rows.score(*triple)).collect();
    assert_eq!(engine.score(batch(&columns)).expect("scores"), scores);

    let upstream: Vec<f32> = (0..triples.len()).map(|triple| (triple % 5) as f32 - 2.0).collect();
    let gradients = engine.gradients(batch(&columns), &upstream).expect("gradients");
    let expected = rows.gradients(triples, &upstream);
    assert_eq!(gradients.is_empty(), triples.is_empty());
    for plane in 0..rows.planes.len() {
        let of_relation = engine.model().owner(plane) == Owner::Relation;
        let mut touched = if of_relation { columns[1].clone() } else { [&columns[0][..], &columns[2]].concat() };
        touched.sort_unstable();
        touched.dedup();
        assert_eq!(gradients.rows(plane), touched);
        assert_eq!(gradients.has(plane), plane != 4 && !triples.is_empty(), "plane {plane}");
        for (position, row) in touched.iter().enumerate() {
            let frozen = Vec::new();
            let expected = expected.get(&(plane, *row)).unwrap_or(&frozen);
            assert_eq!(gradients.row(plane, position), expected, "plane {plane}, row {row}");
        }
    }
}

fn set_planes(engine: &mut Engine<Fake>, rows: &Rows) {
    for (plane, rows) in rows.planes.iter().enumerate() {
        engine.set_plane(plane, &rows.concat()).expect("sets");
    }
    for (plane, rows) in rows.planes.iter().enumerate() {
        assert_eq!(engine.plane(plane).expect("reads"), rows.concat());
    }
}

/// Triples among a few rows, so that rows repeat, heads are tails, and some batches have one relation.
fn triples(most: usize) -> impl Strategy<Value = Vec<[u32; 3]>> {
    let ordinary = prop::collection::vec([0..4_u32, 0..3_u32, 0..4_u32], 0..most);
    let loops =
        prop::collection::vec(0..4_u32, 0..most).prop_map(|rows| rows.iter().map(|row| [*row, 1, *row]).collect());
    prop_oneof![4 => ordinary, 1 => loops]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn scores_and_gradients_are_those_of_the_definition(
        sizes in [1..7_usize, 1..7_usize],
        scale in 1..4_i8,
        turn in 0..60_usize,
        shards in 1..4_usize,
        backward in prop_oneof![Just(Backward::Gathered), Just(Backward::Atomic)],
        room in prop_oneof![Just(1_u32 << 20), 0..400_u32],
        batches in prop::collection::vec(triples(150), 1..4),
    ) {
        let counts = [4, 3];
        // At least as much as the tables and one triple need.
        let tables = table_words(&model(), &sizes, counts[0], counts[1]) as u32;
        let case = Case { sizes, counts, scale: f64::from(scale), turn, shards, binding_words: tables + 4 + room, backward };
        let (mut engine, rows) = (case.engine(), case.rows());
        set_planes(&mut engine, &rows);
        for triples in batches {
            check(&mut engine, &rows, &triples);
        }
    }

    #[test]
    fn hits_are_those_of_the_batch(triples in triples(300)) {
        let [heads, relations, tails] = columns(&triples);
        let mut stamps = Vec::new();
        let unsorted = Hits::unsorted([&heads, &tails], 4, &mut stamps);
        let of_hits = unsorted.positions.iter().map(|position| unsorted.touched[*position as usize]);
        prop_assert!(of_hits.eq(triples.iter().flat_map(|triple| [triple[0], triple[2]])), "in the order of the batch");
        prop_assert_eq!(&unsorted.touched, &Hits::new([&heads, &tails], 4, &mut stamps).touched);
        check_hits(&Hits::new([&heads, &tails], 4, &mut stamps), |hit| [heads[hit / 2], tails[hit / 2]][hit % 2], 2 * triples.len());
        check_hits(&Hits::new([&relations], 3, &mut stamps), |hit| relations[hit], triples.len());
    }
}

/// Whether hits, pieces and rows are a sorted batch of `count` hits, cut as seldom as can be.
fn check_hits(hits: &Hits, row_of: impl Fn(usize) -> u32, count: usize) {
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by_key(|hit| row_of(*hit));
    assert!(hits.hits.iter().map(|hit| *hit as usize).eq(sorted), "stable by row");
    let (counts, runs) = hits.runs.split_at(RUNS_HEAD);
    assert_eq!(counts, [hits.touched.len() as u32, hits.piece_count() as u32]);
    let runs: Vec<&[u32]> = runs.chunks(RUN_WORDS).collect();
    assert_eq!(runs.len(), hits.touched.len() + 1);
    let pieces: Vec<&[u32]> = hits.pieces.chunks(2).collect();
    assert_eq!((pieces[0][0], pieces[hits.piece_count()][0]), (0, count as u32));
    let mut ends = Vec::new();
    for (row, (number, run)) in hits.touched.iter().zip(runs.windows(2)).enumerate() {
        let of_row = (0..count).filter(|hit| row_of(*hit) == *number).count();
        assert_eq!(run[0][0], *number);
        let own = run[0][1] as usize..run[1][1] as usize;
        assert_eq!(own.len(), of_row.div_ceil(PIECE), "pieces of row {number}");
        assert_eq!(run[0][2], pieces[own.start][0], "the first hit of row {number}");
        assert!(pieces[own.clone()].iter().all(|piece| piece[1] as usize == row));
        ends.push(pieces[own.end][0] - pieces[own.start][0]);
        assert_eq!(ends[ends.len() - 1] as usize, of_row, "hits of row {number}");
    }
    assert!(pieces.windows(2).all(|piece| piece[0][0] < piece[1][0] && piece[1][0] - piece[0][0] <= PIECE as u32));
    assert_eq!(ends.iter().sum::<u32>() as usize, count);
}

/// A model of middling sizes.
const PLAIN: Case = Case {
    sizes: [5, 3],
    counts: [4, 3],
    scale: 2.0,
    turn: 0,
    shards: 1,
    binding_words: 1 << 20,
    backward: Backward::Gathered,
};

#[test]
fn a_relation_of_a_thousand_triples_is_many_pieces() {
    let (mut engine, rows) = (PLAIN.engine(), PLAIN.rows());
    set_planes(&mut engine, &rows);
    let triples: Vec<_> = (0..1000).map(|triple| [triple % 4, 1, triple / 3 % 4]).collect();
    check(&mut engine, &rows, &triples);
}

#[test]
fn batches_are_worked_on_in_stretches_that_fit() {
    let (mut engine, rows) = (Case { binding_words: 700, ..PLAIN }.engine(), PLAIN.rows());
    set_planes(&mut engine, &rows);
    // A hit entity has 4 + 8 + 5 · 4 words: the most that a triple needs is two of them.
    let triples: Vec<_> = (0..25).map(|triple| [triple % 4, triple % 3, 3 - triple % 4]).collect();
    engine.score(batch(&columns(&triples))).expect("scores");
    assert_eq!(engine.device().launches.take(), [10, 10, 5].map(|triples| (Role::Forward, triples)));
    check(&mut engine, &rows, &triples);
    let launched = |role| engine.device().launches.borrow().iter().filter(|launch| launch.0 == role).count();
    assert_eq!([Role::Forward, Role::Adjoint, Role::Gather(Owner::Relation)].map(launched), [6, 3, 3]);
}

#[test]
fn a_placed_batch_is_scored_as_often_as_asked() {
    let (mut engine, rows) = (Case { binding_words: 700, ..PLAIN }.engine(), PLAIN.rows());
    set_planes(&mut engine, &rows);
    let triples: Vec<_> = (0..25).map(|triple| [triple % 4, triple % 3, 3 - triple % 4]).collect();
    let expected = engine.score(batch(&columns(&triples))).expect("scores");
    engine.device().launches.take();
    let list = columns(&triples);
    let placed = engine.placed(batch(&list)).expect("a batch");
    assert_eq!((placed.len(), placed.is_empty()), (10, false), "as many as are worked on at a time");
    (0..3).for_each(|_| placed.score().expect("a launch"));
    assert_eq!(placed.scores().expect("scores"), expected[..10]);
    assert_eq!(placed.device().launches.take(), [(Role::Forward, 10); 3]);
    let error = engine.placed(batch(&columns(&[[0, 3, 0]]))).map(|placed| placed.len()).expect_err("three relations");
    assert!(matches!(error, Error::IndexOutOfRange { side: "relation", .. }), "{error}");
}

#[test]
fn an_empty_batch_launches_nothing() {
    let mut engine = PLAIN.engine();
    let empty = columns(&[]);
    assert!(engine.score(batch(&empty)).expect("scores").is_empty());
    assert!(engine.gradients(batch(&empty), &[]).expect("gradients").is_empty());
    assert!(engine.device().launches.borrow().is_empty());
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut engine = PLAIN.engine();
    let error = engine.score(batch(&columns(&[[0, 0, 0], [0, 3, 0]]))).expect_err("three relations");
    assert!(matches!(error, Error::IndexOutOfRange { side: "relation", index: 3, count: 3 }), "{error}");
    let error = engine.gradients(batch(&columns(&[[0, 0, 4]])), &[1.0]).expect_err("four entities");
    assert!(matches!(error, Error::IndexOutOfRange { side: "tail", index: 4, count: 4 }), "{error}");
    let error = engine.score(Batch { heads: &[0], relations: &[], tails: &[0] }).expect_err("columns differ");
    assert!(matches!(error, Error::UnequalBatch { heads: 1, relations: 0, tails: 1 }), "{error}");

    let words = table_words(&model(), &PLAIN.sizes, 4, 3);
    // Planes of 4, 4 (3 scalars), 32, 24, 16, 80 and 60 words.
    assert_eq!(words, 220);
    let refused = |case: &Case, change: fn(&mut Setup)| {
        let mut setup = case.setup();
        change(&mut setup);
        Engine::new(Fake::new(case.binding_words), setup).expect_err("it does not fit")
    };
    let error = refused(&Case { binding_words: 219, ..PLAIN }, |_| {});
    assert!(matches!(error, Error::Device(DeviceError::OutOfMemory { bytes: 880, .. })), "{error}");
    assert!(Engine::new(Fake::new(76), Case { shards: 3, ..PLAIN }.setup()).is_ok(), "in three shards it fits");
    let error = refused(&PLAIN, |setup| setup.entities = 1 << 30);
    assert!(error.to_string().contains("32 bits"), "{error}");
    let error = refused(&PLAIN, |setup| setup.artifacts[1].text = "refuse".to_owned());
    assert!(matches!(error, Error::Device(DeviceError::Refused { .. })), "{error}");
    let error = refused(&PLAIN, |setup| _ = setup.parameters.insert("margin".to_owned(), 1.0));
    assert!(matches!(error, Error::UnknownParameter { .. }), "{error}");
}

#[test]
fn a_parameter_that_is_not_given_has_its_default() {
    let mut setup = Case { scale: 3.0, ..PLAIN }.setup();
    setup.parameters.clear();
    let mut engine = Engine::new(Fake::new(1 << 20), setup).expect("the model fits");
    let rows = PLAIN.rows();
    set_planes(&mut engine, &rows);
    check(&mut engine, &rows, &[[0, 1, 2]]);
}

/// An engine whose forward kernel asks for something else.
fn changed(change: fn(&mut Setup)) -> Engine<Fake> {
    let mut setup = PLAIN.setup();
    change(&mut setup);
    Engine::new(Fake::new(1 << 20), setup).expect("the model fits")
}

#[test]
#[should_panic(expected = "kernel `Forward` asks for a parameter `plane7`, of which nothing is known")]
fn an_unknown_parameter_is_a_defect() {
    let mut engine = changed(|setup| setup.artifacts[0].parameters[0].name = "plane7".to_owned());
    drop(engine.score(batch(&columns(&[[0, 0, 0]]))));
}

#[test]
#[should_panic(expected = "kernel `Forward` asks for a buffer `hits`, of which nothing is known")]
fn an_unknown_buffer_is_a_defect() {
    let mut engine = changed(|setup| setup.artifacts[0].buffers[0].name = "hits".to_owned());
    drop(engine.score(batch(&columns(&[[0, 0, 0]]))));
}

#[test]
#[should_panic(expected = "Residuals was given no kernel of Gather(Relation)")]
fn a_missing_kernel_is_a_defect() {
    let mut engine = changed(|setup| setup.artifacts.retain(|artifact| artifact.role != Role::Gather(Owner::Relation)));
    assert_eq!(engine.score(batch(&columns(&[[0, 0, 0]]))).expect("scores need no gradient").len(), 1);
    drop(engine.gradients(batch(&columns(&[[0, 0, 0]])), &[1.0]));
}
