//! The corpus, goldens and cross-target tests of sptx.
