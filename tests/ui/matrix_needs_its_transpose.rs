//! Matrix needs its transpose.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[k], m: real[k, d] }
        score = dot(r.m * r.v, h.v);
    }
}

fn main() {}
