//! The stages of a program, one after another, for each row's threads.

use std::collections::BTreeSet;

use sptx_runtime::program::{Columns, Instruction, Program, Scalars, Stage};

use super::body::{At, Item};
use super::product::product;
use super::rows::{Rows, across, binary, size};
use super::saved::{Packed, Saving};
use crate::lir::{Barrier, Binary, Builder, Place, Value};

/// Runs a program's stages, but for its scatters, on each of a row's items: their scalars are then at hand.
pub(super) fn run(k: &mut Builder, rows: &Rows<'_>, program: &Program, tables: Option<Place>, items: &mut [Item<'_>]) {
    run_and_save(k, rows, program, tables, items, None);
}

/// The same, and saves what is to be saved of columns.
pub(super) fn run_and_save(
    k: &mut Builder,
    rows: &Rows<'_>,
    program: &Program,
    tables: Option<Place>,
    items: &mut [Item<'_>],
    saved: Option<Packed<'_>>,
) {
    for (number, stage) in program.stages.iter().enumerate() {
        match stage {
            Stage::Columns(stage) => columns(k, rows, stage, items, saved.map(|saved| (saved, number))),
            Stage::Scalars(stage) => items.iter_mut().for_each(|item| scalars(k, stage, item)),
            Stage::Product(stage) => {
                let tables = tables.expect("pairs have no matrices");
                product(k, rows, stage, program, tables, items);
            }
            // A gradient, which is scattered.
            Stage::Outer(_) => {}
        }
    }
}

/// The scalars that a program's stages read.
pub(super) fn read_by(program: &Program) -> BTreeSet<usize> {
    let bodies = program.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, .. }) | Stage::Scalars(Scalars { body, .. }) => Some(body),
        Stage::Product(_) | Stage::Outer(_) => None,
    });
    bodies.flat_map(|body| scalars_of(body)).collect()
}

/// The scalars that those stages of a program read that scatter.
pub(super) fn read_by_scatters(program: &Program) -> BTreeSet<usize> {
    let bodies = program.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, scatter, .. }) | Stage::Scalars(Scalars { body, scatter, .. }) => {
            (!scatter.is_empty()).then_some(body)
        }
        Stage::Product(_) | Stage::Outer(_) => None,
    });
    bodies.flat_map(|body| scalars_of(body)).collect()
}

/// The scalars that a stage's instructions read.
pub(super) fn scalars_of(body: &[Instruction]) -> impl Iterator<Item = usize> {
    body.iter().filter_map(|instruction| match instruction {
        Instruction::Scalar(scalar) => Some(*scalar),
        Instruction::Row(..)
        | Instruction::Vector(_)
        | Instruction::Parameter(_)
        | Instruction::Constant(_)
        | Instruction::Unary(..)
        | Instruction::Binary(..)
        | Instruction::MultiplyAdd(..) => None,
    })
}

/// The scalars that a program defines.
pub(super) fn defined_by(program: &Program) -> BTreeSet<usize> {
    program.stages.iter().flat_map(defined_by_stage).collect()
}

/// The scalars that a stage defines.
pub(super) fn defined_by_stage(stage: &Stage) -> Vec<usize> {
    match stage {
        Stage::Columns(stage) => stage.reduce.iter().map(|reduce| reduce.scalar).collect(),
        Stage::Scalars(stage) => stage.define.iter().map(|(_, scalar)| *scalar).collect(),
        Stage::Product(_) | Stage::Outer(_) => Vec::new(),
    }
}

/// `saved` has what is saved, and the stage's number.
fn columns(
    k: &mut Builder,
    rows: &Rows<'_>,
    stage: &Columns,
    items: &mut [Item<'_>],
    saved: Option<(Packed<'_>, usize)>,
) {
    if stage.reduce.is_empty() && stage.store.is_empty() {
        return;
    }
    let vector = rows.schedule.vector;
    let reduced = stage.reduce.iter().map(|reduce| reduce.register);
    let wanted: Vec<_> = reduced.chain(stage.store.iter().map(|store| store.0)).collect();
    let identities: Vec<_> = stage.reduce.iter().map(|reduce| k.f32s(reduce.op.identity(), vector)).collect();
    let folds: Vec<Vec<_>> =
        items.iter().map(|_| identities.iter().map(|identity| k.variable(*identity)).collect()).collect();
    let size = reach(k, rows, stage.dim);
    let saving = saved.and_then(|(saved, number)| Saving::begin(k, saved, number, items.len()));
    let parts = saving.as_ref().map_or(rows.unrolled(), Saving::parts);
    // What is saved at a time of one item fills a thread's registers.
    let together = if saving.is_some() { 1 } else { items.len() };
    for first in (0..items.len()).step_by(together) {
        let own = first..first + together;
        rows.columns_by(k, size, parts, |k, columns| {
            for at in columns {
                for (item, folds) in items[own.clone()].iter().zip(&folds[own.clone()]) {
                    let values = item.body(k, &stage.body, At { column: Some(at.column), lanes: vector }, &wanted);
                    let (reduced, stored) = values.split_at(folds.len());
                    for (((reduce, identity), fold), value) in
                        stage.reduce.iter().zip(&identities).zip(folds).zip(reduced)
                    {
                        let value = k.select(at.valid, *value, *identity);
                        let so_far = k.get(*fold);
                        k.name(so_far, "folded");
                        let folded = k.binary(binary(reduce.op), so_far, value);
                        k.set(*fold, folded);
                    }
                    if stored.is_empty() {
                        continue;
                    }
                    let writes = k.binary(Binary::And, at.any, rows.inside);
                    k.when(writes, |k| {
                        for ((_, vector), value) in stage.store.iter().zip(stored) {
                            let index = item.kept().vector_at(k, *vector, at.column);
                            k.store(item.kept().vectors, index, *value);
                        }
                    });
                }
            }
            if let Some(saving) = &saving {
                own.clone().for_each(|number| saving.columns(k, rows, (number, &items[number]), columns));
            }
        });
    }
    if let Some(saving) = &saving {
        saving.end(k, rows, items);
    }
    for (item, folds) in items.iter_mut().zip(folds) {
        for (reduce, fold) in stage.reduce.iter().zip(folds) {
            let lanes = k.get(fold);
            let own = across(k, reduce.op, lanes);
            item.scalars[reduce.scalar] = Some(rows.join(k, reduce.op, own));
        }
    }
    if !stage.store.is_empty() {
        k.barrier(Barrier::Buffers);
    }
}

fn scalars(k: &mut Builder, stage: &Scalars, item: &mut Item<'_>) {
    let wanted: Vec<_> = stage.define.iter().map(|(register, _)| *register).collect();
    let values = item.body(k, &stage.body, At { column: None, lanes: 1 }, &wanted);
    for ((_, scalar), value) in stage.define.iter().zip(values) {
        item.scalars[*scalar] = Some(value);
    }
}

/// The size of a dimension; 0 beyond the last row, which has nothing to do, and must not read vectors that the last row's
/// threads write in another workgroup.
pub(super) fn reach(k: &mut Builder, rows: &Rows<'_>, dim: usize) -> Value {
    let size = size(k, dim);
    rows.until(k, size)
}
