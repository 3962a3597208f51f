//! The section `regularizer`: what keeps rows small.

use serde::{Deserialize, Serialize};

/// A penalty λ·Σ|x|ᵖ on the rows that a batch touches, |x| being the modulus of a complex element (for p = 3 the N3 of
/// Lacroix et al., 2018). Tables of phases have none. It is not part of the losses that a run reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegularizerConfig {
    /// p, from 1 on; 2 and 3 are usual.
    pub p: f64,
    /// λ of the entities' tables; 0 for no penalty.
    pub entity: f64,
    /// λ of the relations' tables; 0 for no penalty.
    pub relation: f64,
    /// Whether a row counts as often as it stands in the batch's true triples (and where the loss is a mean, the
    /// penalty is one over those triples), as N3 is defined; else each row that the batch touches counts once.
    pub weighted: bool,
}

impl Default for RegularizerConfig {
    fn default() -> Self {
        Self { p: 3.0, entity: 0.0, relation: 0.0, weighted: true }
    }
}

impl RegularizerConfig {
    /// Whether there is a penalty.
    pub fn is_on(&self) -> bool {
        self.entity > 0.0 || self.relation > 0.0
    }
}
