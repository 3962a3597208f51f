//! Passes: from a score to an equal score.
//!
//! | Pass | Needs | Establishes |
//! |---|---|---|
//! | [`simplify()`] | — | no dead node, no two equal nodes, matrices are gathers |
//! | [`factor()`] | — | linear maps outside sums; incidence rows are `Fold`s |
//! | [`expand_folds`] | — | no `Fold` |
//! | [`realify`] | no `Fold` | no complex type, no complex plane |
//!
//! A pass never changes its input, keeps the declarations (only `realify` changes planes), and gives the same bytes
//! for the same input.

mod expand_folds;
mod factor;
mod realify;
mod rebuild;
pub mod simplify;

pub use expand_folds::expand_folds;
pub use factor::factor;
pub use realify::realify;
pub(crate) use rebuild::live;
pub(crate) use simplify::push;
pub use simplify::{simplify, simplify_gradient};

#[cfg(test)]
mod tests;
