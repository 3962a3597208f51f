//! Programs that run once for each triple: its score, what its gradient needs before it is scattered, and the two parts of
//! a split.

use std::collections::BTreeSet;

use sptx_runtime::gpu::{End, Role, Schedule};
use sptx_runtime::program::{Model, Output, Part, Program, Shape, Split, Stage};

use super::body::{Item, Kept};
use super::group::Group;
use super::rows::Rows;
use super::run::{defined_by, read_by, read_by_scatters, run_and_save};
use super::saved::{Packed, SavedValue, Savings};
use super::stage::stage;
use super::{Plan, end_name, kernel_name, missing_name};
use crate::lir::{Access, Builder, Place, Scalar, Value};

/// The scores of triples.
pub(super) fn forward(model: &Model, schedule: &Schedule) -> Plan {
    let read = read_by(&model.backward);
    let mut kept: BTreeSet<_> = read.intersection(&defined_by(&model.forward)).copied().collect();
    kept.insert(model.score);
    let doc = format!("{}: the scores of triples.", model.name);
    let name = kernel_name(model, "forward");
    let savings = Savings::new(model, schedule.saved);
    let (learned, saves) = (Learned::triples(model), &savings.values[..]);
    let work = Work { program: &model.forward, learned, given: BTreeSet::new(), kept, saves };
    work.plan(model, schedule, Role::Forward, name, doc)
}

/// What the gradient of triples needs before it is scattered; none where it needs nothing.
pub(super) fn adjoint(model: &Model, schedule: &Schedule) -> Option<Plan> {
    let doc = format!("{}: what the gradient of triples needs before it is scattered.", model.name);
    Learned::triples(model).adjoint(model, schedule, Role::Adjoint, kernel_name(model, "adjoint"), doc)
}

/// What queries or candidates are compared by. A query stands as a triple whose missing end is of no account, a candidate
/// as one whose known end is.
pub(super) fn part(model: &Model, schedule: &Schedule, split: &Split, end: End) -> Plan {
    let (part, what, missing) = (split.parts()[end as usize], end_name(end), missing_name(split.missing));
    let is_scalar = |output: &&Output| output.shape == Shape::Scalar;
    let read = read_by(&part.backward);
    let mut kept: BTreeSet<_> = read.intersection(&defined_by(&part.forward)).copied().collect();
    kept.extend(part.outputs.iter().filter(is_scalar).map(|output| output.source));
    let doc = format!("{}: what {what} are compared by where a {missing} is missing.", model.name);
    let name = kernel_name(model, &format!("{what}_{missing}"));
    let learned = Learned::part(part);
    let work = Work { program: &part.forward, learned, given: BTreeSet::new(), kept, saves: &[] };
    work.plan(model, schedule, Role::Part(split.missing, end), name, doc)
}

/// What the gradient of queries or of candidates needs before it is scattered; none where it needs nothing.
pub(super) fn part_adjoint(model: &Model, schedule: &Schedule, split: &Split, end: End) -> Option<Plan> {
    let (what, missing) = (end_name(end), missing_name(split.missing));
    let name = &model.name;
    let doc =
        format!("{name}: what the gradient of {what} needs before it is scattered, where a {missing} is missing.");
    let name = kernel_name(model, &format!("{what}_{missing}_adjoint"));
    let part = Learned::part(split.parts()[end as usize]);
    part.adjoint(model, schedule, Role::PartAdjoint(split.missing, end), name, doc)
}

/// A program that has a gradient: a model's, on triples, or a part's.
#[derive(Clone, Copy)]
pub(super) struct Learned<'a> {
    pub(super) backward: &'a Program,
    /// Number of scalars of both its programs.
    pub(super) scalars: usize,
    /// The outputs of a part.
    pub(super) outputs: &'a [Output],
    /// The scalar that is 1 before the backward program of a part. That of a model stands with its triples.
    one: Option<usize>,
}

impl<'a> Learned<'a> {
    pub(super) fn triples(model: &'a Model) -> Self {
        Self { backward: &model.backward, scalars: model.scalars, outputs: &[], one: None }
    }

    pub(super) fn part(part: &'a Part) -> Self {
        let Part { backward, scalars, upstream, outputs, .. } = part;
        Self { backward, scalars: *scalars, outputs, one: Some(*upstream) }
    }

    /// One run of its programs, of which `given` scalars are known.
    pub(super) fn item(
        &self,
        k: &mut Builder,
        model: &'a Model,
        memory: [Place; 2],
        kept: Kept<'a>,
        given: &BTreeSet<usize>,
    ) -> Item<'a> {
        let stored = given.iter().copied().filter(|scalar| Some(*scalar) != self.one).collect();
        let mut item = Item::triple(k, model, memory, kept, self.scalars, &stored);
        if let Some(one) = self.one.filter(|one| given.contains(one)) {
            item.scalars[one] = Some(k.f32(1.0));
        }
        item
    }

    fn adjoint(self, model: &Model, schedule: &Schedule, role: Role, name: String, doc: String) -> Option<Plan> {
        let computes = |stage: &Stage| match stage {
            Stage::Columns(stage) => !stage.reduce.is_empty() || !stage.store.is_empty(),
            Stage::Scalars(stage) => !stage.define.is_empty(),
            Stage::Product(_) => true,
            Stage::Outer(_) => false,
        };
        self.backward.stages.iter().any(computes).then(|| {
            let (defined, read) = (defined_by(self.backward), read_by(self.backward));
            let given = read.difference(&defined).copied().collect();
            let kept = read_by_scatters(self.backward).intersection(&defined).copied().collect();
            let work = Work { program: self.backward, learned: self, given, kept, saves: &[] };
            work.plan(model, schedule, role, name, doc)
        })
    }
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
    learned: Learned<'a>,
    /// The scalars that are known before.
    given: BTreeSet<usize>,
    /// Those that are wanted after.
    kept: BTreeSet<usize>,
    /// Columns that are saved.
    saves: &'a [SavedValue],
}

impl<'a> Work<'a> {
    fn plan(&self, model: &'a Model, schedule: &Schedule, role: Role, name: String, doc: String) -> Plan {
        let mut k = Builder::new(name, doc, schedule.workgroup);
        let [tables, triples, scalars, vectors] = memory(&mut k, schedule, Access::ReadWrite);
        let saved = Packed::new(&mut k, self.saves, schedule, Access::ReadWrite);
        // Candidates that are worked out by relation are of one.
        let sorted = matches!(role, Role::Part(_, End::Candidate) | Role::PartAdjoint(_, End::Candidate));
        let group = Group::new(&mut k, self.program, schedule, sorted);
        let rows = Rows::grouped(&mut k, model, schedule, group.size);
        let count = k.parameter("count", Scalar::U32, 1);
        let (dims, outputs) = (&self.program.vectors[..], self.learned.outputs);
        let item = |k: &mut Builder, number: &Value| {
            let kept = Kept { scalars, vectors, dims, outputs, number: *number, count };
            self.learned.item(k, model, [tables, triples], kept, &self.given)
        };
        let members = group.members(&mut k, rows.row);
        let mut items: Vec<_> = members.iter().map(|number| item(&mut k, number)).collect();
        stage(&mut k, &rows, self.program, &group, [tables, triples], &mut items);
        run_and_save(&mut k, &rows, self.program, Some(tables), &mut items, saved);
        let writes = rows.writes(&mut k);
        k.when(writes, |k| {
            for (item, scalar) in items.iter().flat_map(|item| self.kept.iter().map(move |scalar| (item, scalar))) {
                let value = item.scalars[*scalar].expect("what is kept was computed");
                let index = item.kept().scalar_at(k, *scalar);
                k.store(scalars, index, value);
            }
        });
        rows.plan(role, k)
    }
}
