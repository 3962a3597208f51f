//! Norm of a run time order.

use sptx_dsl::score;

score! {
    pub Model {
        parameter p = 2;
        entity { v: real[d] }
        relation { v: real[d] }
        score = -norm(h.v + r.v - t.v, p);
    }
}

fn main() {}
