//! Score is a vector.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = h.v + r.v - t.v;
    }
}

fn main() {}
