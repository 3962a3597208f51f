//! Development tasks of the sptx workspace.

fn main() {}
