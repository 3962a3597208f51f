//! Losses: what scores should have been, and the derivative by each score.
//!
//! [`rival`] has the losses of one true triple against the scores of its rivals, [`label`] those of one query whose
//! candidates are each true or false. Both are pure functions that put derivatives in the place of scores; everything
//! else here and in the trainer's regimes arranges scores for them.

pub(crate) mod label;
pub(crate) mod rival;

mod batch;
mod vector;

pub use batch::{Loss, LossValue};
pub(crate) use label::LabelLoss;
pub(crate) use rival::RivalLoss;

/// Whether every score is a finite number.
pub(crate) fn are_finite(scores: &[f32]) -> bool {
    // Without a way out in the middle, the loop is one of vectors.
    scores.iter().fold(true, |all, score| all & score.is_finite())
}
