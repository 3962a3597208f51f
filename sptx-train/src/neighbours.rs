//! The entities whose embeddings are nearest to that of another.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use sptx_runtime::cpu::Engine;
use sptx_runtime::program::Owner;
use sptx_runtime::simd::{LANES, Simd, Task, dispatch};
use sptx_runtime::table::{Line, Table};

use crate::dataset::{Triple, check_ids};
use crate::error::{Error, Result};
use crate::evaluate::{CandidateScorer, Prediction, Query, Side, top_k_many};

/// How near two embeddings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The cosine of the angle between them, −1 to 1, nearest first from 1 on; 0 where one of them is zero.
    Cosine,
    /// The Euclidean distance, nearest first from 0 on.
    L2,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Metric::Cosine => "cosine",
            Metric::L2 => "l2",
        })
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "cosine" => Ok(Metric::Cosine),
            "l2" => Ok(Metric::L2),
            _ => Err(Error::UnknownMetric { name: name.to_owned() }),
        }
    }
}

/// An entity and how near it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The entity.
    pub entity: u32,
    /// The cosine or the distance, by the metric.
    pub value: f32,
}

/// The `count` nearest entities of each of `entities`, itself left out; the nearest first, of equally near the lower id.
///
/// An entity's embedding is all that the model holds for it, end to end: both planes of complex numbers, every slot,
/// phases as the angles that they are. Tables are read in place and by tiles, so memory is that of the result, and a tile
/// for each thread. An embedding that is not finite is near nothing.
///
/// ```
/// use sptx_runtime::cpu::{Engine, EngineOptions};
/// use sptx_train::{Metric, Neighbour, nearest};
///
/// let model = (kernels_generated::find("distmult").unwrap().load)(&[]).unwrap();
/// let mut engine = Engine::new(model, &[("d".to_owned(), 2)].into(), 3, 1, &EngineOptions::default()).unwrap();
/// engine.tables_mut().import(0, &[3.0, 0.0, 0.0, 4.0, 6.0, 8.0]);
/// let by_angle = nearest(&engine, &[2], 1, Metric::Cosine).unwrap();
/// assert_eq!(by_angle, [[Neighbour { entity: 1, value: 0.8 }]]);
/// let by_distance = nearest(&engine, &[0, 1], 1, Metric::L2).unwrap();
/// assert_eq!(by_distance, [[Neighbour { entity: 1, value: 5.0 }], [Neighbour { entity: 0, value: 5.0 }]]);
/// ```
///
/// # Errors
/// [`Error::TripleOutOfRange`] where the engine has no such entity.
pub fn nearest(engine: &Engine, entities: &[u32], count: usize, metric: Metric) -> Result<Vec<Vec<Neighbour>>> {
    let asked: Vec<Triple> = entities.iter().map(|&entity| Triple::new(entity, 0, entity)).collect();
    check_ids(&asked, engine.tables().count(Owner::Entity), usize::MAX)?;
    let queries: Vec<Query> = entities.iter().map(|&entity| Query { entity, relation: 0 }).collect();
    let itself: Vec<&[u32]> = entities.chunks(1).collect();
    let near = Nearness::new(engine, metric);
    let found = engine.install(|| top_k_many(&near, Side::Tail, &queries, count, &itself));
    let value = |score: f32| match metric {
        Metric::Cosine => score,
        Metric::L2 => -score,
    };
    let neighbour = |found: Prediction| Neighbour { entity: found.entity, value: value(found.score) };
    Ok(found.into_iter().map(|found| found.into_iter().map(neighbour).collect()).collect())
}

/// Embeddings as a scorer: of a query the entity alone counts, and what is nearer scores higher.
struct Nearness<'a> {
    metric: Metric,
    entities: u32,
    parts: Vec<Part<'a>>,
}

/// Some columns of all entities: rows of `stride` floats, end to end; what pads a row is zero.
struct Part<'a> {
    floats: &'a [f32],
    stride: usize,
}

impl<'a> Nearness<'a> {
    fn new(engine: &'a Engine, metric: Metric) -> Self {
        let (model, tables) = (engine.model(), engine.tables());
        let of_entities = |&(plane, _): &(usize, &Table)| model.owner(plane) == Owner::Entity;
        let planes = tables.planes().iter().enumerate().filter(of_entities);
        // A vocabulary has fewer than 2^32 names.
        let entities = tables.count(Owner::Entity) as u32;
        Nearness { metric, entities, parts: planes.flat_map(|(_, table)| parts(table)).collect() }
    }

    fn score(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        let candidates = candidates.start as usize..candidates.end as usize;
        scores.fill(0.0);
        let mut squares = vec![0.0; candidates.len()];
        let mut of_queries = vec![0.0; queries.len()];
        for part in &self.parts {
            dispatch(Accumulate {
                metric: self.metric,
                part,
                queries,
                candidates: candidates.clone(),
                scores,
                squares: &mut squares,
                of_queries: &mut of_queries,
            });
        }
        for (row, of_query) in scores.chunks_exact_mut(candidates.len()).zip(of_queries) {
            for (score, square) in row.iter_mut().zip(&squares) {
                *score = match self.metric {
                    Metric::Cosine => cosine(*score, of_query, *square),
                    Metric::L2 => -score.sqrt(),
                };
            }
        }
    }
}

/// The parts of a plane: its tiles, or all of it where a row is one number.
fn parts(table: &Table) -> Vec<Part<'_>> {
    let Table { layout, buffer } = table;
    if layout.is_scalar() {
        return vec![Part { floats: &buffer.floats()[..layout.rows()], stride: 1 }];
    }
    let mut floats = buffer.floats();
    let part = |tile| {
        let floats = floats.split_off(..layout.tile_lines(tile) * Line::LEN).unwrap_or_default();
        Part { floats, stride: layout.row_lines(tile) * Line::LEN }
    };
    (0..layout.tiles().len()).map(part).collect()
}

/// A product over the lengths, whose squares are given.
fn cosine(product: f32, square: f32, other: f32) -> f32 {
    let lengths = square.sqrt() * other.sqrt();
    if lengths == 0.0 { 0.0 } else { product / lengths }
}

impl CandidateScorer for Nearness<'_> {
    fn entity_count(&self) -> u32 {
        self.entities
    }

    fn score_tails(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.score(queries, candidates, scores);
    }

    fn score_heads(&self, queries: &[Query], candidates: Range<u32>, scores: &mut [f32]) {
        self.score(queries, candidates, scores);
    }
}

/// Adds one part's share to the scores: products, or squares of differences.
struct Accumulate<'a> {
    metric: Metric,
    part: &'a Part<'a>,
    queries: &'a [Query],
    candidates: Range<usize>,
    scores: &'a mut [f32],
    squares: &'a mut [f32],
    of_queries: &'a mut [f32],
}

impl Task for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Part { floats, stride } = *self.part;
        let rows = &floats[self.candidates.start * stride..self.candidates.end * stride];
        for (row, square) in rows.chunks_exact(stride).zip(self.squares) {
            *square += dot(simd, row, row);
        }
        let scores = self.scores.chunks_exact_mut(self.candidates.len());
        for ((query, scores), square) in self.queries.iter().zip(scores).zip(self.of_queries) {
            let own = &floats[query.entity as usize * stride..][..stride];
            *square += dot(simd, own, own);
            for (row, score) in rows.chunks_exact(stride).zip(scores) {
                *score += match self.metric {
                    Metric::Cosine => dot(simd, own, row),
                    Metric::L2 => squared_distance(simd, own, row),
                };
            }
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut sum = simd.splat(0.0);
    for (left, right) in left.iter().zip(right) {
        sum = simd.mul_add(simd.load(left), simd.load(right), sum);
    }
    let mut total = simd.sum(sum);
    for (left, right) in left_rest.iter().zip(right_rest) {
        total += left * right;
    }
    total
}

#[inline(always)]
fn squared_distance<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut sum = simd.splat(0.0);
    for (left, right) in left.iter().zip(right) {
        let difference = simd.sub(simd.load(left), simd.load(right));
        sum = simd.mul_add(difference, difference, sum);
    }
    let mut total = simd.sum(sum);
    for (left, right) in left_rest.iter().zip(right_rest) {
        total += (left - right) * (left - right);
    }
    total
}

#[cfg(test)]
mod tests {
    use sptx_runtime::cpu::EngineOptions;

    use super::*;
    use crate::philox::{Purpose, Stream, uniform_f32};

    /// A model with random tables, of which entity 7 is zero, and 40 is equal to 3.
    fn engine(name: &str, dim: usize) -> Engine {
        let model = (kernels_generated::find(name).expect("a model").load)(&[]).expect("no choices");
        let sizes = model.model.symbols().map(|symbol| (symbol.to_owned(), dim)).collect();
        let mut engine = Engine::new(model, &sizes, 1200, 2, &EngineOptions::default()).expect("an engine");
        let stream = Stream::new(5, Purpose::Initial);
        for plane in 0..engine.model().planes.len() {
            let len = engine.tables().export(plane).len();
            let width = engine.tables().planes()[plane].layout.row_len();
            let value = |at: usize| uniform_f32(stream.block([plane as u32, at as u32, 0], 0)[0]) - 0.5;
            let mut rows: Vec<f32> = (0..len).map(value).collect();
            if engine.model().owner(plane) == Owner::Entity {
                rows[7 * width..8 * width].fill(0.0);
                rows.copy_within(3 * width..4 * width, 40 * width);
            }
            engine.tables_mut().import(plane, &rows);
        }
        engine
    }

    fn embedding(engine: &Engine, entity: u32) -> Vec<f64> {
        let planes = 0..engine.model().planes.len();
        let planes = planes.filter(|&plane| engine.model().owner(plane) == Owner::Entity);
        planes.flat_map(|plane| engine.tables().row(plane, entity as usize)).map(f64::from).collect()
    }

    /// By the definition, in f64.
    fn value(metric: Metric, left: &[f64], right: &[f64]) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match metric {
            Metric::Cosine => {
                let lengths = (dot(left, left) * dot(right, right)).sqrt();
                if lengths == 0.0 { 0.0 } else { dot(left, right) / lengths }
            }
            Metric::L2 => left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
        }
    }

    #[test]
    fn agree_with_the_definition() {
        // Complex planes of two tiles and a rest; vectors with a number beside them.
        for (name, dim) in [("complex", 70), ("mure", 20)] {
            let engine = engine(name, dim);
            let entities = [3, 7, 1199, 3];
            for metric in [Metric::Cosine, Metric::L2] {
                let found = nearest(&engine, &entities, 1199, metric).expect("ids in range");
                for (entity, found) in entities.into_iter().zip(&found) {
                    assert!(found.len() == 1199 && found.iter().all(|near| near.entity != entity));
                    let own = embedding(&engine, entity);
                    for near in found {
                        let expected = value(metric, &own, &embedding(&engine, near.entity));
                        assert!(
                            (f64::from(near.value) - expected).abs() < 1e-5,
                            "{name} {metric}: {near:?} {expected}"
                        );
                    }
                    let nearer = |a: f32, b: f32| if metric == Metric::Cosine { a >= b } else { a <= b };
                    assert!(found.is_sorted_by(|left, right| nearer(left.value, right.value)));
                }
                assert_eq!((found[0][0].entity, &found[0]), (40, &found[3]), "{name} {metric}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let engine = engine("distmult", 4);
        let error = nearest(&engine, &[0, 1200], 3, Metric::L2).expect_err("no such entity").to_string();
        assert!(error.contains("id 1200 of an entity is out of range"), "{error}");
        let error = "l1".parse::<Metric>().expect_err("no such metric").to_string();
        assert_eq!(error, "no metric is named `l1`; expected `cosine` or `l2`");
    }
}
