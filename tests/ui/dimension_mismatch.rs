//! Dimension mismatch.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[k] }
        score = -norm2(h.v + r.v - t.v);
    }
}

fn main() {}
