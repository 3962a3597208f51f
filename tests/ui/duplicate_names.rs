//! Duplicate names.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d], v: scalar }
        relation { w: real[d] }
        let x = h.v * r.w;
        let x = t.v;
        score = sum(x);
    }
}

fn main() {}
