//! Declarations become documented types with their text.

#![deny(missing_docs)]

use sptx_dsl::{score, semiring};

semiring! {
    /// The usual one.
    pub Usual { zero: 0.0, one: 1.0, add(a, b): a + b, mul(a, b): a * b }
}

score! {
    semiring Hardest { zero: -inf, one: 1.0, add(a, b): max(a, b), mul(a, b): a * b }

    /// A model of its own.
    pub(crate) Model {
        parameter norm = 1 | 2;
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = h.v + 2 * r.v + t.v in Hardest;
        score = -norm(x, norm);
    }
}

fn main() {
    assert!(Usual::SOURCE.contains("zero"));
    assert!(Model::SOURCE.contains("Hardest"));
}
