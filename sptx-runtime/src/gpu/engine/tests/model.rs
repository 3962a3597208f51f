//! A model with planes of every shape, its kernels' descriptions, and its scores and gradients in plain loops.

use std::collections::BTreeMap;

use crate::gpu::{Artifact, Backward, Binding, Direction, Role, Schedule, Word, WordKind};
use crate::program::{
    Columns, Dim, DimSize, Initializer, Instruction, Model, Outer, Owner, Parameter, Plane, Program, Scalars, Scatter,
    Shape, Side, Slot, Stage,
};

/// The score is `scale · Σ (h + r − t)²` over these pairs of an entity's and a relation's plane.
pub(super) const PAIRS: [(usize, usize); 3] = [(0, 1), (2, 3), (5, 6)];

/// The pair whose residual is a vector of the backward program, and that vector's number.
pub(super) const KEPT: (usize, usize) = (1, 1);

/// Scalars, vectors and matrices of both owners, and a frozen plane in their midst.
pub(super) fn model() -> Model {
    let (vector, matrix) = (Shape::Vector(0), Shape::Matrix(0, 1));
    let planes = [
        (Owner::Entity, Shape::Scalar),
        (Owner::Relation, Shape::Scalar),
        (Owner::Entity, vector),
        (Owner::Relation, vector),
        (Owner::Entity, Shape::Vector(1)),
        (Owner::Entity, matrix),
        (Owner::Relation, matrix),
    ];
    let slot = |(index, (owner, _)): (usize, &(Owner, Shape))| Slot {
        owner: *owner,
        name: format!("p{index}"),
        ty: String::new(),
        phase: false,
        constraints: Vec::new(),
        initializer: Initializer::Default,
    };
    let plane = |(slot, (_, shape)): (usize, &(Owner, Shape))| Plane { slot, part: String::new(), shape: *shape };
    let dim = |name: &str| Dim { name: name.to_owned(), size: DimSize::Symbol };
    Model {
        name: "Residuals".to_owned(),
        doc: String::new(),
        dims: vec![dim("d"), dim("k")],
        parameters: vec![Parameter { name: "scale".to_owned(), default: 2.0 }],
        choices: Vec::new(),
        slots: planes.iter().enumerate().map(slot).collect(),
        planes: planes.iter().enumerate().map(plane).collect(),
        rows: Vec::new(),
        scalars: 3,
        score: 1,
        upstream: 2,
        never_positive: false,
        forward: Program { stages: Vec::new(), vectors: vec![0] },
        backward: Program { stages: stages(), vectors: vec![1, 0] },
        splits: Vec::new(),
    }
}

/// Stages that say which planes are trained; nothing runs them.
fn stages() -> Vec<Stage> {
    let scatter = |planes: [usize; 2]| planes.map(|plane| Scatter { side: Side::Head, plane, register: 0 }).to_vec();
    let outer = |plane| Stage::Outer(Outer { side: Side::Head, plane, left: 0, right: 1 });
    let (body, define, reduce, store) = (vec![Instruction::Constant(0.0)], Vec::new(), Vec::new(), Vec::new());
    let columns = Columns { dim: 0, body: body.clone(), reduce, store, scatter: scatter([2, 3]) };
    let scalars = Scalars { body, define, scatter: scatter([0, 1]) };
    vec![Stage::Columns(columns), Stage::Scalars(scalars), outer(5), outer(6)]
}

/// The descriptions of its kernels, parameters and buffers in an order that `turn` turns, the tables in `shards` buffers.
pub(super) fn artifacts(turn: usize, shards: usize, backward: Backward) -> Vec<Artifact> {
    let [entity, relation] = [Owner::Entity, Owner::Relation];
    let mut roles = vec![Role::Forward, Role::Adjoint, Role::Partial(relation), Role::Gather(relation)];
    roles.extend([Role::Join(entity), Role::Join(relation)]);
    roles.extend(match backward {
        Backward::Gathered => [Role::Partial(entity), Role::Gather(entity)],
        Backward::Atomic => [Role::Clear, Role::Scatter],
    });
    roles.rotate_left(turn % 8);
    roles.into_iter().map(|role| artifact(role, turn, shards)).collect()
}

fn artifact(role: Role, turn: usize, shards: usize) -> Artifact {
    let mut parameters = vec!["count".to_owned(), "dim0".to_owned(), "dim1".to_owned()];
    let mut buffers: Vec<String> = Vec::new();
    let trained = |owner| PAIRS.map(|(entity, relation)| if owner == Owner::Entity { entity } else { relation });
    let mut offsets = |name: &str, planes: &[usize]| parameters.extend(planes.iter().map(|n| format!("{name}{n}")));
    if let Role::Partial(owner) = role {
        buffers.extend(["hits", "pieces", "partial"].map(str::to_owned));
        offsets("partial", &trained(owner));
    }
    if role == Role::Scatter {
        buffers.extend(["positions", "gradient"].map(str::to_owned));
        offsets("gradient", &trained(Owner::Entity));
    }
    if role == Role::Clear {
        buffers.push("gradient".to_owned());
    } else if let Role::Gather(owner) = role {
        buffers.extend(["partial", "pieces", "runs", "gradient"].map(str::to_owned));
        offsets("partial", &trained(owner));
        offsets("gradient", &trained(owner));
    } else if let Role::Join(owner) = role {
        buffers.extend(["partial", "pieces"].map(str::to_owned));
        offsets("partial", &trained(owner));
    } else {
        buffers.extend(["triples", "scalars", "vectors"].map(str::to_owned));
        offsets("plane", &[0, 1, 2, 3, 4, 5, 6]);
        parameters.extend(["batch".to_owned(), "parameter0".to_owned()]);
        let tables = (0..shards).map(|shard| if shards == 1 { "tables".to_owned() } else { format!("tables_{shard}") });
        buffers.extend(tables);
        parameters.extend((shards > 1).then(|| "tables_shard".to_owned()));
    }
    let (by, at) = (turn % parameters.len(), turn % buffers.len());
    parameters.rotate_left(by);
    buffers.rotate_left(at);
    let word = |name: String| {
        let kind = if name.starts_with("parameter") { WordKind::F32 } else { WordKind::U32 };
        Word { name, kind }
    };
    Artifact {
        role,
        schedule: Schedule::default(),
        text: String::new(),
        entry: format!("{role:?}"),
        workgroup: 64,
        rows: 3,
        parameters: parameters.into_iter().map(word).collect(),
        buffers: buffers.into_iter().map(|name| Binding { name, direction: Direction::Write }).collect(),
    }
}

/// Tables as whole rows, for the definition in plain loops.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Each plane's rows.
    pub(super) planes: Vec<Vec<Vec<f32>>>,
    /// The parameter.
    pub(super) scale: f32,
}

impl Rows {
    fn residual(&self, pair: usize, [head, relation, tail]: [u32; 3]) -> Vec<f32> {
        let (of_entity, of_relation) = PAIRS[pair];
        let row = |plane: usize, row: u32| self.planes[plane][row as usize].iter();
        let rows = row(of_entity, head).zip(row(of_relation, relation)).zip(row(of_entity, tail));
        rows.map(|((head, relation), tail)| head + relation - tail).collect()
    }

    pub(super) fn score(&self, triple: [u32; 3]) -> f32 {
        let squares = (0..3).flat_map(|pair| self.residual(pair, triple)).map(|residual| residual * residual);
        self.scale * squares.sum::<f32>()
    }

    /// The gradient by plane and row.
    pub(super) fn gradients(&self, triples: &[[u32; 3]], upstream: &[f32]) -> BTreeMap<(usize, u32), Vec<f32>> {
        let mut sums = BTreeMap::new();
        for (triple, upstream) in triples.iter().zip(upstream) {
            for (pair, (of_entity, of_relation)) in PAIRS.into_iter().enumerate() {
                let places = [(of_entity, triple[0], 1.0), (of_relation, triple[1], 1.0), (of_entity, triple[2], -1.0)];
                let residual = self.residual(pair, *triple);
                for (plane, row, sign) in places {
                    let sums = sums.entry((plane, row)).or_insert_with(|| vec![0.0; residual.len()]);
                    for (sum, residual) in sums.iter_mut().zip(&residual) {
                        *sum += 2.0 * self.scale * upstream * sign * residual;
                    }
                }
            }
        }
        sums
    }
}
