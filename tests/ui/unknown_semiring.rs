//! Unknown semiring.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = h.v + r.v in max_times;
        score = sum(x);
    }
}

fn main() {}
