//! Missing semicolon.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        let x = h.v + r.v
        score = sum(x * t.v);
    }
}

fn main() {}
