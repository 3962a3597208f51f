//! Saving a stage's columns, as its loop goes over them.

use sptx_runtime::program::ReduceOp;

use super::{Packed, SavedValue};
use crate::gpu::body::{At, Item};
use crate::gpu::rows::{Columns, Rows, across};
use crate::lir::{Binary, Builder, Expression, Scalar, Unary, Value, VariableId};

/// What a stage of the forward program saves of each of a row's items.
pub(in crate::gpu) struct Saving<'a> {
    packed: Packed<'a>,
    /// Its values, with their numbers.
    values: Vec<(usize, &'a SavedValue)>,
    /// For each item and each of its values, where so far a column has no sign: empty where that is not asked.
    doubts: Vec<Vec<VariableId>>,
}

impl<'a> Saving<'a> {
    /// Begins a stage, of so many items; none where it saves nothing.
    pub(in crate::gpu) fn begin(k: &mut Builder, packed: Packed<'a>, stage: usize, items: usize) -> Option<Self> {
        let values: Vec<_> = packed.found_in(stage).collect();
        let lanes = packed.schedule.vector;
        let mut doubts = || values.iter().map(|_| no_doubt(k, lanes)).collect();
        let doubts = if packed.doubts() { (0..items).map(|_| doubts()).collect() } else { Vec::new() };
        (!values.is_empty()).then_some(Self { packed, values, doubts })
    }

    /// Vectors of columns that a thread works on at a time.
    pub(in crate::gpu) fn parts(&self) -> u32 {
        self.packed.parts()
    }

    /// Saves columns of the item of a number.
    pub(in crate::gpu) fn columns(
        &self,
        k: &mut Builder,
        rows: &Rows<'_>,
        (number, item): (usize, &Item<'_>),
        columns: &[Columns],
    ) {
        for (place, (value, found)) in self.values.iter().enumerate() {
            let (body, register) = found.found_by();
            let at = |column| At { column: Some(column), lanes: rows.schedule.vector };
            let numbers = columns.iter().map(|columns| item.body(k, body, at(columns.column), &[register])[0]);
            let numbers: Vec<_> = numbers.collect();
            self.packed.store(k, rows, (*value, item.kept().number), columns, &numbers);
            if let Some(doubts) = self.doubts.get(number) {
                columns.iter().zip(numbers).for_each(|(at, numbers)| note(k, doubts[place], at.valid, numbers));
            }
        }
    }

    /// Ends the stage.
    pub(in crate::gpu) fn end(&self, k: &mut Builder, rows: &Rows<'_>, items: &[Item<'_>]) {
        for (item, doubts) in items.iter().zip(&self.doubts) {
            for ((value, _), doubt) in self.values.iter().zip(doubts) {
                let lanes = k.get(*doubt);
                let own = across(k, ReduceOp::Max, lanes);
                let doubt = rows.join(k, ReduceOp::Max, own);
                self.packed.store_doubt(k, rows, (*value, item.kept().number), doubt);
            }
        }
    }
}

fn no_doubt(k: &mut Builder, lanes: u8) -> VariableId {
    let none = k.f32s(0.0, lanes);
    k.variable(none)
}

/// Notes 1 where a column is neither above nor below 0.
fn note(k: &mut Builder, doubt: VariableId, valid: Value, numbers: Value) {
    let zero = k.f32s(0.0, k.ty(numbers).lanes);
    let [above, below] = [Binary::Greater, Binary::Less].map(|op| k.binary(op, numbers, zero));
    let signed = k.binary(Binary::Or, above, below);
    let unsigned = k.unary(Unary::Not, signed);
    let doubtful = k.binary(Binary::And, valid, unsigned);
    let doubtful = k.define(Expression::Convert(Scalar::F32, doubtful));
    let so_far = k.get(doubt);
    let noted = k.binary(Binary::Max, so_far, doubtful);
    k.set(doubt, noted);
}
