//! Unknown side.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = sum(head.v + r.v);
    }
}

fn main() {}
