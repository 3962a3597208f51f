//! The fewest bytes that kernels move when nothing stays in a cache: each row that a triple needs is read once for the triple,
//! what a kernel leaves is written once.

use std::collections::{BTreeMap, BTreeSet};

use sptx_runtime::gpu::{PIECE, Role};
use sptx_runtime::program::{Instruction, Model, Owner, Part, Program, Register, Shape, Side, Split, Stage};

const WORD: usize = 4;

/// What kernels run on.
pub(crate) struct Work<'a> {
    pub(crate) model: &'a Model,
    /// The sizes of the model's dimensions.
    pub(crate) sizes: &'a [usize],
    /// The columns of the triples: heads, relations, tails.
    pub(crate) columns: [&'a [u32]; 3],
    /// Queries and candidates of a block.
    pub(crate) block: [usize; 2],
}

impl Work<'_> {
    /// Bytes of a kernel's launch; none for kernels of no batch.
    pub(crate) fn bytes(&self, role: Role) -> Option<usize> {
        let triples = self.columns[0].len();
        let [queries, candidates] = self.block;
        Some(match role {
            Role::Forward => triples * self.of_triple(&self.model.forward),
            Role::Adjoint => triples * self.of_triple(&self.model.backward),
            Role::Partial(owner) => self.partial(owner),
            Role::Gather(owner) => {
                let (pieces, rows) = self.pieces(owner);
                (pieces + rows) * self.gradient_row(owner)
            }
            Role::Part(missing, end) => {
                let split = self.model.split(missing)?;
                let part = [&split.query, &split.candidate][end as usize];
                self.block[end as usize] * (self.of_triple(&part.forward) + self.outputs(part))
            }
            Role::Compare(missing) => {
                let Split { query, candidate, .. } = self.model.split(missing)?;
                queries * self.outputs(query) + candidates * self.outputs(candidate) + WORD * queries * candidates
            }
            _ => return None,
        })
    }

    /// What a program reads and writes of one triple: its numbers, its rows, vectors that it leaves, a scalar.
    fn of_triple(&self, program: &Program) -> usize {
        let rows: BTreeSet<_> = program.stages.iter().flat_map(all_rows).collect();
        let rows: usize = rows.into_iter().map(|(_, plane)| self.row(plane)).sum();
        let vectors: usize = program.vectors.iter().map(|dim| WORD * self.sizes[*dim]).sum();
        rows + vectors + 4 * WORD
    }

    /// What the gradient of an owner's pieces reads and writes: of each hit its number, its triple, the derivative by its
    /// score and the rows that this side's gradient takes; of each piece its gradient.
    fn partial(&self, owner: Owner) -> usize {
        let triples = self.columns[0].len();
        let hits: usize = sides(owner)
            .iter()
            .map(|side| {
                let stages = self.model.backward.stages.iter();
                let rows: BTreeSet<_> = stages.clone().flat_map(|stage| rows_of_scatters(stage, *side)).collect();
                let rows: usize = rows.into_iter().map(|(_, plane)| self.row(plane)).sum();
                let kept = |stage: &Stage| match stage {
                    Stage::Outer(outer) if outer.side == *side => [outer.left, outer.right]
                        .map(|vector| WORD * self.sizes[self.model.backward.vectors[vector]])
                        .iter()
                        .sum(),
                    _ => 0,
                };
                triples * (rows + stages.map(kept).sum::<usize>() + 5 * WORD)
            })
            .sum();
        hits + self.pieces(owner).0 * self.gradient_row(owner)
    }

    /// How many pieces an owner's hits make, and how many rows they are of.
    fn pieces(&self, owner: Owner) -> (usize, usize) {
        let mut hits = BTreeMap::new();
        for row in sides(owner).iter().flat_map(|side| self.columns[side.index()]) {
            *hits.entry(row).or_insert(0_usize) += 1;
        }
        (hits.values().map(|count| count.div_ceil(PIECE)).sum(), hits.len())
    }

    /// Bytes of the gradient of a row in all planes of its owner.
    fn gradient_row(&self, owner: Owner) -> usize {
        let planes = (0..self.model.planes.len())
            .filter(|plane| self.model.owner(*plane) == owner && self.model.is_trained(*plane));
        planes.map(|plane| self.row(plane)).sum()
    }

    fn outputs(&self, part: &Part) -> usize {
        part.outputs.iter().map(|output| self.elements(output.shape)).sum()
    }

    fn row(&self, plane: usize) -> usize {
        self.elements(self.model.planes[plane].shape)
    }

    fn elements(&self, shape: Shape) -> usize {
        WORD * match shape {
            Shape::Scalar => 1,
            Shape::Vector(dim) => self.sizes[dim],
            Shape::Matrix(down, across) => self.sizes[down] * self.sizes[across],
        }
    }
}

fn sides(owner: Owner) -> &'static [Side] {
    match owner {
        Owner::Entity => &[Side::Head, Side::Tail],
        Owner::Relation => &[Side::Relation],
    }
}

/// The rows that a stage names.
fn all_rows(stage: &Stage) -> Vec<(Side, usize)> {
    match stage {
        Stage::Columns(stage) => rows_for(&stage.body, (0..stage.body.len()).collect()),
        Stage::Scalars(stage) => rows_for(&stage.body, (0..stage.body.len()).collect()),
        Stage::Product(product) => vec![(product.side, product.plane)],
        Stage::Outer(_) => Vec::new(),
    }
}

/// The rows that a stage's scatters to one side take.
fn rows_of_scatters(stage: &Stage, side: Side) -> Vec<(Side, usize)> {
    let (body, scatters) = match stage {
        Stage::Columns(stage) => (&stage.body, &stage.scatter),
        Stage::Scalars(stage) => (&stage.body, &stage.scatter),
        Stage::Product(_) | Stage::Outer(_) => return Vec::new(),
    };
    rows_for(body, scatters.iter().filter(|scatter| scatter.side == side).map(|scatter| scatter.register).collect())
}

/// The rows that some registers of a body are made of.
fn rows_for(body: &[Instruction], mut wanted: BTreeSet<Register>) -> Vec<(Side, usize)> {
    let mut rows = Vec::new();
    while let Some(register) = wanted.pop_last() {
        match &body[register] {
            Instruction::Row(side, plane) => rows.push((*side, *plane)),
            other => wanted.extend(other.operands()),
        }
    }
    rows
}
