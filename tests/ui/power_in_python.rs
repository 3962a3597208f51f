//! Power in python.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        score = sum((h.v + r.v) ** 2);
    }
}

fn main() {}
