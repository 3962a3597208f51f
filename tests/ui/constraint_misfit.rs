//! Constraint misfit.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: phase[d] where unit_norm }
        relation { m: real[k, d] where symmetric }
        score = sum(r.m * angle(h.v));
    }
}

fn main() {}
