//! How vectors begin.

use serde::{Deserialize, Serialize};

/// How vectors begin whose declaration does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitialConfig {
    /// The standard deviation of their elements, which are then normal with mean 0; 0 for the language's default, uniform
    /// in ±6/√d (Bordes et al., 2013). Angles, numbers and matrices begin as ever.
    pub deviation: f64,
}
