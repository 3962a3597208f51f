//! Wrong argument count.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = dot(h.v) + norm(r.v);
    }
}

fn main() {}
