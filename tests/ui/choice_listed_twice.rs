//! Choice listed twice.

use sptx_dsl::score;

score! {
    pub Model {
        parameter norm = 1 | 2 | 1;
        entity { v: real[d] }
        relation { v: real[d] }
        score = -norm(h.v + r.v, norm);
    }
}

fn main() {}
