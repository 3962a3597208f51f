//! Matrix after its vector.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { m: real[k, d] }
        score = -norm2(h.v * r.m);
    }
}

fn main() {}
