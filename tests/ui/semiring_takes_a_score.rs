//! Semiring takes a score.

use sptx_dsl::semiring;

semiring! {
    pub Model {
        entity { v: real[d] }
        score = sum(h.v);
    }
}

fn main() {}
