//! The score! and semiring! macros of sptx.
