//! Unknown constraint and initialiser.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] where maxnorm(1) = guassian(0, 1) }
        score = sum(h.v);
    }
}

fn main() {}
