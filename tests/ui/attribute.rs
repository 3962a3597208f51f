//! Attribute.

use sptx_dsl::score;

score! {
    #[derive(Debug)]
    pub Model {
        entity { v: real[d] }
        score = sum(h.v);
    }
}

fn main() {}
