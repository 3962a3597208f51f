//! Unknown slot.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = sum(h.w + r.v);
    }
}

fn main() {}
