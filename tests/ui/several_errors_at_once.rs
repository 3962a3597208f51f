//! Several errors at once.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d], u: real[k] }
        relation { v: real[d] }
        incidence x = h.v + r.q;
        let y = h.u + t.v;
        let z = sum(x) + nrm1(y);
        score = x + z;
    }
}

fn main() {}
