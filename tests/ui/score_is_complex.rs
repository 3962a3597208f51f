//! Score is complex.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: complex[d] }
        relation { v: complex[d] }
        score = sum(h.v * r.v * conj(t.v));
    }
}

fn main() {}
