//! Semiring reads a table.

use sptx_dsl::semiring;

semiring! {
    pub Odd { zero: 0, one: 1, add(a, b): a + h.v, mul(a, b): a * c }
}

fn main() {}
