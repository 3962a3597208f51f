//! The messages of the macros: `ui/*.rs` fail with the text in `*.stderr`, `ui-pass/*.rs` compile and run.
//!
//! `TRYBUILD=overwrite cargo test -p sptx-tests --test ui` writes the texts anew; read what it wrote.

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
    cases.pass("ui-pass/*.rs");
}
