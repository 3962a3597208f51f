//! Unknown name.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence delta = h.v + r.v - t.v;
        score = -norm1(delt);
    }
}

fn main() {}
