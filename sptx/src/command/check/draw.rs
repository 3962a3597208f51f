//! Random tables, a random batch, and the sizes that are checked.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use sptx::codegen::Compiled;
use sptx::codegen::interp::Bindings;
use sptx::codegen::testing::has_kink;
use sptx::runtime::cpu::{Engine, EngineOptions};
use sptx::runtime::kernel::CompiledModel;
use sptx::runtime::program::{BindError, Constraint, Model};
use sptx::train::{Purpose, Stream, Triple, bounded, uniform_f64};

use super::reference::Tables;
use crate::command::failure::Failure;
use crate::command::options::Dimensions;
use crate::command::output;

const ENTITIES: u32 = 7;
const RELATIONS: u32 = 3;

/// How near a kink a triple may be. Differences step less than this.
const MARGIN: f64 = 5e-4;

/// The most elements of the rows of all tables: differences step each of them.
const LARGEST: usize = 1 << 26;

/// How often a triple near a kink is drawn again.
const DRAWS: u32 = 200;

/// Everything one check runs on.
pub(super) struct Case {
    /// What the engine's planes are called.
    pub(super) names: Vec<String>,
    /// What the score is evaluated with; the sizes of its dimensions are those of every form of it.
    pub(super) bindings: Bindings,
    /// The rows of the engine's planes.
    pub(super) tables: Tables,
    /// The rows of the declared planes.
    pub(super) declared: Tables,
    /// Where each of the engine's planes is among the declared ones: which plane, and from which element on.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) triples: Vec<Triple>,
    /// The derivative of the loss by each score.
    pub(super) upstream: Vec<f32>,
}

/// The sizes that a model is checked at: those asked for, or each of `defaults`. Of several models or sizes, a size that is
/// odd where a half is read is left out, and said so.
///
/// The second dimension of a model that has two is given another size than the first, unless a matrix must be square.
pub(super) fn sizes(
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
    let apart = |size: usize| {
        let symbols = model.symbols().enumerate();
        symbols.map(|(position, name)| (name.to_owned(), size + 2 * position)).collect::<BTreeMap<_, _>>()
    };
    Ok(defaults.iter().map(|size| apart(*size)).collect())
}

impl Case {
    /// Draws tables and a batch, with the model's constraints applied, and gives an engine with these tables.
    pub(super) fn new(
        compiled: &Compiled,
        model: &CompiledModel,
        sizes: &BTreeMap<String, usize>,
        triples: u32,
        seed: u64,
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
        let smooth = |triple: &Triple| !has_kink(&compiled.lowered, &bindings, &tables.rows(*triple), MARGIN);
        let triples: Vec<Triple> =
            (0..triples).filter_map(|index| (0..DRAWS).map(|draw| triple(stream, index, draw)).find(smooth)).collect();
        if triples.is_empty() {
            return Err(Failure::new(format!("every random triple of {} lies near a kink", compiled.declared.name))
                .help("try smaller dimensions with `--dim`, or another `--seed`"));
        }
        let (declared, places) = tables.declared(&compiled.declared);
        let upstream = (0..triples.len() as u32).map(|index| upstream(stream, index)).collect();
        let names = (0..model.model.planes.len()).map(|plane| model.model.plane_name(plane)).collect();
        Ok((engine, Self { names, bindings, tables, declared, places, triples, upstream }))
    }
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
