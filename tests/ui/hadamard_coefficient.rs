//! Hadamard coefficient.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = 2 * h.v * r.v in hadamard;
        score = sum(x * t.v);
    }
}

fn main() {}
