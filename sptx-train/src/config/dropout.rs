//! The section `dropout`: masking elements of rows.

use serde::{Deserialize, Serialize};

/// Elements of vectors that are taken as 0 at random in a step, the others growing by 1/(1 − rate) (Srivastava et al.,
/// 2014). Queries have masks of their own, of their entity's and of their relation's rows; answers and candidates are
/// whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropoutConfig {
    /// The share of the elements of entities' rows.
    pub entity: f64,
    /// The share of the elements of relations' rows.
    pub relation: f64,
}

impl DropoutConfig {
    /// Whether there is any.
    pub fn is_on(&self) -> bool {
        self.entity > 0.0 || self.relation > 0.0
    }
}
