//! The report on a compiled score: what was declared, what was found, what a triple costs.
//!
//! A [`Report`] is plain data: it prints as text and serialises.

mod display;
mod formulas;
mod gpu;
mod split;

pub use formulas::{Definition, Formula};
pub use gpu::{GpuCost, GpuReport, GpuStep};
pub use split::{PairKernel, SplitReport};

use serde::Serialize;

use crate::compile::Compiled;
use crate::cost::{self, Cost};
use crate::ir::{DimId, DimSize, DimSizes, Op, Owner, Score, Side};
use crate::notation;

/// The report on a compiled score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The model's name.
    pub name: String,
    /// Each dimension that has a name, and its size.
    pub dims: Vec<(String, usize)>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The incidence rows of the factored score.
    pub rows: Vec<Row>,
    /// The score as declared.
    pub declared: Formula,
    /// The score in incidence form.
    pub factored: Formula,
    /// What is worked out once for a query and once for a candidate, where the head or the tail is missing.
    pub splits: Vec<SplitReport>,
    /// What the gradient adds to each row.
    pub gradient: GradientFormulas,
    /// What one triple costs.
    pub cost: Cost,
}

/// A stored table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// `entity` or `relation`.
    pub owner: &'static str,
    /// The slot, and the part of it: `v`, `v.re`.
    pub name: String,
    /// Elements of one row.
    pub elements: usize,
    /// Bytes of one row.
    pub bytes: usize,
}

/// An incidence row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name in the factored formula.
    pub name: String,
    /// Its semiring.
    pub semiring: String,
    /// Its non-zeros.
    pub terms: Vec<RowTerm>,
}

/// A non-zero of an incidence row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowTerm {
    /// The coefficient.
    pub coefficient: f64,
    /// The gathered row, as in formulas: `h.v`, `e^(i·r.v)`, `conj(t.v)`.
    pub row: String,
}

/// What a gradient adds to each row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GradientFormulas {
    /// What the formulas refer to; `g` is the derivative of the loss with respect to the score.
    pub definitions: Vec<Definition>,
    /// `(row, expression)`: `h.v`, and what is added to it.
    pub contributions: Vec<(String, String)>,
}

/// Explains a compiled score at the given sizes of its dimensions.
pub fn explain(compiled: &Compiled, sizes: &DimSizes) -> Report {
    let Compiled { declared, factored, lowered, gradient, splits } = compiled;
    Report {
        name: declared.name.clone(),
        dims: symbols(declared).map(|(id, name)| (name.to_owned(), sizes[id])).collect(),
        tables: tables(lowered, sizes),
        rows: rows(factored),
        declared: formulas::of_score(declared),
        factored: formulas::of_score(factored),
        splits: [Side::Head, Side::Tail].into_iter().map(|missing| split::of(splits, missing)).collect(),
        gradient: formulas::of_gradient(gradient),
        cost: cost::count(gradient, sizes),
    }
}

fn symbols(score: &Score) -> impl Iterator<Item = (DimId, &str)> {
    let named = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
    named.map(|(id, dim)| (id, dim.name.as_str()))
}

fn tables(score: &Score, sizes: &DimSizes) -> Vec<Table> {
    let mut tables = Vec::new();
    for (_, plane) in score.planes.iter() {
        let slot = &score.slots[plane.slot];
        let separator = if plane.part.is_empty() { "" } else { "." };
        tables.push(Table {
            owner: owner_name(slot.owner),
            name: format!("{}{separator}{}", slot.name, plane.part),
            elements: sizes.elements(plane.shape),
            bytes: cost::row_bytes(plane.shape, sizes),
        });
    }
    tables
}

fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Entity => "entity",
        Owner::Relation => "relation",
    }
}

fn rows(score: &Score) -> Vec<Row> {
    let names = formulas::names(score, &[score.root]);
    let mut rows = Vec::new();
    for (value, node) in score.nodes.iter() {
        if let Op::Fold { semiring, terms } = &node.op {
            let row = |term: &crate::ir::Term| {
                let row = notation::print(score, term.value);
                let row = if term.conjugate { format!("conj({row})") } else { row };
                RowTerm { coefficient: term.coefficient, row }
            };
            let name = names.get(&value).cloned().unwrap_or_default();
            let semiring = score.semirings[*semiring].name.clone();
            rows.push(Row { name, semiring, terms: terms.iter().map(row).collect() });
        }
    }
    rows
}

#[cfg(test)]
mod tests;
