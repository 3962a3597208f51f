//! Optimizers: what is done to a row once its gradient is known.

use serde::{Deserialize, Serialize};

/// An optimizer and its constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum Rule {
    /// `p ← p − η·g`.
    Sgd,
    /// Duchi et al. (2011): `s ← s + g²; p ← p − η·g / (√s + ε)`, as in PyTorch.
    Adagrad {
        /// ε.
        epsilon: f64,
    },
    /// Adagrad with one sum per row, of the mean of its squared gradients, as in DGL-KE and FBGEMM.
    RowAdagrad {
        /// ε.
        epsilon: f64,
    },
    /// Kingma and Ba (2015), every row at every step, as `torch.optim.Adam`.
    Adam {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
        /// ε.
        epsilon: f64,
    },
    /// Adam that touches only the rows of the batch, as `torch.optim.SparseAdam`.
    LazyAdam {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
        /// ε.
        epsilon: f64,
    },
}

impl Rule {
    /// Floats of state per parameter.
    pub fn states(self) -> usize {
        match self {
            Self::Sgd | Self::RowAdagrad { .. } => 0,
            Self::Adagrad { .. } => 1,
            Self::Adam { .. } | Self::LazyAdam { .. } => 2,
        }
    }

    /// Whether rows outside the batch change, by their moments and by weight decay. All other rules decay the rows of the
    /// batch only.
    pub fn is_dense(self) -> bool {
        matches!(self, Self::Adam { .. })
    }

    /// Whether the whole row's gradient must be known before any of its columns is updated.
    pub fn needs_row(self) -> bool {
        matches!(self, Self::RowAdagrad { .. })
    }
}

/// What changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// η.
    pub learning_rate: f64,
    /// λ: `g ← g + λ·p` before anything else.
    pub weight_decay: f64,
    /// The number of this step, from 1.
    pub number: u64,
    /// What is added to the loss to keep rows small.
    pub penalty: Option<Penalty<'a>>,
}

/// `λ·Σ|x|ᵖ` over the elements of rows, |x| being the modulus of a complex element: for p = 3 the N3 of Lacroix et al.
/// (2018), for p = 2 the squared norm.
///
/// Its gradient is added to that of the loss before the update, which is then made after the whole backward pass. Tables
/// that training does not change have no penalty, nor have tables of phases, whose numbers are angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty<'a> {
    /// p, at least 1.
    pub power: f64,
    /// λ of the entities' tables.
    pub entity: f64,
    /// λ of the relations' tables.
    pub relation: f64,
    /// How often each row counts; every row that the step touches once, where there are none.
    pub occurrences: Option<Occurrences<'a>>,
}

/// Rows, each listed as often as it counts. Only those count that the step touches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occurrences<'a> {
    /// Entities.
    pub entities: &'a [u32],
    /// Relations.
    pub relations: &'a [u32],
}
