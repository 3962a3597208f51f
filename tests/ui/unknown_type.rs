//! Unknown type.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: rael[d] }
        score = sum(h.v);
    }
}

fn main() {}
