//! Random tables, a random batch, and the sizes that are checked.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use sptx::codegen::Compiled;
use sptx::codegen::interp::Bindings;
use sptx::codegen::testing::has_kink;
use sptx::runtime::cpu::{Engine, EngineOptions};
use sptx::runtime::kernel::CompiledModel;
use sptx::runtime::program::{BindError, Constraint, Model, Side};
use sptx::train::{Purpose, Stream, Triple, bounded, uniform_f64};

use super::reference::Tables;
use crate::command::failure::Failure;
use crate::command::options::Dimensions;
use crate::command::output;

pub(in crate::command) const ENTITIES: u32 = 7;
pub(in crate::command) const RELATIONS: u32 = 3;

/// How near a kink a triple may be where differences are taken. They step less than this.
pub(in crate::command) const MARGIN: f64 = 5e-4;

/// The most elements of the rows of all tables: differences step each of them.
const LARGEST: usize = 1 << 26;

/// How often a triple near a kink is drawn again.
const DRAWS: u32 = 200;

/// Everything one check runs on.
#[derive(Clone)]
pub(in crate::command) struct Case {
    /// What the engine's planes are called.
    pub(in crate::command) names: Vec<String>,
    /// What the score is evaluated with; the sizes of its dimensions are those of every form of it.
    pub(in crate::command) bindings: Bindings,
    /// The rows of the engine's planes.
    pub(in crate::command) tables: Tables,
    /// The rows of the declared planes.
    pub(in crate::command) declared: Tables,
    /// Where each of the engine's planes is among the declared ones: which plane, and from which element on.
    pub(in crate::command) places: Vec<(usize, usize)>,
    pub(in crate::command) triples: Vec<Triple>,
    /// The derivative of the loss by each score.
    pub(in crate::command) upstream: Vec<f32>,
    /// Whether the batch is scored and differentiated as blocks, too.
    pub(in crate::command) blocks: bool,
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(in crate::command) struct Draw {
    pub(in crate::command) triples: u32,
    pub(in crate::command) seed: u64,
    /// How near a kink a triple may be.
    pub(in crate::command) margin: f64,
    /// Whether the batch is scored and differentiated as blocks, too.
    pub(in crate::command) blocks: bool,
}

/// The sizes that a model is checked at: those asked for, or each of `defaults`. Of several models or sizes, a size that is
/// odd where a half is read is left out, and said so.
///
/// The second dimension of a model that has two is given another size than the first, unless a matrix must be square.
pub(in crate::command) fn sizes(
    model: &Model,
    asked: &[Dimensions],
    defaults: &[usize],
    one_of_many: bool,
) -> Result<Vec<BTreeMap<String, usize>>, BindError> {
    if !asked.is_empty() {
        let mut sizes = Vec::new();
        for asked in asked {
            match asked.bind(model) {
                Err(error @ BindError::Odd { .. }) if one_of_many => {
                    output::note(&format!("{} is left out: {error}", model.name));
                }
                bound => sizes.push(bound?),
            }
        }
        return Ok(sizes);
    }
    defaults.iter().map(|size| spread(model, &Dimensions::All(*size))).collect()
}

/// Sizes of a model's dimensions, of which one for all is that of the first, and the next ones are each larger by two.
pub(in crate::command) fn spread(model: &Model, sizes: &Dimensions) -> Result<BTreeMap<String, usize>, BindError> {
    let Dimensions::All(size) = sizes else { return sizes.bind(model) };
    let symbols = model.symbols().enumerate();
    Ok(symbols.map(|(position, name)| (name.to_owned(), size + 2 * position)).collect())
}

impl Case {
    /// Draws tables and a batch, with the model's constraints applied, and gives an engine with these tables.
    pub(in crate::command) fn new(
        compiled: &Compiled,
        model: &CompiledModel,
        sizes: &BTreeMap<String, usize>,
        Draw { triples, seed, margin, blocks }: Draw,
    ) -> Result<(Engine, Self), Failure> {
        let options = EngineOptions { threads: 2, ..EngineOptions::default() };
        let bound = compiled.lowered.bind_dims(sizes).map_err(|error| Failure::new(error.to_string()))?;
        let elements: usize = compiled.lowered.planes.iter().map(|(_, plane)| bound.elements(plane.shape)).sum();
        if elements > LARGEST {
            let message = format!("{} has {elements} elements for a triple: too many to check", compiled.declared.name);
            return Err(Failure::new(message).help(format!("at most {LARGEST} are checked: try smaller dimensions")));
        }
        let mut engine = Engine::new(model.clone(), sizes, ENTITIES as usize, RELATIONS as usize, &options)?;
        let stream = Stream::new(seed, Purpose::Initial);
        fill(&mut engine, stream);
        let bindings = Bindings::new(&compiled.lowered, bound);
        let tables = Tables::of(engine.tables());
        let stream = Stream::new(seed, Purpose::Negatives);
        let smooth = |triple: &Triple| !has_kink(&compiled.lowered, &bindings, &tables.rows(*triple), margin);
        let triples: Vec<Triple> =
            (0..triples).filter_map(|index| (0..DRAWS).map(|draw| triple(stream, index, draw)).find(smooth)).collect();
        if triples.is_empty() {
            return Err(Failure::new(format!("every random triple of {} lies near a kink", compiled.declared.name))
                .help("try smaller dimensions with `--dim`, or another `--seed`"));
        }
        let (declared, places) = tables.declared(&compiled.declared);
        let upstream = (0..triples.len() as u32).map(|index| upstream(stream, index)).collect();
        let names = (0..model.model.planes.len()).map(|plane| model.model.plane_name(plane)).collect();
        Ok((engine, Self { names, bindings, tables, declared, places, triples, upstream, blocks }))
    }

    /// Heads, relations and tails of the batch.
    pub(in crate::command) fn columns(&self) -> [Vec<u32>; 3] {
        columns(&self.triples)
    }

    /// The triples with their derivatives.
    pub(in crate::command) fn batch(&self) -> Vec<(Triple, f64)> {
        self.triples.iter().copied().zip(self.upstream.iter().map(|value| f64::from(*value))).collect()
    }

    /// Each query of the batch, for a missing end, with each candidate: what is at that end of the batch. None where the
    /// batch makes no blocks.
    pub(in crate::command) fn pairs(&self, missing: Side) -> Vec<Triple> {
        let queries = self.triples.iter().filter(|_| self.blocks);
        let pair = |query: Triple, candidate: &Triple| match missing {
            Side::Head => Triple { head: candidate.head, ..query },
            Side::Relation | Side::Tail => Triple { tail: candidate.tail, ..query },
        };
        queries.flat_map(|query| self.triples.iter().map(move |candidate| pair(*query, candidate))).collect()
    }

    /// The same batch on tables that differ in the last bit of an f32: what no engine that computes in f32 can tell apart.
    pub(in crate::command) fn nudged(&self, compiled: &Compiled) -> Self {
        let tables = self.tables.nudged();
        let (declared, _) = tables.declared(&compiled.declared);
        Self { tables, declared, ..self.clone() }
    }
}

/// Heads, relations and tails.
pub(in crate::command) fn columns(triples: &[Triple]) -> [Vec<u32>; 3] {
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect();
    [column(|it| it.head), column(|it| it.relation), column(|it| it.tail)]
}

/// Sets every element: angles uniform in ±π, numbers in ±1, or in [0, 1) where they may not be negative; then applies the
/// constraints.
fn fill(engine: &mut Engine, stream: Stream) {
    for plane in 0..engine.model().planes.len() {
        let slot = &engine.model().slots[engine.model().planes[plane].slot];
        let (low, high) = match slot.phase {
            true => (-PI, PI),
            false if slot.constraints.contains(&Constraint::NonNegative) => (0.0, 1.0),
            false => (-1.0, 1.0),
        };
        let count = engine.tables().export(plane).len();
        let element = |index: usize| {
            let [a, b, ..] = stream.block([plane as u32, index as u32, 0], 0);
            (low + (high - low) * uniform_f64([a, b])) as f32
        };
        let rows: Vec<f32> = (0..count).map(element).collect();
        engine.tables_mut().import(plane, &rows);
    }
    engine.constrain_all();
}

/// A triple over few entities, so that rows repeat in a batch, and now and then an entity meets itself.
fn triple(stream: Stream, index: u32, draw: u32) -> Triple {
    let [a, b, c, d] = stream.block([index, 0, 0], draw);
    Triple::new(bounded([a, d], ENTITIES), bounded([b, d], RELATIONS), bounded([c, d], ENTITIES))
}

/// A derivative in ±[½, 1½).
fn upstream(stream: Stream, index: u32) -> f32 {
    let [a, b, sign, _] = stream.block([index, 1, 0], 0);
    let size = 0.5 + uniform_f64([a, b]);
    (if sign % 2 == 0 { size } else { -size }) as f32
}
