//! The gradient of a piece of the hits of one row: the transposed incidence matrix times the upstream gradient, a stretch
//! of one of its rows.

mod matrix;

use std::collections::BTreeSet;

use sptx_runtime::gpu::{End, Role, SOURCE_BIT, Saved, Schedule, Source};
use sptx_runtime::program::{Columns, Instruction, Model, Owner, Plane, Scatter, Shape, Side, Split, Stage};

use super::body::{At, Item, Kept, owner as owner_of};
use super::rows::{Element, Rows, place, size};
use super::run::scalars_of;
use super::runs::{Runs, add_to, hits_of, is_lone};
use super::saved::{Savings, Scattering, reads_rows};
use super::triple::{Learned, memory};
use super::{Plan, end_name, kernel_name, missing_name, owner_name, trained_planes};
use crate::legalize::touched;
use crate::lir::{Access, Binary, Builder, Place, Scalar, Unary, Value, VariableId};

/// The gradient of each piece.
pub(super) fn partial(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    Gathered::triples(model, owner, false).plan(model, schedule, Role::Partial(owner))
}

/// The gradient of each piece, of as many as the device has counted. Where the update of rows adds up the hits of those that
/// have one piece, these are left to it.
pub(super) fn counted(model: &Model, schedule: &Schedule, owner: Owner, leaves_lone: bool) -> Plan {
    let gathered = Gathered { leaves_lone, ..Gathered::triples(model, owner, true) };
    gathered.plan(model, schedule, Role::CountedPartial(owner))
}

/// What adds up the hits of triples within another kernel, without a row of the tables: none where some of the gradient is
/// made of rows, or is of matrices.
pub(super) fn hits_of_rows<'a>(model: &'a Model, schedule: &Schedule, owner: Owner) -> Option<HitsOfRows<'a>> {
    let gathered = Gathered::triples(model, owner, true);
    let savings = Savings::of(model, gathered.learned.backward, schedule.saved);
    let is_matrix = |plane: &Plane| matches!(plane.shape, Shape::Matrix(..));
    if trained_planes(model, owner).any(|(_, plane)| is_matrix(plane)) {
        return None;
    }
    // Of signs in one bit, the rows of a triple that is marked are read again.
    if schedule.saved == Saved::SignBits && !savings.values.is_empty() {
        return None;
    }
    let reads_rows = |body: &[Instruction], scatters: &[Scatter]| {
        let own = scatters.iter().filter(|scatter| owner_of(scatter.side) == owner);
        reads_rows(body, &own.map(|scatter| scatter.register).collect::<Vec<_>>())
    };
    let stage_reads_rows = |stage: &Stage| match stage {
        Stage::Columns(stage) => reads_rows(&stage.body, &stage.scatter),
        Stage::Scalars(stage) => reads_rows(&stage.body, &stage.scatter),
        Stage::Product(_) | Stage::Outer(_) => false,
    };
    (!savings.stages.iter().any(stage_reads_rows)).then_some(HitsOfRows { gathered, savings })
}

/// The hits of an owner's rows, whose gradient is made of no rows.
pub(super) struct HitsOfRows<'a> {
    gathered: Gathered<'a>,
    savings: Savings,
}

impl HitsOfRows<'_> {
    /// How they are found, in the kernel that finds them.
    pub(super) fn scattering(&self, k: &mut Builder, schedule: &Schedule) -> Scattering<'_> {
        Scattering::new(k, &self.savings, schedule)
    }

    /// Adds up the hits in a range, for each number of the rows' planes: `sink` takes the sums. `memory` are the tables, the
    /// triples, the scalars and the vectors.
    pub(super) fn each(
        &self,
        k: &mut Builder,
        rows: Rows<'_>,
        scattering: &Scattering<'_>,
        (memory, hits): ([Place; 4], Place),
        [from, until]: [Value; 2],
        sink: Sink<'_>,
    ) {
        let Gathered { learned, owner, side, tagged, .. } = self.gathered;
        let triples = k.parameter("batch", Scalar::U32, 1);
        let piece = Piece { rows, learned, owner, side, tagged, memory, hits, triples, from, until };
        piece.planes(k, &self.savings, scattering, sink);
    }
}

/// The gradient of each piece, by queries or by candidates.
pub(super) fn part(model: &Model, schedule: &Schedule, split: &Split, end: End, side: Side) -> Plan {
    let (what, missing) = (end_name(end), missing_name(split.missing));
    let gathered = Gathered {
        learned: Learned::part(split.parts()[end as usize]),
        owner: owner_of(side),
        side: Some(side),
        name: format!("{what}_{missing}_partial"),
        what: format!(", by {what} of which a {missing} is missing"),
        counted: false,
        leaves_lone: false,
        tagged: false,
        saves: false,
    };
    gathered.plan(model, schedule, Role::PartPartial(split.missing, end, owner_of(side)))
}

/// The gradient of each piece that is of one source of hits, of as many pieces as the device has counted.
pub(super) fn source(model: &Model, schedule: &Schedule, source: Source, side: Side) -> Plan {
    let triples = (Learned::triples(model), "triples".to_owned());
    let of_part = |missing: Side, end: End| {
        let split = model.split(missing).expect("a part is one of a split");
        (Learned::part(split.parts()[end as usize]), format!("{}_{}", end_name(end), missing_name(missing)))
    };
    let (learned, name) = match source {
        Source::Triples => triples,
        Source::Part(missing, end) => of_part(missing, end),
    };
    let gathered = Gathered {
        learned,
        owner: owner_of(side),
        side: Some(side),
        what: format!(", on the side {} of {name}", missing_name(side)),
        name: format!("{name}_{}", missing_name(side)),
        counted: true,
        leaves_lone: false,
        tagged: true,
        saves: false,
    };
    gathered.plan(model, schedule, Role::SourcePartial(source, side))
}

/// Whose gradient is gathered.
struct Gathered<'a> {
    learned: Learned<'a>,
    owner: Owner,
    /// The side that hits are on; none where that is said by each.
    side: Option<Side>,
    name: String,
    what: String,
    counted: bool,
    /// Whether hits say of which source they are.
    tagged: bool,
    /// Whether rows of one piece are left out.
    leaves_lone: bool,
    /// Whether columns that the forward kernel saved are at hand.
    saves: bool,
}

impl<'a> Gathered<'a> {
    fn triples(model: &'a Model, owner: Owner, counted: bool) -> Self {
        let name = (if counted { "counted_partial" } else { "partial" }).to_owned();
        let side = (owner == Owner::Relation).then_some(Side::Relation);
        let (learned, what) = (Learned::triples(model), String::new());
        Self { learned, owner, side, name, what, counted, leaves_lone: false, tagged: false, saves: true }
    }

    fn plan(&self, model: &'a Model, schedule: &Schedule, role: Role) -> Plan {
        let Self { learned, owner, side, counted, tagged, .. } = *self;
        let name = kernel_name(model, &format!("{}_{}", self.name, owner_name(owner)));
        let (rows, what) = (owner_name(owner), &self.what);
        let doc = format!("{}: the gradient of a piece of the hits of one row, of {rows}{what}.", model.name);
        let mut k = Builder::new(name, doc, schedule.workgroup);
        let memory = memory(&mut k, schedule, Access::Read);
        let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::Read));
        let pieces = Place::Buffer(k.buffer("pieces", Scalar::U32, 1, Access::Read));
        let runs = counted.then(|| Runs::new(&mut k, Access::Read));
        let partial = Place::Buffer(k.buffer("partial", Scalar::F32, schedule.vector, Access::ReadWrite));
        let saved = if self.saves { schedule.saved } else { Saved::Nothing };
        let savings = Savings::of(model, learned.backward, saved);
        let scattering = Scattering::new(&mut k, &savings, schedule);
        let mut rows = match runs {
            Some(runs) => {
                let count = runs.pieces(&mut k);
                Rows::counted(&mut k, model, schedule, count)
            }
            None => Rows::new(&mut k, model, schedule),
        };
        let triples = k.parameter("batch", Scalar::U32, 1);
        let next = k.add_u32(rows.row, 1);
        let [from, until] = [rows.row, next].map(|piece| hits_of(&mut k, pieces, piece));
        k.name(from, "begin");
        if tagged {
            // A piece's hits are of one source.
            let (hit, own, bits) = (k.load(hits, from, 1), k.parameter("source", Scalar::U32, 1), k.u32(SOURCE_BIT));
            let source = k.binary(Binary::ShiftRight, hit, bits);
            let is_own = k.binary(Binary::Equal, source, own);
            rows.inside = k.binary(Binary::And, rows.inside, is_own);
        }
        if self.leaves_lone {
            let is_lone = is_lone(&mut k, pieces, rows.row);
            let is_one_of_many = k.unary(Unary::Not, is_lone);
            rows.inside = k.binary(Binary::And, rows.inside, is_one_of_many);
        }
        // Where no piece was counted, the first is not one either.
        let until = if counted { rows.until(&mut k, until) } else { k.name(until, "end") };
        let piece = Piece { rows, learned, owner, side, tagged, memory, hits, triples, from, until };
        piece.planes(&mut k, &savings, &scattering, &|k, plane, element, sum| {
            let row = place(k, model, "partial", plane, rows.row);
            let (index, sum) = (k.add(row, element.at), k.get(sum));
            k.store(partial, index, sum);
        });
        let plan = rows.plan(role, k);
        // With saved columns it may need neither rows nor vectors, and has no bindings to spare.
        if savings.values.is_empty() { plan } else { Plan { kernel: touched(&plan.kernel), ..plan } }
    }
}

/// What takes the sum of a piece's hits, at some numbers of a plane of the row.
pub(super) type Sink<'s> = &'s dyn Fn(&mut Builder, usize, Element, VariableId);

/// The piece of a row's threads.
#[derive(Clone, Copy)]
struct Piece<'a> {
    rows: Rows<'a>,
    learned: Learned<'a>,
    owner: Owner,
    side: Option<Side>,
    tagged: bool,
    /// Tables, triples, scalars, vectors.
    memory: [Place; 4],
    hits: Place,
    triples: Value,
    from: Value,
    until: Value,
}

impl<'a> Piece<'a> {
    /// Adds up the hits for each number of the owner's planes.
    fn planes(&self, k: &mut Builder, savings: &Savings, scattering: &Scattering<'_>, sink: Sink<'_>) {
        for stage in &savings.stages {
            if let Stage::Columns(stage) = stage {
                self.columns(k, stage, scattering, sink);
            }
        }
        for (plane, Plane { shape, .. }) in trained_planes(self.rows.model, self.owner) {
            match *shape {
                Shape::Vector(dim) => self.untouched(k, plane, dim, sink),
                Shape::Scalar => self.scalar(k, plane, sink),
                Shape::Matrix(down, across) => self.matrix(k, plane, down, across, sink),
            }
        }
    }

    /// Hands the sum at some numbers of a plane on, where the row has them.
    fn put(&self, k: &mut Builder, plane: usize, element: Element, sum: VariableId, sink: Sink<'_>) {
        let takes = k.binary(Binary::And, element.any, self.rows.inside);
        k.when(takes, |k| sink(k, plane, element, sum));
    }

    /// The scatters to the owner's rows.
    fn own(&self, scatters: &[Scatter]) -> Vec<Scatter> {
        let own = |side| self.side.map_or(owner_of(side) == self.owner, |own| own == side);
        scatters.iter().copied().filter(|scatter| own(scatter.side)).collect()
    }

    /// Repeats `body` for each hit, and for each side of its triple that the row may be on: with the triple, whose
    /// needed scalars are at hand.
    fn hits(&self, k: &mut Builder, needed: &BTreeSet<usize>, body: impl Fn(&mut Builder, &Item<'a>, Side)) {
        let model = self.rows.model;
        let one = k.u32(1);
        k.repeat(self.from, self.until, one, |k, index| {
            let hit = k.load(self.hits, index, 1);
            k.name(hit, "hit");
            let [tables, triples, scalars, vectors] = self.memory;
            let triple = |k: &mut Builder, number| {
                let (dims, outputs) = (&self.learned.backward.vectors[..], self.learned.outputs);
                let kept = Kept { scalars, vectors, dims, outputs, number, count: self.triples };
                self.learned.item(k, model, [tables, triples], kept, needed)
            };
            match self.side {
                Some(side) => {
                    let numbers = k.u32((1 << SOURCE_BIT) - 1);
                    let number = if self.tagged { k.binary(Binary::And, hit, numbers) } else { hit };
                    let triple = triple(k, number);
                    body(k, &triple, side);
                }
                None => {
                    let number = k.binary(Binary::ShiftRight, hit, one);
                    k.name(number, "triple");
                    let triple = triple(k, number);
                    let side = k.binary(Binary::And, hit, one);
                    let zero = k.u32(0);
                    let is_head = k.binary(Binary::Equal, side, zero);
                    k.choose(is_head, |k| body(k, &triple, Side::Head), |k| body(k, &triple, Side::Tail));
                }
            }
        });
    }

    /// The planes of vectors that one stage scatters to.
    fn columns(&self, k: &mut Builder, stage: &Columns, scattering: &Scattering<'_>, sink: Sink<'_>) {
        let scatters = self.own(&stage.scatter);
        let planes: BTreeSet<usize> = scatters.iter().map(|scatter| scatter.plane).collect();
        if planes.is_empty() {
            return;
        }
        let vector = self.rows.schedule.vector;
        let needed = scalars_of(&stage.body).collect();
        let size = size(k, stage.dim);
        scattering.columns(k, &self.rows, size, |k, columns| {
            let none = k.f32s(0.0, vector);
            let sums: Vec<Vec<VariableId>> =
                columns.iter().map(|_| planes.iter().map(|_| k.variable(none)).collect()).collect();
            self.hits(k, &needed, |k, triple, side| {
                let own: Vec<_> = scatters.iter().filter(|scatter| scatter.side == side).collect();
                let wanted: Vec<_> = own.iter().map(|scatter| scatter.register).collect();
                let values = scattering.values(k, (&self.rows, triple), &stage.body, columns, &wanted);
                for (values, sums) in values.into_iter().zip(&sums) {
                    for (scatter, value) in own.iter().zip(values) {
                        let sum =
                            sums[planes.iter().position(|plane| *plane == scatter.plane).expect("it is one of them")];
                        add_to(k, sum, value);
                    }
                }
            });
            for (at, sums) in columns.iter().zip(&sums) {
                let takes = k.binary(Binary::And, at.any, self.rows.inside);
                k.when(takes, |k| {
                    let element = self.rows.element(*at);
                    planes.iter().zip(sums).for_each(|(plane, sum)| sink(k, *plane, element, *sum));
                });
            }
        });
    }

    /// A plane of vectors that no stage scatters to.
    fn untouched(&self, k: &mut Builder, plane: usize, dim: usize, sink: Sink<'_>) {
        let is_own = |stage: &Stage| match stage {
            Stage::Columns(stage) => self.own(&stage.scatter).iter().any(|scatter| scatter.plane == plane),
            Stage::Scalars(_) | Stage::Product(_) | Stage::Outer(_) => false,
        };
        if self.learned.backward.stages.iter().any(is_own) {
            return;
        }
        let size = size(k, dim);
        self.rows.columns(k, size, |k, columns| {
            let none = k.f32s(0.0, self.rows.schedule.vector);
            for at in columns {
                let sum = k.variable(none);
                self.put(k, plane, self.rows.element(*at), sum, sink);
            }
        });
    }

    /// A plane of scalars, from all the stages that scatter to it.
    fn scalar(&self, k: &mut Builder, plane: usize, sink: Sink<'_>) {
        let none = k.f32(0.0);
        let sum = k.variable(none);
        for stage in &self.learned.backward.stages {
            let Stage::Scalars(stage) = stage else { continue };
            let scatters: Vec<_> = self.own(&stage.scatter).into_iter().filter(|it| it.plane == plane).collect();
            if scatters.is_empty() {
                continue;
            }
            let needed = scalars_of(&stage.body).collect();
            self.hits(k, &needed, |k, triple, side| {
                let wanted: Vec<_> = scatters.iter().filter(|it| it.side == side).map(|it| it.register).collect();
                for value in triple.body(k, &stage.body, At { column: None, lanes: 1 }, &wanted) {
                    add_to(k, sum, value);
                }
            });
        }
        self.rows.elements(k, Shape::Scalar, |k, element| sink(k, plane, element, sum));
    }
}
