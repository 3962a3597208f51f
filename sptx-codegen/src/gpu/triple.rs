//! A triple's programs, each as one kernel: its score, and what its gradient needs before it is scattered.

use std::collections::BTreeSet;

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Columns, Instruction, Model, Product, Program, Scalars, Shape, Stage};

use super::body::{At, Memory, Triple};
use super::rows::{Count, Rows, across, binary, padded, size};
use super::{Plan, kernel_name};
use crate::lir::{Access, Barrier, Builder, Place, Scalar, Value};

/// The scores of triples.
pub(super) fn forward(model: &Model, schedule: &Schedule) -> Plan {
    let mut kept: BTreeSet<_> = read_by(&model.backward).intersection(&defined_by(&model.forward)).copied().collect();
    kept.insert(model.score);
    let doc = format!("{}: the scores of triples.", model.name);
    program(model, schedule, Role::Forward, "forward", doc, &model.forward, &BTreeSet::new(), &kept)
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
        let defined = defined_by(&model.backward);
        let read = read_by(&model.backward);
        let given = read.difference(&defined).copied().collect();
        let kept = read_by_scatters(model).intersection(&defined).copied().collect();
        let doc = format!("{}: what the gradient of triples needs before it is scattered.", model.name);
        program(model, schedule, Role::Adjoint, "adjoint", doc, &model.backward, &given, &kept)
    })
}

/// The buffers of a kernel that reads triples.
pub(super) fn memory(k: &mut Builder, schedule: &Schedule, written: bool) -> Memory {
    let access = if written { Access::ReadWrite } else { Access::Read };
    let mut buffer = |name, scalar, lanes, access| Place::Buffer(k.buffer(name, scalar, lanes, access));
    Memory {
        tables: buffer("tables", Scalar::F32, schedule.vector, Access::Read),
        triples: buffer("triples", Scalar::U32, 1, Access::Read),
        scalars: buffer("scalars", Scalar::F32, 1, access),
        vectors: buffer("vectors", Scalar::F32, schedule.vector, access),
    }
}

/// The scalars that the stages of a program that scatter read.
pub(super) fn read_by_scatters(model: &Model) -> BTreeSet<usize> {
    let scatters = model.backward.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, scatter, .. }) | Stage::Scalars(Scalars { body, scatter, .. }) => {
            (!scatter.is_empty()).then_some(body)
        }
        Stage::Product(_) | Stage::Outer(_) => None,
    });
    scatters.flat_map(|body| scalars_of(body)).collect()
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

fn read_by(program: &Program) -> BTreeSet<usize> {
    let bodies = program.stages.iter().filter_map(|stage| match stage {
        Stage::Columns(Columns { body, .. }) | Stage::Scalars(Scalars { body, .. }) => Some(body),
        Stage::Product(_) | Stage::Outer(_) => None,
    });
    bodies.flat_map(|body| scalars_of(body)).collect()
}

fn defined_by(program: &Program) -> BTreeSet<usize> {
    let mut defined = BTreeSet::new();
    for stage in &program.stages {
        match stage {
            Stage::Columns(stage) => defined.extend(stage.reduce.iter().map(|reduce| reduce.scalar)),
            Stage::Scalars(stage) => defined.extend(stage.define.iter().map(|(_, scalar)| *scalar)),
            Stage::Product(_) | Stage::Outer(_) => {}
        }
    }
    defined
}

#[expect(clippy::too_many_arguments, reason = "two callers, which differ in all of them")]
fn program(
    model: &Model,
    schedule: &Schedule,
    role: Role,
    name: &str,
    doc: String,
    program: &Program,
    given: &BTreeSet<usize>,
    kept: &BTreeSet<usize>,
) -> Plan {
    let mut k = Builder::new(kernel_name(model, name), doc, schedule.workgroup);
    let memory = memory(&mut k, schedule, true);
    let rows = Rows::new(&mut k, model, schedule, Count::Given);
    let triple = Triple::new(&mut k, model, program, memory, [rows.row, rows.count], given);
    let mut run = Run { k, rows, triple, memory };
    for stage in &program.stages {
        match stage {
            Stage::Columns(stage) => run.columns(stage),
            Stage::Scalars(stage) => run.scalars(stage),
            Stage::Product(product) => run.product(product, program),
            // A gradient: the scatter's.
            Stage::Outer(_) => {}
        }
    }
    let Run { mut k, rows, triple, .. } = run;
    let writes = rows.writes(&mut k);
    k.when(writes, |k| {
        for scalar in kept {
            let value = triple.scalars[*scalar].expect("what is kept was computed");
            let index = triple.scalar_at(k, *scalar);
            k.store(memory.scalars, index, value);
        }
    });
    rows.plan(role, k)
}

/// A program of which some stages have been written.
struct Run<'a> {
    k: Builder,
    rows: Rows<'a>,
    triple: Triple<'a>,
    memory: Memory,
}

impl Run<'_> {
    fn columns(&mut self, stage: &Columns) {
        if stage.reduce.is_empty() && stage.store.is_empty() {
            return;
        }
        let Self { k, rows, triple, memory } = self;
        let vector = rows.schedule.vector;
        let wanted: Vec<_> =
            stage.reduce.iter().map(|it| it.register).chain(stage.store.iter().map(|it| it.0)).collect();
        let folds: Vec<_> = stage
            .reduce
            .iter()
            .map(|reduce| {
                let identity = k.f32s(reduce.op.identity(), vector);
                (reduce, identity, k.variable(identity))
            })
            .collect();
        let size = size(k, stage.dim);
        rows.columns(k, size, |k, columns| {
            for at in columns {
                let values = triple.body(k, &stage.body, At { column: Some(at.column), lanes: vector }, &wanted);
                let (reduced, stored) = values.split_at(folds.len());
                for ((reduce, identity, fold), value) in folds.iter().zip(reduced) {
                    let value = k.select(at.valid, *value, *identity);
                    let so_far = k.get(*fold);
                    let folded = k.binary(binary(reduce.op), so_far, value);
                    k.set(*fold, folded);
                }
                if stored.is_empty() {
                    continue;
                }
                let writes = k.binary(crate::lir::Binary::And, at.any, rows.inside);
                k.when(writes, |k| {
                    for ((_, vector), value) in stage.store.iter().zip(stored) {
                        let index = triple.vector_at(k, *vector, at.column);
                        k.store(memory.vectors, index, *value);
                    }
                });
            }
        });
        for (reduce, _, fold) in folds {
            let lanes = k.get(fold);
            let own = across(k, reduce.op, lanes);
            triple.scalars[reduce.scalar] = Some(rows.join(k, reduce.op, own));
        }
        if !stage.store.is_empty() {
            k.barrier(Barrier::Buffers);
        }
    }

    fn scalars(&mut self, stage: &Scalars) {
        let wanted: Vec<_> = stage.define.iter().map(|(register, _)| *register).collect();
        let values = self.triple.body(&mut self.k, &stage.body, At { column: None, lanes: 1 }, &wanted);
        for ((_, scalar), value) in stage.define.iter().zip(values) {
            self.triple.scalars[*scalar] = Some(value);
        }
    }

    /// A matrix times a vector. Of `M · v` each thread works out elements of its own, of `Mᵀ · v` columns of its own, so
    /// that nothing is joined.
    fn product(&mut self, product: &Product, program: &Program) {
        let Self { k, rows, triple, memory } = self;
        let Shape::Matrix(down, across_dim) = rows.model.planes[product.plane].shape else {
            unreachable!("a product is of a matrix")
        };
        let vector = rows.schedule.vector;
        let matrix = triple.row_at(k, product.side, product.plane);
        let stride = padded(k, across_dim);
        let (zero, one) = (k.u32(0), k.u32(1));
        let (source, target) = (program.vectors[product.source], program.vectors[product.target]);
        debug_assert_eq!(if product.transposed { [down, across_dim] } else { [across_dim, down] }, [source, target]);
        let (source_size, target_size) = (size(k, source), size(k, target));
        if product.transposed {
            rows.columns(k, target_size, |k, columns| {
                for at in columns {
                    let none = k.f32s(0.0, vector);
                    let sum = k.variable(none);
                    k.repeat(zero, source_size, one, |k, line| {
                        let from = triple.vector_at(k, product.source, line);
                        let factor = k.load(memory.vectors, from, 1);
                        let factor = k.splat(factor, vector);
                        let index = element(k, matrix, line, stride, at.column);
                        let elements = k.load(memory.tables, index, vector);
                        let so_far = k.get(sum);
                        let next = k.multiply_add(factor, elements, so_far);
                        k.set(sum, next);
                    });
                    let writes = k.binary(crate::lir::Binary::And, at.any, rows.inside);
                    k.when(writes, |k| {
                        let index = triple.vector_at(k, product.target, at.column);
                        let sum = k.get(sum);
                        k.store(memory.vectors, index, sum);
                    });
                }
            });
        } else {
            let lanes = k.u32(rows.schedule.lanes);
            k.repeat(rows.lane, target_size, lanes, |k, line| {
                let none = k.f32s(0.0, vector);
                let sum = k.variable(none);
                let step = k.u32(u32::from(vector));
                k.repeat(zero, source_size, step, |k, column| {
                    let valid = rows.valid(k, column, source_size);
                    let from = triple.vector_at(k, product.source, column);
                    let factors = k.load(memory.vectors, from, vector);
                    let index = element(k, matrix, line, stride, column);
                    let elements = k.load(memory.tables, index, vector);
                    let so_far = k.get(sum);
                    let next = k.multiply_add(factors, elements, so_far);
                    let next = k.select(valid, next, so_far);
                    k.set(sum, next);
                });
                k.when(rows.inside, |k| {
                    let index = triple.vector_at(k, product.target, line);
                    let lanes = k.get(sum);
                    let sum = across(k, sptx_runtime::program::ReduceOp::Sum, lanes);
                    k.store(memory.vectors, index, sum);
                });
            });
        }
        k.barrier(Barrier::Buffers);
    }
}

/// Where an element of a matrix is.
fn element(k: &mut Builder, matrix: Value, line: Value, stride: Value, column: Value) -> Value {
    let before = k.mul(stride, line);
    let from = k.add(matrix, before);
    k.add(from, column)
}
