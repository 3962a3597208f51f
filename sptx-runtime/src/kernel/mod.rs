//! What a kernel is: the part of a stage that is worth compiling.
//!
//! A device splits a batch into pieces and hands each piece to the model's [`Kernels`]: compiled ones, which the `score!`
//! macro, a build script or `kernels-generated` made, or the block interpreter. Both see the same arguments.

mod pairs;

use std::sync::Arc;

pub use pairs::{PairTiles, PairsInput, PairsOutput, for_each_pair_tile, gradients, keep_gradients, loads, pair_rows};

use crate::program::{Model, Side};
use crate::simd::Simd;
use crate::table::Line;

/// Which of a model's two programs is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// [`Model::forward`].
    Forward,
    /// [`Model::backward`].
    Backward,
}

/// What a piece of a [`Columns`](crate::program::Columns) stage reads: some triples, one tile of columns.
#[derive(Clone, Copy, Debug)]
pub struct ColumnsInput<'a> {
    /// Row numbers of the triples' heads, relations and tails.
    pub triples: [&'a [u32]; 3],
    /// Gradient rows of the triples' heads, relations and tails.
    pub targets: [&'a [u32]; 3],
    /// Columns of the tile. What lies beyond them in the last line is neither reduced nor scattered.
    pub width: usize,
    /// Lines of one row of the tile.
    pub lines: usize,
    /// The tile of each plane of the stage's dimension; empty for other planes.
    pub rows: &'a [&'a [Line]],
    /// Each scalar of the triples.
    pub scalars: &'a [&'a [f32]],
    /// The model's parameters.
    pub parameters: &'a [f32],
    /// The tile of each stored vector, one row per triple.
    pub vectors: &'a [&'a [Line]],
}

/// What a piece of a [`Columns`](crate::program::Columns) stage writes.
#[derive(Debug)]
pub struct ColumnsOutput<'a, 'b> {
    /// For each reduction of the stage, what is folded over the tile's columns, per triple.
    pub reduced: &'a mut [&'b mut [f32]],
    /// For each store of the stage, the tile of the vector, one row per triple.
    pub stored: &'a mut [&'b mut [Line]],
    /// The gradient tile of each plane that the stage scatters to; empty for other planes.
    pub gradients: &'a mut [&'b mut [Line]],
}

/// What a piece of a [`Scalars`](crate::program::Scalars) stage reads: some triples.
#[derive(Clone, Copy, Debug)]
pub struct ScalarsInput<'a> {
    /// Row numbers of the triples' heads, relations and tails.
    pub triples: [&'a [u32]; 3],
    /// Gradient rows of the triples' heads, relations and tails.
    pub targets: [&'a [u32]; 3],
    /// The elements of each scalar plane; empty for other planes.
    pub rows: &'a [&'a [f32]],
    /// Each scalar of the triples. Those that the stage defines are empty.
    pub scalars: &'a [&'a [f32]],
    /// The model's parameters.
    pub parameters: &'a [f32],
}

/// What a piece of a [`Scalars`](crate::program::Scalars) stage writes.
#[derive(Debug)]
pub struct ScalarsOutput<'a, 'b> {
    /// For each scalar that the stage defines, its values.
    pub defined: &'a mut [&'b mut [f32]],
    /// The gradient of each scalar plane that the stage scatters to; empty for other planes.
    pub gradients: &'a mut [&'b mut [f32]],
}

/// Runs the bodies of a model's stages.
pub trait Kernels: Send + Sync {
    /// Runs a piece of the [`Columns`](crate::program::Columns) stage at position `stage`.
    fn columns(&self, direction: Direction, stage: usize, input: ColumnsInput<'_>, output: ColumnsOutput<'_, '_>);

    /// Runs a piece of the [`Scalars`](crate::program::Scalars) stage at position `stage`.
    fn scalars(&self, direction: Direction, stage: usize, input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>);

    /// Runs the [`Columns`](crate::program::Columns) stage at position `stage` of the comparison for a missing end.
    fn pairs(
        &self,
        missing: Side,
        direction: Direction,
        stage: usize,
        input: PairsInput<'_>,
        output: PairsOutput<'_, '_>,
    );

    /// How the bodies are run, for people: `compiled`, `interpreted`.
    fn kind(&self) -> &'static str;
}

/// A model with the kernels that run it.
#[derive(Clone)]
pub struct CompiledModel {
    /// Tables and programs.
    pub model: Arc<Model>,
    /// What runs the programs' bodies.
    pub kernels: Arc<dyn Kernels>,
}

impl std::fmt::Debug for CompiledModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompiledModel({}, {})", self.model.name, self.kernels.kind())
    }
}

/// Row `index` of a tile of `lines` lines a row. Emitted code calls it.
///
/// # Panics
/// When there is no such row.
#[inline(always)]
pub fn row(tile: &[Line], index: usize, lines: usize) -> &[Line] {
    &tile[index * lines..][..lines]
}

/// Adds sixteen columns to a line of a gradient. Emitted code calls it.
#[inline(always)]
pub fn accumulate<S: Simd>(simd: S, line: &mut Line, value: S::Vector) {
    simd.store(simd.add(simd.load(&line.0), value), &mut line.0);
}

/// The values of a model's choice parameters, and what loads the kernels compiled for them.
pub type Variant<'a> = (&'a [(&'a str, f64)], fn() -> CompiledModel);

/// The variant that some choices ask for, the others at their defaults: those of the first variant. Emitted code calls
/// it. `None` for a choice that the model does not have, or a value that it does not list.
pub fn choose(choices: &[(&str, f64)], variants: &[Variant<'_>]) -> Option<CompiledModel> {
    let (defaults, _) = variants.first()?;
    if choices.iter().any(|(name, _)| !defaults.iter().any(|(known, _)| known == name)) {
        return None;
    }
    let wanted =
        |name: &str| choices.iter().chain(*defaults).find(|(known, _)| *known == name).map(|(_, value)| *value);
    let fits = |values: &[(&str, f64)]| values.iter().all(|(name, value)| wanted(name) == Some(*value));
    variants.iter().find(|(values, _)| fits(values)).map(|(_, load)| load())
}

/// A model from the JSON that the compiler emitted beside its kernels.
///
/// # Panics
/// When the text is not a program: it was changed by hand, or by another version of the compiler.
pub fn load(text: &str, kernels: impl Kernels + 'static) -> CompiledModel {
    match Model::from_json(text) {
        Ok(model) => CompiledModel { model: Arc::new(model), kernels: Arc::new(kernels) },
        Err(error) => panic!("a compiled score does not fit this version of sptx-runtime, compile it again: {error}"),
    }
}
