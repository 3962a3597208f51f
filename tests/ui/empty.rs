//! Empty.

use sptx_dsl::score;

score! {}

fn main() {}
