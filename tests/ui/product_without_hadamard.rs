//! Product without hadamard.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = h.v * r.v * t.v;
        score = sum(x);
    }
}

fn main() {}
