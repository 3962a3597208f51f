//! Slot of the other owner.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { w: real[d] }
        score = sum(h.w + r.w * t.v);
    }
}

fn main() {}
