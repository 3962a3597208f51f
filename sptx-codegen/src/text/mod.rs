//! Textual IR: a score as text, and back, to the bit.
//!
//! ```text
//! score TransE {
//!   dim d = symbol
//!   semiring plus_times { zero 0.0, one 1.0, add = add(left, right), mul = mul(left, right) }
//!   slot entity v: real[d] = default
//!   slot relation v: real[d] where max_norm(1.0), frozen = uniform(-0.1, 0.1)
//!   plane entity v: real[d]
//!   plane relation v: real[d]
//!   %0 = gather head v : real[d]
//!   %1 = gather relation v : real[d]
//!   %2 = gather tail v : real[d]
//!   %3 = fold plus_times [1.0 * %0, 1.0 * %1, -1.0 * %2] : real[d]
//!   %4 = sum %3 : real
//!   name %3 = x
//!   return %4
//! }
//! ```
//!
//! A plane that stores a part of a slot is `v@re`. A name of letters, digits, `_`, `.` and `/` is bare, any other one is
//! a string with Rust's escapes. Numbers have the shortest spelling that reads back as the same bits; a NaN is `nan_`
//! and its bits. `#` starts a comment. Things are declared before they are used, values in the order of their numbers.

mod declarations;
mod lex;
mod parse;
mod print;

pub use parse::{ParseError, parse};
pub use print::print;

#[cfg(test)]
mod tests;
