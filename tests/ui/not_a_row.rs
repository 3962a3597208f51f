//! Not a row.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = h.v + tanh(r.v) - t.v;
        score = -norm1(x);
    }
}

fn main() {}
