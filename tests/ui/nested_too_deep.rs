//! Nested too deep.

use sptx_dsl::score;

score! {
    pub Model {
        entity { v: real[d] }
        score = sum(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((h.v)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))));
    }
}

fn main() {}
