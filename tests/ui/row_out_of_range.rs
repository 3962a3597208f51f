//! Row out of range.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[2, d] }
        score = sum(h.v[0] * t.v[1] * t.v[2]);
    }
}

fn main() {}
