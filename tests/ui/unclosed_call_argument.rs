//! Unclosed call argument.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = dot(h.v r.v);
    }
}

fn main() {}
