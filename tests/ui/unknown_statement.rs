//! Unknown statement.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidense x = h.v + r.v;
        score = sum(h.v * r.v);
    }
}

fn main() {}
