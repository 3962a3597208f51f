//! Reserved name.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        let h = r.v;
        score = sum(h.v * r.v);
    }
}

fn main() {}
