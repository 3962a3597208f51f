//! Broken expression.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        let x = h.v + ;
        score = sum(r.v * );
    }
}

fn main() {}
