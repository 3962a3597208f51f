//! Fold without a derivative.

use sptx_dsl::score;

score! {
    semiring Steps { zero: 0, one: 1, add(a, b): a + floor(b), mul(a, b): a * b }

    pub Model {
        entity { v: real[d] }
        relation { v: real[d] }
        incidence x = h.v + r.v in Steps;
        score = sum(x);
    }
}

fn main() {}
