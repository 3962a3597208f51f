//! Unused table.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d], bias: scalar }
        relation { v: real[d] }
        score = -norm1(h.v + r.v - t.v);
    }
}

fn main() {}
