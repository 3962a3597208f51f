//! Neither head nor tail.

use sptx_dsl::score;

score! {
    pub Model {
        relation { v: real[d] }
        score = sum(r.v);
    }
}

fn main() {}
