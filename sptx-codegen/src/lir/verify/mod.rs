//! The verifier: what every kernel satisfies.
//!
//! # Rules
//! 1. Names of the kernel, its parameters, buffers and arrays are ASCII identifiers that do not begin with `_`, and
//!    distinct; so are the names of values, which need not be distinct.
//! 2. A workgroup has threads, an array words; a parameter is a multiple of something; memory and parameters are no truth
//!    values; 1, 2 or 4 lanes.
//! 3. Handles are in range. Each value is defined once, and read after that within the block that defines it. A variable
//!    is set, on every way to where it is read, before it is read.
//! 4. Operands have the types that the operation takes; a value has the type that its expression gives.
//! 5. Buffers that are read are not written. Atomic buffers are touched by atomic operations and changes alone, and others
//!    by none. No access has more lanes than its buffer allows. `Max` and changes are of u32; numbers alone are added as
//!    vectors. Copies are from buffers that are read. What a change makes of a word
//!    is made by operations, and reads no memory.
//! 6. The mask of an exchange is 1 to 127.
//! 7. A loop goes on by 1 at least: by [`range`].
//! 8. An access of several lanes begins at a multiple of them: by [`align`].
//! 9. An access of shared memory lies within its array: by [`range`]. The ends of buffers are known at launch only.
//! 10. Barriers and exchanges stand where all threads of the workgroup come, or none: by [`uniform`].
//!
//! The last four are proved, not tried, and from little: a kernel may satisfy them and not be accepted. What is accepted
//! satisfies them in every launch, for subgroups of any size up to 128. Rules 1 to 6 are checked first, since the others
//! are meaningless without them.

mod align;
mod range;
mod scope;
mod types;
mod uniform;

#[cfg(test)]
mod tests;

use super::print::{Headline, Shown};
use super::{Block, Expression, Kernel, Statement, Type, Value};

/// Where a kernel breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel `{kernel}`, {place}: {rule}")]
pub struct Mistake {
    /// Its name.
    pub kernel: String,
    /// Where: a statement, or the declarations.
    pub place: String,
    /// Which rule.
    pub rule: Rule,
}

/// A rule that a kernel breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Rule {
    #[error("`{name}` is not an identifier")]
    NotAName { name: String },
    #[error("the name `{name}` is given twice")]
    NameTwice { name: String },
    #[error("a workgroup has no thread")]
    NoThreads,
    #[error("`{name}` has no word")]
    NoWords { name: String },
    #[error("`{name}` is a multiple of 0")]
    MultipleOfNothing { name: String },
    #[error("`{name}` holds truth values")]
    HoldsTruth { name: String },
    #[error("`{name}` has {lanes} lanes, which is not 1, 2 or 4")]
    Lanes { name: String, lanes: u8 },
    #[error("there is no {handle}")]
    Dangling { handle: String },
    #[error("`{value}` is defined twice")]
    DefinedTwice { value: String },
    #[error("`{value}` is not defined here")]
    NotInScope { value: String },
    #[error("{variable} is read where it may not be set")]
    NotSet { variable: String },
    #[error("the operands have the wrong types")]
    Operands,
    #[error("`{value}` is {found}, and should be {wanted}")]
    WrongType { value: String, wanted: Type, found: Type },
    #[error("`{buffer}` is only read")]
    Written { buffer: String },
    #[error("`{buffer}` is atomic, and accessed otherwise")]
    AtomicOnly { buffer: String },
    #[error("`{buffer}` is not atomic")]
    NotAtomic { buffer: String },
    #[error("`{buffer}` may be written, and is copied meanwhile")]
    CopiedWhileWritten { buffer: String },
    #[error("a change is made by operations alone")]
    NotAnOperation,
    #[error("`{buffer}` allows accesses of {most} lanes, and not of {lanes}")]
    TooWide { buffer: String, most: u8, lanes: u8 },
    #[error("no subgroup has threads that differ by {mask}")]
    Mask { mask: u32 },
    #[error("the step `{step}` may be 0")]
    StepOfNothing { step: String },
    #[error("{lanes} lanes at `{index}`, which is known to be a multiple of {multiple} only")]
    Misaligned { index: String, lanes: u8, multiple: u32 },
    #[error("`{index}` may be up to {most}, and `{shared}` ends after {words} words")]
    OutOfBounds { index: String, most: u32, shared: String, words: u32 },
    #[error("not all threads of the workgroup may come here")]
    NotUniform,
}

/// Checks all rules.
///
/// # Errors
/// Every rule that is broken, and where; of rules 7 to 10 only when the others hold.
pub fn verify(kernel: &Kernel) -> Result<(), Vec<Mistake>> {
    well_formed(kernel)?;
    let definitions = Definitions::of(kernel);
    let mut report = Report::of(kernel);
    align::check(&definitions, &mut report);
    range::check(&definitions, &mut report);
    uniform::check(&definitions, &mut report);
    report.finish()
}

/// Checks rules 1 to 6: what it takes for a kernel to mean something.
pub(super) fn well_formed(kernel: &Kernel) -> Result<(), Vec<Mistake>> {
    let mut report = Report::of(kernel);
    scope::declarations(&mut report);
    scope::check(&mut report);
    report.finish()?;
    let mut report = Report::of(kernel);
    types::check(&mut report);
    report.finish()
}

/// The mistakes found so far.
struct Report<'a> {
    kernel: &'a Kernel,
    mistakes: Vec<Mistake>,
}

impl<'a> Report<'a> {
    fn of(kernel: &'a Kernel) -> Self {
        Self { kernel, mistakes: Vec::new() }
    }

    fn declaration(&mut self, rule: Rule) {
        self.add("in its declarations".to_owned(), rule);
    }

    fn at(&mut self, statement: &Statement, rule: Rule) {
        self.add(format!("at `{}`", Headline(self.kernel, statement)), rule);
    }

    fn add(&mut self, place: String, rule: Rule) {
        self.mistakes.push(Mistake { kernel: self.kernel.name.clone(), place, rule });
    }

    fn finish(self) -> Result<(), Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self.mistakes) }
    }
}

/// What defines a value.
#[derive(Clone, Copy, Debug)]
enum Definition<'a> {
    Let(&'a Expression),
    /// The index of a loop.
    Index {
        from: Value,
        until: Value,
        step: Value,
    },
    /// What a word holds that is changed.
    Held,
}

/// What defines each value of a well-formed kernel.
struct Definitions<'a> {
    kernel: &'a Kernel,
    /// None for values that no statement defines; nothing reads them.
    all: Vec<Option<Definition<'a>>>,
}

impl<'a> Definitions<'a> {
    fn of(kernel: &'a Kernel) -> Self {
        fn walk<'a>(block: &'a Block, all: &mut [Option<Definition<'a>>]) {
            for statement in block {
                match statement {
                    Statement::Let(value, expression) => all[value.index()] = Some(Definition::Let(expression)),
                    Statement::For { index, from, until, step, .. } => {
                        all[index.index()] = Some(Definition::Index { from: *from, until: *until, step: *step });
                    }
                    Statement::Change { held, .. } => all[held.index()] = Some(Definition::Held),
                    Statement::Set(..)
                    | Statement::Store { .. }
                    | Statement::Copy { .. }
                    | Statement::Await
                    | Statement::Atomic { .. }
                    | Statement::If { .. }
                    | Statement::Barrier(_) => {}
                }
                statement.blocks().into_iter().for_each(|block| walk(block, all));
            }
        }
        let mut all = vec![None; kernel.values.len()];
        walk(&kernel.body, &mut all);
        Self { kernel, all }
    }

    fn get(&self, value: Value) -> Definition<'a> {
        self.all[value.index()].expect("rule 3: what is read is defined")
    }

    /// The expression of a value that has one.
    fn expression(&self, value: Value) -> Option<&'a Expression> {
        match self.get(value) {
            Definition::Let(expression) => Some(expression),
            Definition::Index { .. } | Definition::Held => None,
        }
    }

    /// The u32 that a value is, where it is written down as one.
    fn known(&self, value: Value) -> Option<u32> {
        match self.expression(value)? {
            Expression::Constant(super::Constant::U32(known)) => Some(*known),
            _ => None,
        }
    }

    /// The value in a lane, where the vector was put together from values.
    fn lane(&self, vector: Value, lane: u8) -> Option<Value> {
        match self.expression(vector)? {
            Expression::Join(lanes) => Some(lanes[usize::from(lane)]),
            Expression::Splat(value, _) => Some(*value),
            _ => None,
        }
    }

    fn shown(&self, value: Value) -> String {
        Shown(self.kernel, value).to_string()
    }
}
