//! Table without a side.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = sum(h.v + v);
    }
}

fn main() {}
