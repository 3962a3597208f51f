//! What the forward kernel leaves of each triple's columns, so that the gradient need not read the rows again.
//!
//! What a stage scatters is, for each triple, numbers that are the same in all columns (the upstream derivative among
//! them) times columns that the forward kernel could have found while it had the rows at hand: `h + r − t` of TransE, a sign
//! of it, `r · t` of DistMult. So the numbers are drawn out of sums and products (`factor`), and of what remains the largest
//! parts are saved that the forward kernel knows and that take two rows at least; under [`Saved::Signs`] signs alone, which
//! `pack` writes as two bits a column, or as one under [`Saved::SignBits`]: then a triple of which some column is exactly 0
//! is marked (`save`), and its rows are read again, so that gradients are exact. Where that spares a side's part of the gradient no bytes, it reads its rows, as it
//! does what is not saved.
//!
//! Only sums and products have saved columns among their operands, so that a comparison never sees a rounded number.

mod factor;
mod pack;
mod save;
#[cfg(test)]
mod tests;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use sptx_runtime::gpu::{Saved, Schedule};
use sptx_runtime::program::{Binary, Columns, Instruction, Model, Program, Register, Scatter, Side, Stage, Unary};

use super::body::{At, Item};
use super::rows::{self, Rows};
use super::run::defined_by_stage;
use crate::lir::{Access, Builder, Scalar, Type, Value};
use factor::{Factored, Product};
pub(super) use pack::Packed;
pub(super) use save::Saving;
pub use traffic::traffic;
pub(super) use traffic::{TripleBytes, row_bytes};

/// Why nothing of a model's columns is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsaved {
    /// What could be saved takes as many bytes to write and to read as the rows that it is made of.
    #[error("saving columns in this form spares its gradient nothing")]
    Nothing,
    /// No part is a sign.
    #[error("its gradient is made of no signs")]
    NoSigns,
}

/// Whether the kernels of a model save what a schedule says, and if not, why: they are then those of [`Saved::Nothing`].
///
/// # Errors
/// When nothing can be saved in that form that would spare bytes.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{Saved, Schedule};
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// assert!(gpu::saves(&model, &Schedule::default()).is_ok(), "nothing is always saved");
/// ```
pub fn saves(model: &Model, schedule: &Schedule) -> Result<(), Unsaved> {
    match schedule.saved {
        Saved::Nothing => Ok(()),
        _ if !Savings::new(model, schedule.saved).values.is_empty() => Ok(()),
        Saved::F32 | Saved::Bf16 => Err(Unsaved::Nothing),
        Saved::Signs | Saved::SignBits => Err(Unsaved::NoSigns),
    }
}

/// A schedule with the form of saving that spares a model's gradient most bytes, of those that keep it exact. `sizes` are
/// those of the dimensions.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::Schedule;
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let (schedule, sizes) = (Schedule::default(), vec![1024; model.dims.len()]);
/// let saving = gpu::saving(&model, &schedule, &sizes);
/// assert!(gpu::traffic(&model, &saving, &sizes) <= gpu::traffic(&model, &schedule, &sizes));
/// ```
pub fn saving(model: &Model, schedule: &Schedule, sizes: &[usize]) -> Schedule {
    // Signs of one bit are not among them: what they move depends on how many columns are exactly 0.
    let exact = [Saved::Nothing, Saved::F32, Saved::Signs].map(|saved| Schedule { saved, ..*schedule });
    let saved = exact.iter().filter(|schedule| saves(model, schedule).is_ok());
    // The first of those that move as many bytes: to save nothing where that spares nothing.
    saved.min_by_key(|schedule| traffic(model, schedule, sizes)).copied().unwrap_or(*schedule)
}

/// What is saved, and the gradient's stages as they read it.
pub(super) struct Savings {
    /// What is saved of each triple.
    pub(super) values: Vec<SavedValue>,
    /// The stages of the backward program. Of a stage that scatters, [`Instruction::Vector`] is a saved value where its
    /// number is beyond those of the program's vectors.
    pub(super) stages: Vec<Stage>,
}

/// Columns that are saved.
pub(super) struct SavedValue {
    /// The dimension.
    pub(super) dim: usize,
    /// The stage of the forward program that finds them.
    pub(super) stage: usize,
    body: Vec<Instruction>,
    register: Register,
}

impl SavedValue {
    /// The instructions that find them, and which of these does.
    pub(super) fn found_by(&self) -> (&[Instruction], Register) {
        (&self.body, self.register)
    }
}

impl Savings {
    /// Those of a model.
    pub(super) fn new(model: &Model, saved: Saved) -> Self {
        Self::of(model, &model.backward, saved)
    }

    /// Those of a backward program; nothing is saved of any but the model's own.
    pub(super) fn of(model: &Model, backward: &Program, saved: Saved) -> Self {
        let mut savings = Self { values: Vec::new(), stages: Vec::new() };
        for stage in &backward.stages {
            let stage = match stage {
                Stage::Columns(columns) if !columns.scatter.is_empty() && saved != Saved::Nothing => {
                    Stage::Columns(savings.columns(model, columns, saved))
                }
                other => other.clone(),
            };
            savings.stages.push(stage);
        }
        savings
    }

    /// A stage that scatters, as it reads what is saved.
    fn columns(&mut self, model: &Model, stage: &Columns, saved: Saved) -> Columns {
        let Some(forward) = last_stage(model, stage.dim) else { return stage.clone() };
        let known: BTreeSet<usize> = model.forward.stages[..forward].iter().flat_map(defined_by_stage).collect();
        let mut choice = Choice {
            factored: Factored::new(&stage.body),
            known,
            saved,
            first: model.backward.vectors.len() + self.values.len(),
            chosen: Vec::new(),
        };
        let mut scatter = stage.scatter.clone();
        for side in [Side::Head, Side::Relation, Side::Tail] {
            choice.side(scatter.iter_mut().filter(|scatter| scatter.side == side).collect());
        }
        let body = choice.factored.body;
        let value = |register| SavedValue { dim: stage.dim, stage: forward, body: body.clone(), register };
        self.values.extend(choice.chosen.iter().copied().map(value));
        Columns { body, scatter, ..stage.clone() }
    }

    /// The saved values that registers are made of.
    fn read_by(&self, model: &Model, body: &[Instruction], wanted: &[Register]) -> BTreeSet<usize> {
        let own = model.backward.vectors.len();
        let saved = needed(body, wanted).into_iter().filter_map(|register| match body[register] {
            Instruction::Vector(vector) => vector.checked_sub(own),
            _ => None,
        });
        saved.collect()
    }
}

/// The registers that some are made of, these among them.
fn needed(body: &[Instruction], wanted: &[Register]) -> BTreeSet<Register> {
    let (mut needed, mut asked) = (BTreeSet::new(), wanted.to_vec());
    while let Some(register) = asked.pop() {
        if needed.insert(register) {
            asked.extend(body[register].operands());
        }
    }
    needed
}

/// Whether registers are made of rows.
pub(super) fn reads_rows(body: &[Instruction], wanted: &[Register]) -> bool {
    needed(body, wanted).into_iter().any(|register| matches!(body[register], Instruction::Row(..)))
}

/// The last stage of the forward program that goes over a dimension's columns.
fn last_stage(model: &Model, dim: usize) -> Option<usize> {
    let goes_over = |stage: &Stage| matches!(stage, Stage::Columns(it) if it.dim == dim && !(it.reduce.is_empty() && it.store.is_empty()));
    model.forward.stages.iter().rposition(goes_over)
}

/// The choice of what a stage saves.
struct Choice {
    factored: Factored,
    /// Scalars that are known when columns are saved.
    known: BTreeSet<usize>,
    saved: Saved,
    /// The number, as a vector, of the first value that is saved here.
    first: usize,
    /// The registers that are saved.
    chosen: Vec<Register>,
}

impl Choice {
    /// Lets a side's scatters read what is saved, where that is less than the rows that they read, even with the writing.
    fn side(&mut self, scatters: Vec<&mut Scatter>) {
        let saved_before = self.chosen.len();
        let rows: Vec<_> = scatters.iter().map(|scatter| scatter.register).collect();
        let bits_of_rows = self.bits(&rows, saved_before);
        let saved: Vec<_> = rows.iter().map(|register| self.read(*register)).collect();
        if self.bits(&saved, saved_before) < bits_of_rows {
            scatters.into_iter().zip(saved).for_each(|(scatter, register)| scatter.register = register);
        } else {
            self.chosen.truncate(saved_before);
        }
    }

    /// Bits of each column of the rows and the saved values that registers are made of, and of those values that were saved
    /// after the first few.
    fn bits(&self, registers: &[Register], saved_before: usize) -> usize {
        let body = &self.factored.body;
        let each = self.saved.columns_of_a_word().map_or(0, |columns| 32 / columns as usize);
        let (mut rows, mut saved) = (BTreeSet::new(), BTreeSet::new());
        for register in needed(body, registers) {
            match body[register] {
                Instruction::Row(side, plane) => _ = rows.insert((side, plane)),
                Instruction::Vector(vector) if vector >= self.first => _ = saved.insert(vector),
                _ => {}
            }
        }
        32 * rows.len() + each * (saved.len() + self.chosen.len() - saved_before)
    }

    /// What stands for a register that is scattered: itself, where nothing of it is saved.
    fn read(&mut self, register: Register) -> Register {
        let product = self.factored.product(register).clone();
        let Some(rest) = product.rest else { return register };
        let rewritten = self.rewritten(rest);
        if rewritten == rest {
            return register;
        }
        self.factored.whole(&Product { rest: Some(rewritten), ..product })
    }

    /// A register with saved columns for its parts, as far as they are saved.
    fn rewritten(&mut self, register: Register) -> Register {
        let (rows, known) = self.depends(register);
        if rows.len() < 2 {
            return register;
        }
        if known && self.is_saved(register) {
            return self.save(register);
        }
        let rewritten = match self.factored.body[register] {
            Instruction::Unary(Unary::Neg, a) => Instruction::Unary(Unary::Neg, self.rewritten(a)),
            Instruction::Binary(op @ (Binary::Add | Binary::Sub | Binary::Mul), a, b) => {
                Instruction::Binary(op, self.rewritten(a), self.rewritten(b))
            }
            Instruction::MultiplyAdd(a, b, c) => {
                Instruction::MultiplyAdd(self.rewritten(a), self.rewritten(b), self.rewritten(c))
            }
            Instruction::Row(..)
            | Instruction::Vector(_)
            | Instruction::Scalar(_)
            | Instruction::Parameter(_)
            | Instruction::Constant(_)
            | Instruction::Unary(..)
            | Instruction::Binary(..) => return register,
        };
        if rewritten == self.factored.body[register] { register } else { self.factored.add(rewritten) }
    }

    /// The saved value of a register.
    fn save(&mut self, register: Register) -> Register {
        let place = self.chosen.iter().position(|it| *it == register).unwrap_or_else(|| {
            self.chosen.push(register);
            self.chosen.len() - 1
        });
        self.factored.add(Instruction::Vector(self.first + place))
    }

    /// The rows that a register is made of, and whether it is known when columns are saved.
    fn depends(&self, register: Register) -> (BTreeSet<(Side, usize)>, bool) {
        let (mut rows, mut known) = (BTreeSet::new(), true);
        for register in needed(&self.factored.body, &[register]) {
            match self.factored.body[register] {
                Instruction::Row(side, plane) => _ = rows.insert((side, plane)),
                Instruction::Vector(_) => known = false,
                Instruction::Scalar(scalar) => known &= self.known.contains(&scalar),
                _ => {}
            }
        }
        (rows, known)
    }

    /// Whether a register may be saved as the schedule says.
    fn is_saved(&self, register: Register) -> bool {
        match self.saved {
            Saved::Nothing => false,
            Saved::F32 | Saved::Bf16 => true,
            Saved::Signs => self.is_sign(register, true),
            // Truth values are 0 too often.
            Saved::SignBits => self.is_sign(register, false),
        }
    }

    /// Whether a register is −1, 0 or 1 in every column; of factors that are often 0 only where these are wanted, too.
    fn is_sign(&self, register: Register, often_zero: bool) -> bool {
        let body = &self.factored.body;
        match body[register] {
            Instruction::Unary(Unary::Sign, _) => true,
            Instruction::Binary(Binary::Greater | Binary::Equal, ..) => often_zero,
            Instruction::Unary(Unary::Neg, a) => self.is_sign(a, often_zero),
            Instruction::Binary(Binary::Mul, a, b) => self.is_sign(a, often_zero) && self.is_sign(b, often_zero),
            // One of `a > b` and `b > a`, or neither.
            Instruction::Binary(Binary::Sub, a, b) => match (body[a], body[b]) {
                (Instruction::Binary(Binary::Greater, a, b), Instruction::Binary(Binary::Greater, c, d)) => {
                    (a, b) == (d, c)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// How kernels find what a stage scatters: from rows, and from what was saved.
pub(super) struct Scattering<'a> {
    savings: &'a Savings,
    packed: Option<Packed<'a>>,
}

impl<'a> Scattering<'a> {
    /// Adds the buffer of what was saved, if anything was.
    pub(super) fn new(k: &mut Builder, savings: &'a Savings, schedule: &Schedule) -> Self {
        Self { savings, packed: Packed::new(k, &savings.values, schedule, Access::Read) }
    }

    /// Repeats `body` for all columns below `size` of a stage.
    pub(super) fn columns(
        &self,
        k: &mut Builder,
        rows: &Rows<'_>,
        size: Value,
        body: impl FnOnce(&mut Builder, &[rows::Columns]),
    ) {
        let parts = self.packed.map_or(rows.schedule.unroll.into(), |packed| packed.parts());
        rows.columns_by(k, size, parts, body);
    }

    /// The values of the wanted registers of a stage that scatters, for each of `columns`.
    pub(super) fn values(
        &self,
        k: &mut Builder,
        (rows, item): (&Rows<'_>, &Item<'_>),
        body: &[Instruction],
        columns: &[rows::Columns],
        wanted: &[Register],
    ) -> Vec<Vec<Value>> {
        let mut saved = BTreeMap::new();
        if let Some(packed) = self.packed {
            for number in self.savings.read_by(rows.model, body, wanted) {
                let place = (number, item.kept().number);
                saved.insert(number, self.load(k, packed, rows, item, place, columns));
            }
        }
        let lanes = rows.schedule.vector;
        let values = columns.iter().enumerate().map(|(part, columns)| {
            let at = At { column: Some(columns.column), lanes };
            item.body_with(k, body, at, wanted, &|number| saved[&number][part])
        });
        values.collect()
    }

    /// A triple's columns of a saved value. Those of a triple that is marked are found as the forward kernel found them.
    fn load(
        &self,
        k: &mut Builder,
        packed: Packed<'_>,
        rows: &Rows<'_>,
        item: &Item<'_>,
        place: (usize, Value),
        columns: &[rows::Columns],
    ) -> Vec<Value> {
        if !packed.doubts() {
            return packed.load(k, rows, place, columns);
        }
        let lanes = rows.schedule.vector;
        let signs: Vec<_> = columns.iter().map(|_| k.declare(Type::new(Scalar::F32, lanes))).collect();
        let (body, register) = self.savings.values[place.0].found_by();
        let doubt = packed.load_doubt(k, place);
        k.branch(doubt, |k, is_marked| {
            let found = if is_marked {
                let at = |column| At { column: Some(column), lanes };
                columns.iter().map(|columns| item.body(k, body, at(columns.column), &[register])[0]).collect()
            } else {
                packed.load(k, rows, place, columns)
            };
            signs.iter().zip(found).for_each(|(sign, found)| k.set(*sign, found));
        });
        signs.into_iter().map(|sign| k.get(sign)).collect()
    }
}
