//! A score split between its two ends, so that many candidates may be compared to many queries.
//!
//! A triple with one end missing is a *query*; what may fill the end is a *candidate*. A [`Split`] says what is worked out
//! once for each query and once for each candidate (two [`Part`]s), and how the two are compared (a [`Comparison`]).
//! Heads and tails may be missing, so a model has up to two splits; they follow from the one declaration.
//!
//! The programs are those of triples with other tables:
//! - a part's forward program reads the model's planes and leaves its outputs as vectors and scalars; its backward program
//!   reads, besides, one plane for each output, numbered after the model's planes, that holds the derivatives by the
//!   outputs of each query (or candidate), on the side that the part leaves free;
//! - a comparison's programs run over pairs. Its planes are the outputs of the query ([`Side::Head`]), the outputs of
//!   the candidate ([`Side::Tail`]), and then the products ([`Side::Relation`]), one number for each pair.

use serde::{Deserialize, Serialize};

use super::{Columns, Instruction, Program, Scalars, Shape, Side, Stage};

/// A score as a comparison of a query to a candidate, for one missing end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The end that candidates fill: [`Side::Head`] or [`Side::Tail`].
    pub missing: Side,
    /// What is worked out for each query, of its entity and its relation.
    pub query: Part,
    /// What is worked out for each candidate, of its entity and, where `by_relation`, of the query's relation.
    pub candidate: Part,
    /// Whether a candidate's outputs depend on the relation, so that queries are worked on a relation at a time.
    pub by_relation: bool,
    /// The score, from the outputs.
    pub comparison: Comparison,
}

impl Split {
    /// The part of queries and that of candidates.
    pub fn parts(&self) -> [&Part; 2] {
        [&self.query, &self.candidate]
    }

    /// The sides on which queries have rows, and those on which candidates have.
    pub fn sides(&self) -> [Vec<Side>; 2] {
        let known = if self.missing == Side::Head { Side::Tail } else { Side::Head };
        let mut of_candidates = vec![self.missing];
        of_candidates.extend(self.by_relation.then_some(Side::Relation));
        [vec![known, Side::Relation], of_candidates]
    }

    /// The product that is the score, where the comparison makes nothing else of it.
    pub fn score_product(&self) -> Option<usize> {
        let [Stage::Scalars(stage)] = &self.comparison.forward.stages[..] else { return None };
        let [Instruction::Row(Side::Relation, plane)] = stage.body[..] else { return None };
        let outputs = self.query.outputs.len() + self.candidate.outputs.len();
        (stage.define == [(0, self.comparison.score)]).then(|| plane - outputs)
    }
}

/// What is worked out for one end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The outputs.
    pub outputs: Vec<Output>,
    /// Number of scalars of both programs.
    pub scalars: usize,
    /// The scalar that is 1 before the backward program.
    pub upstream: usize,
    /// Computes the outputs.
    pub forward: Program,
    /// Scatters the gradient, from the derivatives by the outputs.
    pub backward: Program,
}

/// One output of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// A number or a vector.
    pub shape: Shape,
    /// Which scalar, or which vector, of the forward program it is.
    pub source: usize,
}

/// How pairs are scored from the outputs of their query and their candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The reductions that are matrix products.
    pub products: Vec<PairProduct>,
    /// Number of scalars of both programs.
    pub scalars: usize,
    /// The scalar that holds the score after the forward program.
    pub score: usize,
    /// The scalar that holds the derivative of the loss by the score before the backward program.
    pub upstream: usize,
    /// Computes the score.
    pub forward: Program,
    /// Scatters the derivatives by the planes.
    pub backward: Program,
}

/// A number for each pair that a matrix product gives for all pairs at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairProduct {
    /// What is computed.
    pub kind: PairProductKind,
    /// The vectors that are compared: a query's and a candidate's output, all over one dimension or several.
    pub vectors: Vec<(usize, usize)>,
}

/// What a matrix product computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairProductKind {
    /// `Σ q·c`.
    Dot,
    /// `Σ (q − c)²`, as `‖q‖² + ‖c‖² − 2·Σ q·c`; anew, directly, where that cancels.
    SquaredDistance,
}

/// What a device keeps of each pair between finding derivatives and adding them up, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairNumbers {
    /// The scalars that are read where derivatives by vectors are found.
    pub scalars: Vec<usize>,
    /// The planes of numbers, outputs and products, that have a derivative: it is kept.
    pub planes: Vec<(Side, usize)>,
}

impl PairNumbers {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.scalars.len() + self.planes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Comparison {
    /// What is kept of each pair for the derivatives by the outputs.
    pub fn pair_numbers(&self) -> PairNumbers {
        let mut numbers = PairNumbers::default();
        for stage in &self.backward.stages {
            match stage {
                Stage::Columns(Columns { body, scatter, .. }) if !scatter.is_empty() => {
                    numbers.scalars.extend(body.iter().filter_map(|instruction| match instruction {
                        Instruction::Scalar(scalar) => Some(*scalar),
                        _ => None,
                    }));
                }
                Stage::Scalars(stage) => numbers.planes.extend(stage.scatter.iter().map(|it| (it.side, it.plane))),
                Stage::Columns(_) | Stage::Product(_) | Stage::Outer(_) => {}
            }
        }
        numbers.scalars.sort_unstable();
        numbers.scalars.dedup();
        numbers.planes.sort_unstable();
        numbers.planes.dedup();
        numbers
    }

    /// Whether the backward program reads what the forward program left: products, or scalars that it does not define.
    pub fn learns_anew(&self) -> bool {
        let mut defined = vec![self.upstream];
        for stage in &self.backward.stages {
            let (body, defines): (_, Vec<usize>) = match stage {
                Stage::Columns(Columns { body, reduce, .. }) => (body, reduce.iter().map(|it| it.scalar).collect()),
                Stage::Scalars(Scalars { body, define, .. }) => {
                    (body, define.iter().map(|(_, scalar)| *scalar).collect())
                }
                Stage::Product(_) | Stage::Outer(_) => continue,
            };
            let is_left = |instruction: &Instruction| match instruction {
                Instruction::Scalar(scalar) => !defined.contains(scalar),
                Instruction::Row(side, _) => *side == Side::Relation,
                Instruction::Vector(_)
                | Instruction::Parameter(_)
                | Instruction::Constant(_)
                | Instruction::Unary(..)
                | Instruction::Binary(..)
                | Instruction::MultiplyAdd(..) => false,
            };
            if body.iter().any(is_left) {
                return true;
            }
            defined.extend(defines);
        }
        false
    }
}
