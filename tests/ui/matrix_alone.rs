//! Matrix alone.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { m: real[d, d] }
        score = sum(abs(r.m) * h.v);
    }
}

fn main() {}
