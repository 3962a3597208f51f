//! Matrix times matrix.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { m: real[d, d], n: real[d, d] }
        score = sum(r.m * r.n * h.v);
    }
}

fn main() {}
