//! Unknown function.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = -nrom2(h.v + r.v - t.v);
    }
}

fn main() {}
