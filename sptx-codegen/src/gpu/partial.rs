//! The gradient of a piece of the hits of one row: the transposed incidence matrix times the upstream gradient, a stretch
//! of one of its rows.

use std::collections::BTreeSet;

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Instruction, Model, Outer, Owner, Plane, ReduceOp, Scatter, Shape, Side, Stage};

use super::body::{At, Item, Kept, owner as owner_of};
use super::rows::{Rows, binary, padded, place, size};
use super::run::scalars_of;
use super::triple::memory;
use super::{Plan, kernel_name, owner_name, trained_planes};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value, VariableId};

/// The gradient of each piece.
pub(super) fn partial(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    build(model, schedule, owner, false)
}

/// The gradient of each piece, of as many as the device has counted.
pub(super) fn counted(model: &Model, schedule: &Schedule, owner: Owner) -> Plan {
    build(model, schedule, owner, true)
}

fn build(model: &Model, schedule: &Schedule, owner: Owner, counted: bool) -> Plan {
    let prefix = if counted { "counted_" } else { "" };
    let name = kernel_name(model, &format!("{prefix}partial_{}", owner_name(owner)));
    let doc = format!("{}: the gradient of a piece of the hits of one row, of {}.", model.name, owner_name(owner));
    let mut k = Builder::new(name, doc, schedule.workgroup);
    let memory = memory(&mut k, schedule, Access::Read);
    let hits = Place::Buffer(k.buffer("hits", Scalar::U32, 1, Access::Read));
    let pieces = Place::Buffer(k.buffer("pieces", Scalar::U32, 1, Access::Read));
    let partial = Place::Buffer(k.buffer("partial", Scalar::F32, schedule.vector, Access::ReadWrite));
    let rows = if counted { Rows::counted(&mut k, model, schedule, 1) } else { Rows::new(&mut k, model, schedule) };
    let triples = k.parameter("batch", Scalar::U32, 1);
    let next = k.add_u32(rows.row, 1);
    let (from, until) = (k.load(pieces, rows.row, 1), k.load(pieces, next, 1));
    // Where no piece was counted, the first is not one either.
    let until = if counted { rows.until(&mut k, until) } else { until };
    let piece = Piece { rows, owner, memory, hits, partial, triples, from, until };
    for stage in &model.backward.stages {
        if let Stage::Columns(stage) = stage {
            piece.columns(&mut k, stage.dim, &stage.body, &piece.own(&stage.scatter));
        }
    }
    for (plane, Plane { shape, .. }) in trained_planes(model, owner) {
        match *shape {
            Shape::Vector(_) => {}
            Shape::Scalar => piece.scalar(&mut k, plane),
            Shape::Matrix(down, across) => piece.matrix(&mut k, plane, down, across),
        }
    }
    rows.plan(if counted { Role::CountedPartial(owner) } else { Role::Partial(owner) }, k)
}

/// The piece of a row's threads.
#[derive(Clone, Copy)]
struct Piece<'a> {
    rows: Rows<'a>,
    owner: Owner,
    /// Tables, triples, scalars, vectors.
    memory: [Place; 4],
    hits: Place,
    partial: Place,
    triples: Value,
    from: Value,
    until: Value,
}

impl<'a> Piece<'a> {
    /// The scatters to the owner's rows.
    fn own(&self, scatters: &[Scatter]) -> Vec<Scatter> {
        scatters.iter().copied().filter(|scatter| owner_of(scatter.side) == self.owner).collect()
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
                let dims = &model.backward.vectors;
                let kept = Kept { scalars, vectors, dims, number, count: self.triples };
                Item::triple(k, model, [tables, triples], kept, model.scalars, needed)
            };
            match self.owner {
                Owner::Relation => {
                    let triple = triple(k, hit);
                    body(k, &triple, Side::Relation);
                }
                Owner::Entity => {
                    let number = k.binary(Binary::ShiftRight, hit, one);
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
    fn columns(&self, k: &mut Builder, dim: usize, body: &[Instruction], scatters: &[Scatter]) {
        let planes: BTreeSet<usize> = scatters.iter().map(|scatter| scatter.plane).collect();
        if planes.is_empty() {
            return;
        }
        let vector = self.rows.schedule.vector;
        let needed = scalars_of(body).collect();
        let size = size(k, dim);
        self.rows.columns(k, size, |k, columns| {
            let none = k.f32s(0.0, vector);
            let sums: Vec<Vec<VariableId>> =
                columns.iter().map(|_| planes.iter().map(|_| k.variable(none)).collect()).collect();
            self.hits(k, &needed, |k, triple, side| {
                let own: Vec<_> = scatters.iter().filter(|scatter| scatter.side == side).collect();
                let wanted: Vec<_> = own.iter().map(|scatter| scatter.register).collect();
                for (at, sums) in columns.iter().zip(&sums) {
                    let values = triple.body(k, body, At { column: Some(at.column), lanes: vector }, &wanted);
                    for (scatter, value) in own.iter().zip(values) {
                        let sum =
                            sums[planes.iter().position(|plane| *plane == scatter.plane).expect("it is one of them")];
                        add_to(k, sum, value);
                    }
                }
            });
            for (at, sums) in columns.iter().zip(&sums) {
                let writes = k.binary(Binary::And, at.any, self.rows.inside);
                k.when(writes, |k| {
                    for (plane, sum) in planes.iter().zip(sums) {
                        let row = place(k, self.rows.model, "partial", *plane, self.rows.row);
                        let index = k.add(row, at.column);
                        let sum = k.get(*sum);
                        k.store(self.partial, index, sum);
                    }
                });
            }
        });
    }

    /// A plane of scalars, from all the stages that scatter to it.
    fn scalar(&self, k: &mut Builder, plane: usize) {
        let none = k.f32(0.0);
        let sum = k.variable(none);
        for stage in &self.rows.model.backward.stages {
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
        let writes = self.rows.writes(k);
        k.when(writes, |k| {
            let index = place(k, self.rows.model, "partial", plane, self.rows.row);
            let sum = k.get(sum);
            k.store(self.partial, index, sum);
        });
    }

    /// A plane of matrices, from all outer products that are added to it.
    fn matrix(&self, k: &mut Builder, plane: usize, down: usize, across: usize) {
        let model = self.rows.model;
        let outers: Vec<Outer> = model
            .backward
            .stages
            .iter()
            .filter_map(|stage| match stage {
                Stage::Outer(outer) if outer.plane == plane && owner_of(outer.side) == self.owner => Some(*outer),
                Stage::Outer(_) | Stage::Columns(_) | Stage::Scalars(_) | Stage::Product(_) => None,
            })
            .collect();
        let vector = self.rows.schedule.vector;
        let (zero, one) = (k.u32(0), k.u32(1));
        let (lines, stride, width) = (size(k, down), padded(k, across), size(k, across));
        k.repeat(zero, lines, one, |k, line| {
            self.rows.columns(k, width, |k, columns| {
                let none = k.f32s(0.0, vector);
                let sums: Vec<_> = columns.iter().map(|_| k.variable(none)).collect();
                self.hits(k, &BTreeSet::new(), |k, triple, side| {
                    for outer in outers.iter().filter(|outer| outer.side == side) {
                        let from = triple.kept().vector_at(k, outer.left, line);
                        let left = k.load(triple.kept().vectors, from, 1);
                        let left = k.splat(left, vector);
                        for (at, sum) in columns.iter().zip(&sums) {
                            let from = triple.kept().vector_at(k, outer.right, at.column);
                            let right = k.load(triple.kept().vectors, from, vector);
                            let so_far = k.get(*sum);
                            let next = k.multiply_add(left, right, so_far);
                            k.set(*sum, next);
                        }
                    }
                });
                for (at, sum) in columns.iter().zip(&sums) {
                    let writes = k.binary(Binary::And, at.any, self.rows.inside);
                    k.when(writes, |k| {
                        let row = place(k, model, "partial", plane, self.rows.row);
                        let before = k.mul(stride, line);
                        let from = k.add(row, before);
                        let index = k.add(from, at.column);
                        let sum = k.get(*sum);
                        k.store(self.partial, index, sum);
                    });
                }
            });
        });
    }
}

fn add_to(k: &mut Builder, sum: VariableId, value: Value) {
    let so_far = k.get(sum);
    let next = k.binary(binary(ReduceOp::Sum), so_far, value);
    k.set(sum, next);
}
