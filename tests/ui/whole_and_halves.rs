//! Whole and halves.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = sum(lower(h.v)) + dot(t.v, r.v);
    }
}

fn main() {}
