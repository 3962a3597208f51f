//! Optimizers: what is done to a row once its gradient is known.

use serde::{Deserialize, Serialize};

use crate::gpu::RuleKind;

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
        self.kind().states()
    }

    /// Whether rows outside the batch change, by their moments and by weight decay. All other rules decay the rows of the
    /// batch only.
    pub fn is_dense(self) -> bool {
        self.kind().is_dense()
    }

    /// Whether the whole row's gradient must be known before any of its columns is updated.
    pub fn needs_row(self) -> bool {
        matches!(self, Self::RowAdagrad { .. })
    }

    /// The rule without its constants.
    pub fn kind(self) -> RuleKind {
        match self {
            Self::Sgd => RuleKind::Sgd,
            Self::Adagrad { .. } => RuleKind::Adagrad,
            Self::RowAdagrad { .. } => RuleKind::RowAdagrad,
            Self::Adam { .. } => RuleKind::Adam,
            Self::LazyAdam { .. } => RuleKind::LazyAdam,
        }
    }

    /// The numbers that a step's updates have in common.
    pub fn coefficients(self, step: Step<'_>) -> Coefficients {
        let plain = Coefficients {
            rate: step.learning_rate as f32,
            decay: step.weight_decay as f32,
            epsilon: 0.0,
            one_minus_beta1: 0.0,
            beta2: 0.0,
            one_minus_beta2: 0.0,
            root: 0.0,
        };
        match self {
            Self::Sgd => plain,
            Self::Adagrad { epsilon } | Self::RowAdagrad { epsilon } => {
                Coefficients { epsilon: epsilon as f32, ..plain }
            }
            Self::Adam { beta1, beta2, epsilon } | Self::LazyAdam { beta1, beta2, epsilon } => {
                let number = step.number as f64;
                let correction1 = 1.0 - beta1.powf(number);
                let correction2 = 1.0 - beta2.powf(number);
                Coefficients {
                    rate: (step.learning_rate / correction1) as f32,
                    decay: plain.decay,
                    epsilon: epsilon as f32,
                    one_minus_beta1: (1.0 - beta1) as f32,
                    beta2: beta2 as f32,
                    one_minus_beta2: (1.0 - beta2) as f32,
                    root: correction2.sqrt().recip() as f32,
                }
            }
        }
    }
}

/// The numbers that the updates of one step have in common; 0 where a rule has none such. A kernel's parameters have the
/// names of the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// η; of Adam η / (1 − β₁ᵗ).
    pub rate: f32,
    /// λ.
    pub decay: f32,
    /// ε.
    pub epsilon: f32,
    /// 1 − β₁.
    pub one_minus_beta1: f32,
    /// β₂.
    pub beta2: f32,
    /// 1 − β₂.
    pub one_minus_beta2: f32,
    /// 1 / √(1 − β₂ᵗ).
    pub root: f32,
}

impl Coefficients {
    /// Every number with its name.
    pub fn named(&self) -> [(&'static str, f32); 7] {
        [
            ("rate", self.rate),
            ("decay", self.decay),
            ("epsilon", self.epsilon),
            ("one_minus_beta1", self.one_minus_beta1),
            ("beta2", self.beta2),
            ("one_minus_beta2", self.one_minus_beta2),
            ("root", self.root),
        ]
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
