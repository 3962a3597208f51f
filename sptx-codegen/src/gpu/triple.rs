//! Programs that run once for each triple: its score, what its gradient needs before it is scattered, and the two parts of
//! a split.

use std::collections::BTreeSet;

use sptx_runtime::gpu::{End, Role, Schedule};
use sptx_runtime::program::{Model, Output, Program, Shape, Split, Stage};

use super::body::{Item, Kept};
use super::rows::Rows;
use super::run::{defined_by, read_by, read_by_scatters, run};
use super::{Plan, kernel_name, missing_name};
use crate::lir::{Access, Builder, Place, Scalar};

/// The scores of triples.
pub(super) fn forward(model: &Model, schedule: &Schedule) -> Plan {
    let read = read_by(&model.backward);
    let mut kept: BTreeSet<_> = read.intersection(&defined_by(&model.forward)).copied().collect();
    kept.insert(model.score);
    let doc = format!("{}: the scores of triples.", model.name);
    let name = kernel_name(model, "forward");
    let work = Work { program: &model.forward, scalars: model.scalars, given: BTreeSet::new(), kept };
    work.plan(model, schedule, Role::Forward, name, doc)
}

/// What the gradient of triples needs before it is scattered; none where it needs nothing.
pub(super) fn adjoint(model: &Model, schedule: &Schedule) -> Option<Plan> {
    let computes = |stage: &Stage| match stage {
        Stage::Columns(stage) => !stage.reduce.is_empty() || !stage.store.is_empty(),
        Stage::Scalars(stage) => !stage.define.is_empty(),
        Stage::Product(_) => true,
        Stage::Outer(_) => false,
    };
    model.backward.stages.iter().any(computes).then(|| {
        let (defined, read) = (defined_by(&model.backward), read_by(&model.backward));
        let given = read.difference(&defined).copied().collect();
        let kept = read_by_scatters(&model.backward).intersection(&defined).copied().collect();
        let doc = format!("{}: what the gradient of triples needs before it is scattered.", model.name);
        let work = Work { program: &model.backward, scalars: model.scalars, given, kept };
        work.plan(model, schedule, Role::Adjoint, kernel_name(model, "adjoint"), doc)
    })
}

/// What queries or candidates are compared by. A query stands as a triple whose missing end is of no account, a candidate
/// as one whose known end is.
pub(super) fn part(model: &Model, schedule: &Schedule, split: &Split, end: End) -> Plan {
    let (part, what) = match end {
        End::Query => (&split.query, "queries"),
        End::Candidate => (&split.candidate, "candidates"),
    };
    let missing = missing_name(split.missing);
    let is_scalar = |output: &&Output| output.shape == Shape::Scalar;
    let kept = part.outputs.iter().filter(is_scalar).map(|output| output.source).collect();
    let doc = format!("{}: what {what} are compared by where a {missing} is missing.", model.name);
    let name = kernel_name(model, &format!("{what}_{missing}"));
    let work = Work { program: &part.forward, scalars: part.scalars, given: BTreeSet::new(), kept };
    work.plan(model, schedule, Role::Part(split.missing, end), name, doc)
}

/// The tables and the triples, and what a program keeps for each of these.
pub(super) fn memory(k: &mut Builder, schedule: &Schedule, access: Access) -> [Place; 4] {
    let mut buffer = |name, scalar, lanes, access| Place::Buffer(k.buffer(name, scalar, lanes, access));
    [
        buffer("tables", Scalar::F32, schedule.vector, Access::Read),
        buffer("triples", Scalar::U32, 1, Access::Read),
        buffer("scalars", Scalar::F32, 1, access),
        buffer("vectors", Scalar::F32, schedule.vector, access),
    ]
}

/// A program that runs once for each triple.
struct Work<'a> {
    program: &'a Program,
    /// Number of its scalars.
    scalars: usize,
    /// Those that are known before.
    given: BTreeSet<usize>,
    /// Those that are wanted after.
    kept: BTreeSet<usize>,
}

impl Work<'_> {
    fn plan(&self, model: &Model, schedule: &Schedule, role: Role, name: String, doc: String) -> Plan {
        let mut k = Builder::new(name, doc, schedule.workgroup);
        let [tables, triples, scalars, vectors] = memory(&mut k, schedule, Access::ReadWrite);
        let rows = Rows::new(&mut k, model, schedule);
        let kept = Kept { scalars, vectors, dims: &self.program.vectors, number: rows.row, count: rows.count };
        let item = Item::triple(&mut k, model, [tables, triples], kept, self.scalars, &self.given);
        let mut items = [item];
        run(&mut k, &rows, self.program, Some(tables), &mut items);
        let [item] = items;
        let writes = rows.writes(&mut k);
        k.when(writes, |k| {
            for scalar in &self.kept {
                let value = item.scalars[*scalar].expect("what is kept was computed");
                let index = kept.scalar_at(k, *scalar);
                k.store(scalars, index, value);
            }
        });
        rows.plan(role, k)
    }
}
